"""Nothing overlaps or is cut off that matters, on small and large terminals, dark and light."""

from __future__ import annotations

import itertools

import pytest
from textual.widgets import Button

from tests.tui.driving import main, running, screen_text, table
from tests.tui.fake_session import FakeSession, jobs_in_every_state

SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]


def busy() -> FakeSession:
    console = FakeSession()
    console.jobs.by_id = jobs_in_every_state(console.fleet)
    return console


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["hsnap-dark", "hsnap-light", "ansi-dark"])
async def test_the_main_screen(size: tuple[int, int], theme: str) -> None:
    async with running(busy(), size, theme) as (app, pilot):
        await pilot.press("slash", "w", "e", "b", "enter", "G")
        await pilot.pause()
        parts = [widget for widget in main(app).children if widget.display and widget.region.area]
        assert len(parts) == 6
        for one, other in itertools.combinations(parts, 2):
            assert not one.region.overlaps(other.region)
        for part in parts:
            assert app.size.region.contains_region(part.region)
        assert table(app).size.height >= 5
        assert table(app).virtual_size.width <= size[0]
        said = screen_text(app)
        for words in ("prod", "●", "Name", "Status", "Lock", "Job", "Filter"):
            assert words in said


@pytest.mark.parametrize("size", SIZES)
async def test_dialogs_show_their_buttons(size: tuple[int, int]) -> None:
    async with running(busy(), size) as (app, pilot):
        table(app).cursor = 40_000_001  # a server without a job: R is about all
        for pressed in ("s", "q", "R"):
            await pilot.press(pressed)
            await pilot.pause()
            buttons = list(app.screen.query(Button))
            assert buttons
            for button in buttons:
                assert app.size.region.contains_region(button.region)
                assert button.region.width >= len(str(button.label))
            for one, other in itertools.combinations(buttons, 2):
                assert not one.region.overlaps(other.region)
            await pilot.press("escape")
            await pilot.pause()
