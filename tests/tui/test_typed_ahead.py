"""Keys that are typed faster than screens open reach the screen that they are meant for."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from hsnap_tui.jobs.core.model import SnapshotRequest
from hsnap_tui.tui.app import HsnapApp
from hsnap_tui.tui.screens.batches import BatchesScreen
from hsnap_tui.tui.screens.fleet import FleetScreen
from hsnap_tui.tui.screens.help import HelpScreen
from hsnap_tui.tui.screens.snapshot import SnapshotDialog
from tests.tui.driving import running, until
from tests.tui.fake_session import FakeSession


def type_at_once(app: HsnapApp, *keys: str) -> None:
    """Keys as a terminal delivers them in one read: all are there before the first is handled."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


async def test_a_batch_is_started_and_the_batches_opened_by_keys_typed_ahead() -> None:
    console = FakeSession()
    async with running(console) as (app, pilot):
        type_at_once(app, "a", "s", "enter", "b")
        await until(pilot, lambda: isinstance(app.screen, BatchesScreen))
        (request,) = console.jobs.submitted
        assert isinstance(request, SnapshotRequest)
        assert len(request.targets) == len(console.fleet.views)


async def test_text_typed_ahead_goes_into_the_field_that_has_the_focus() -> None:
    async with running(FakeSession()) as (app, pilot):
        type_at_once(app, "s", *"abc")
        await until(pilot, lambda: isinstance(app.screen, SnapshotDialog) and app.screen.is_mounted)
        await until(pilot, lambda: app.screen.query_one("#description", Input).value.endswith("abc"))


async def test_a_screen_that_is_closed_at_once_gives_the_keys_back() -> None:
    async with running(FakeSession()) as (app, pilot):
        type_at_once(app, "question_mark", "escape", "s", "escape", "b", "escape", "question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert [type(screen) for screen in app.screen_stack[1:]] == [FleetScreen, HelpScreen]
