"""Pictures of a few screens, compared stroke by stroke. Drawn on one Python only: others draw the same differently.

New pictures after a wanted change: `pytest tests/tui/test_pictures.py --snapshot-update`, and look at them.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Protocol

import pytest

from hsnap_tui import events as ev
from hsnap_tui.session.interface import ConnectionStatus
from hsnap_tui.tui.app import HsnapApp
from tests.tui.driving import Driver, main, until
from tests.tui.fake_session import LIMIT, NOW, PROJECT, FakeSession, jobs_in_every_state

pytestmark = pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the pictures are drawn on Python 3.11")


class Compare(Protocol):
    """The fixture of pytest-textual-snapshot."""

    def __call__(self, app: HsnapApp, **others: object) -> bool: ...


def busy() -> FakeSession:
    console = FakeSession()
    console.jobs.by_id = jobs_in_every_state(console.fleet)
    return console


async def tell(pilot: Driver) -> None:
    """Fills the log."""
    app = pilot.app
    assert isinstance(app, HsnapApp)
    assert isinstance(app.session, FakeSession)
    one = app.session.fleet.views[40_000_001]
    failed = ev.JobEvent(NOW, PROJECT, ev.JobEventKind.FAILED, "b1", "j1", 1, "[/foo]", failure=LIMIT)
    app.session.emit(ev.LockTaken(NOW, PROJECT, one.server, one.lock_holder, False), failed)
    await until(pilot, lambda: not main(app)._repaint_pending)
    await pilot.pause()


async def opened(pilot: Driver) -> None:
    """The dialog for all servers, with the options for shutting down."""
    await tell(pilot)
    await pilot.press("a", "s")
    await pilot.pause()
    pilot.app.screen.query_one("#how").focus()
    await pilot.press("right")
    await pilot.pause()


async def stale(pilot: Driver) -> None:
    """No access and old data."""
    await tell(pilot)
    assert isinstance(pilot.app, HsnapApp)
    assert isinstance(pilot.app.session, FakeSession)
    pilot.app.session.jobs.halted = LIMIT
    pilot.app.session.connection = ConnectionStatus(2.0, stale_since=NOW - timedelta(minutes=3), failure=LIMIT)
    main(pilot.app).update_view()
    await pilot.pause()


def test_the_table_wide(snap_compare: Compare) -> None:
    assert snap_compare(HsnapApp(busy()), terminal_size=(160, 40), run_before=tell)


def test_the_table_small_light_and_stale(snap_compare: Compare) -> None:
    assert snap_compare(HsnapApp(busy(), theme_name="hsnap-light"), terminal_size=(80, 24), run_before=stale)


def test_the_snapshot_dialog(snap_compare: Compare) -> None:
    assert snap_compare(HsnapApp(busy()), terminal_size=(80, 24), run_before=opened)


def test_the_welcome(snap_compare: Compare) -> None:
    async def demo() -> FakeSession:
        return FakeSession()

    assert snap_compare(HsnapApp(None, start_demo=demo), terminal_size=(80, 24))
