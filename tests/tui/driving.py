"""Small helpers to drive the app in tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.pilot import Pilot
from textual.widgets import Static

from hsnap_tui.tui.app import HsnapApp
from hsnap_tui.tui.screens.fleet import FleetScreen
from hsnap_tui.tui.screens.quit import Exit
from hsnap_tui.tui.tables.fleet_table import FleetTable
from tests.patience import Patience
from tests.tui.fake_session import FakeSession

Driver = Pilot[Exit]


@asynccontextmanager
async def running(
    console: FakeSession, size: tuple[int, int] = (120, 40), theme: str = "hsnap-dark"
) -> AsyncIterator[tuple[HsnapApp, Driver]]:
    """The app on a console, settled."""
    app = HsnapApp(console, theme_name=theme)
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        yield app, pilot
    if app.work and not app.work.done():
        app.work.cancel()


async def until(pilot: Driver, condition: Callable[[], bool]) -> None:
    """Waits for a condition; the events of the app decide when, not a number of seconds."""
    patience = Patience()
    while not condition():
        assert not patience.is_over, "it never came true"
        await pilot.pause(0.01)


def main(app: HsnapApp) -> FleetScreen:
    """The main screen, wherever it is in the stack."""
    return next(screen for screen in app.screen_stack if isinstance(screen, FleetScreen))


def table(app: HsnapApp) -> FleetTable:
    """The table of servers."""
    return main(app).query_one(FleetTable)


def row_text(app: HsnapApp, server_id: int) -> str:
    """What one row shows."""
    return table(app).text_of(server_id)


def text_of(app: HsnapApp, selector: str) -> str:
    """What a static text on the current screen shows."""
    return str(app.screen.query_one(selector, Static).content)


def screen_text(app: HsnapApp) -> str:
    """Everything that can be seen, line by line."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text for strip in strips)


def toasts(app: HsnapApp) -> list[str]:
    """What was told in notifications."""
    return [notification.message for notification in app._notifications]
