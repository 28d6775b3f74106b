"""ctrl+c copies or leaves, and never leaves by mistake."""

from __future__ import annotations

import pytest
from textual.widget import Widget

from hsnap_tui.tui.app import HsnapApp
from hsnap_tui.tui.tables.fleet_table import FleetTable
from hsnap_tui.tui.widgets.log_pane import LogPane
from tests.tui.driving import Driver, main, running, toasts
from tests.tui.fake_session import FakeSession


async def drag(pilot: Driver, over: type[Widget]) -> None:
    await pilot.mouse_down(over, offset=(4, 2))
    await pilot.hover(over, offset=(20, 2))
    await pilot.mouse_up(over, offset=(20, 2))


def goes_on(app: HsnapApp) -> bool:
    return app.is_running and app.return_value is None and app.screen is main(app)


@pytest.mark.parametrize("over", [FleetTable, LogPane])
async def test_after_dragging_ctrl_c_does_not_leave(over: type[Widget]) -> None:
    async with running(FakeSession()) as (app, pilot):
        await drag(pilot, over)
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert goes_on(app)
        assert toasts(app)


async def test_selected_text_is_copied_and_the_next_ctrl_c_says_so() -> None:
    async with running(FakeSession(), (100, 60)) as (app, pilot):
        await pilot.press("question_mark")
        await pilot.pause()
        app.screen.text_select_all()
        assert app.screen.get_selected_text()
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert "Copied" in toasts(app)
        assert app.clipboard
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert app.return_value is None
        assert "Copied already; ctrl+c again quits" in toasts(app)
        await pilot.press("ctrl+c")
        await pilot.pause()
    assert app.return_value is not None


async def test_a_field_s_selection_is_copied() -> None:
    async with running(FakeSession()) as (app, pilot):
        await pilot.press("slash", "w", "e", "b")
        await pilot.press("shift+home", "ctrl+c")
        await pilot.pause()
        assert app.clipboard == "web"
        assert app.return_value is None


async def test_a_click_or_a_key_after_dragging_makes_ctrl_c_leave_again() -> None:
    for between in ("key", "click"):
        async with running(FakeSession()) as (app, pilot):
            await drag(pilot, FleetTable)
            if between == "key":
                await pilot.press("j")
            else:
                await pilot.click(FleetTable, offset=(8, 3))
            await pilot.press("ctrl+c")
            await pilot.pause()
        assert app.return_value is not None
