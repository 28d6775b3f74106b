"""A terminal that changes its size: the log follows, the cursor stays in sight, toasts cover no warnings."""

from __future__ import annotations

import pytest
from textual.widgets._toast import Toast

from hsnap_tui import events as ev
from hsnap_tui.tui.screens.fleet import FleetScreen
from hsnap_tui.tui.widgets.lines import LineView
from hsnap_tui.tui.widgets.log_pane import LogPane
from hsnap_tui.tui.widgets.status_line import ProblemLines
from tests.tui.driving import main, running, screen_text, table, until
from tests.tui.fake_session import LIMIT, NOW, PROJECT, FakeSession, jobs_in_every_state
from tests.tui.tables.test_fleet_table import big_fleet

SIZES = [(20, 6), (60, 20), (200, 60), (120, 39), (20, 40), (200, 6)]


@pytest.mark.parametrize("size", SIZES)
async def test_there_and_back_the_log_follows_and_the_cursor_stays(size: tuple[int, int]) -> None:
    console = FakeSession(big_fleet(60))
    long = "a long line " * 12
    async with running(console, (120, 40)) as (app, pilot):
        table(app).cursor = 40_000_030
        console.emit(*(ev.Notice(NOW, PROJECT, f"line {n} {long}") for n in range(40)))
        pane = main(app).query_one(LogPane)
        await until(pilot, lambda: len(pane.lines) == 40)
        for step in (size, (120, 40)):
            await pilot.resize_terminal(*step)
            await pilot.pause()
            console.emit(ev.Notice(NOW, PROJECT, f"line at {step}"))
            await until(pilot, lambda step=step: pane.lines[-1].text == f"line at {step}")  # type: ignore[misc]
            await until(pilot, lambda: pane.query_one(LineView).is_vertical_scroll_end)
            await pilot.pause()
            assert not pane.has_class("-paused")
            assert table(app).cursor == 40_000_030
            assert 40_000_030 in table(app).in_view or table(app).size.height < 2
        assert "line at (120, 40)" in screen_text(app)


async def test_who_scrolled_up_stays_there_when_the_terminal_grows() -> None:
    console = FakeSession()
    async with running(console, (120, 40)) as (app, pilot):
        console.emit(*(ev.Notice(NOW, PROJECT, f"line {n}") for n in range(60)))
        pane = main(app).query_one(LogPane)
        lines = pane.query_one(LineView)
        await until(pilot, lambda: len(pane.lines) == 60 and lines.is_vertical_scroll_end)
        lines.focus()
        await pilot.press("pageup")
        await until(pilot, lambda: pane.has_class("-paused"))
        await pilot.resize_terminal(140, 44)
        await pilot.pause()
        assert pane.has_class("-paused")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_toasts_cover_neither_warnings_nor_the_log_nor_the_keys(size: tuple[int, int]) -> None:
    console = FakeSession()
    console.jobs.by_id = jobs_in_every_state(console.fleet)
    console.jobs.halted = LIMIT
    async with running(console, size) as (app, pilot):
        screen = main(app)
        for number in range(4):
            app.notify(f"told {number} " * 12, severity="warning")
        await until(pilot, lambda: len(screen.query(Toast)) == 4)
        await pilot.pause()
        assert any("told" in line for line in screen_text(app).splitlines())
        shown = [toast.region.intersection(toast.parent.parent.region) for toast in screen.query(Toast)]  # type: ignore[union-attr]
        for widget in (screen.query_one(ProblemLines), screen.query_one(LogPane), screen.query_one("KeysFooter")):
            assert not any(toast.overlaps(widget.region) for toast in shown)
        assert "y approves, c cancels" in " ".join(screen_text(app).split())


async def test_in_the_dialog_toasts_leave_its_warnings_alone() -> None:
    async with running(FakeSession(), (80, 40)) as (app, pilot):
        await pilot.press("a", "s")
        await pilot.pause()
        app.notify("told", severity="error", title="Not started")
        await until(pilot, lambda: bool(app.screen.query(Toast)))
        await pilot.pause()
        toast = app.screen.query_one(Toast).region
        assert toast.y == 0
        assert not toast.overlaps(app.screen.query_one("#warnings").region)
        assert not isinstance(app.screen, FleetScreen)
