"""Leaving at the moment at which a screen comes up: no bug, whatever is not mounted yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from hsnap_tui.tui.app import HsnapApp
from hsnap_tui.tui.screens.quit import Exit
from tests.tui.driving import main
from tests.tui.fake_session import FakeSession


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 13, 40])
@pytest.mark.parametrize("console", [FakeSession(), None])
async def test_leaving_while_the_program_starts(console: FakeSession | None, turns: int) -> None:
    app = HsnapApp(console)
    loop = asyncio.get_running_loop()

    def leave_after(turns_left: int) -> None:
        if turns_left:
            loop.call_soon(leave_after, turns_left - 1)
        else:
            app.exit(Exit.LEAVE)

    leave_after(turns)
    assert await app.run_async(headless=True, size=(80, 24)) is Exit.LEAVE
    assert app.return_code == 0
    if app.work:
        app.work.cancel()


@pytest.mark.parametrize(
    "open_screen",
    [
        HsnapApp.action_help,
        *(
            lambda app, name=name: getattr(main(app), f"action_{name}")()
            for name in ("details", "batches", "snapshot")
        ),
    ],
    ids=["help", "details", "batches", "snapshot"],
)
async def test_leaving_while_a_screen_opens(open_screen: Callable[[HsnapApp], None]) -> None:
    app = HsnapApp(FakeSession())

    async def open_and_leave(pilot: Pilot[object]) -> None:
        await pilot.pause()
        open_screen(app)
        app.exit(Exit.LEAVE)

    result = await app.run_async(headless=True, size=(80, 24), auto_pilot=open_and_leave)
    assert (result, app.return_code) == (Exit.LEAVE, 0)
    if app.work:
        app.work.cancel()
