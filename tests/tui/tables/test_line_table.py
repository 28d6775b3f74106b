"""The table of lines: what is drawn again, and where the cursor and the view are after any change of the rows."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.strip import Strip

from hsnap_tui.tui.tables.line_table import LineTable, difference
from hsnap_tui.tui.theming.palette import Cell

STYLES = st.sampled_from([Style(), Style(bold=True), Style(color="red")])
SEGMENTS = st.tuples(st.text("ab日 ", min_size=1, max_size=4), STYLES).map(lambda parts: Segment(*parts))
STRIPS = st.lists(SEGMENTS, max_size=5).map(Strip)


def in_cells(strip: Strip) -> list[tuple[str, Style | None]]:
    """Each terminal cell of a strip: its character, or the half of a wide one, and its style."""
    cells = []
    for text, style, _ in strip:
        for character in text:
            width = Segment(character).cell_length
            cells += [(f"{character}{half}", style) for half in range(width)]
    return cells


@given(STRIPS, STRIPS)
def test_what_is_outside_the_difference_is_the_same(before: Strip, after: Strip) -> None:
    width = max(before.cell_length, after.cell_length)
    before, after = (strip.crop_extend(0, width, Style()) for strip in (before, after))
    start, length = difference(before, after)
    old, new = in_cells(before), in_cells(after)
    assert old[:start] == new[:start]
    assert old[start + length :] == new[start + length :]
    assert (length == 0) == (list(before) == list(after))


class Table(LineTable):
    """Rows that show their key."""

    titles: Sequence[tuple[str, int]] = (("Key", 6),)

    def cells(self, key: int) -> Sequence[Cell]:
        """One cell."""
        return (((str(key), ""),),)


class TableApp(App[None]):
    """A table alone on the screen."""

    CSS = "$hsnap-raised: blue;"

    def __init__(self) -> None:
        super().__init__()
        self.table = Table()

    def get_css_variables(self) -> dict[str, str]:
        """The variable that our themes define."""
        return {**super().get_css_variables(), "hsnap-raised": "#203040"}

    def compose(self) -> ComposeResult:
        """The table."""
        yield self.table


MOVES = st.sampled_from(["cursor_down", "cursor_up", "page_down", "page_up", "scroll_top", "scroll_bottom"])
ORDERS = st.lists(st.integers(0, 60), unique=True, max_size=50).map(tuple)


@settings(max_examples=25, deadline=None)
@example([(2,), (0,), (1, 0)])
@example([(2,), (0, 1), "cursor_down", "cursor_up", (), (0, 2)])
@example([(2,), (0,), (2,), (0, 2)])
@given(st.lists(st.one_of(MOVES, ORDERS), max_size=12))
async def test_the_cursor_stays_with_its_row_and_in_view(steps: list[str | tuple[int, ...]]) -> None:
    app = TableApp()
    async with app.run_test(size=(20, 12)) as pilot:
        table = app.table
        table.resized()
        hidden = None
        for step in steps:
            before = table.cursor
            height = None if before is None else table.in_view.index(before)
            if isinstance(step, str):
                getattr(table, f"action_{step}")()
                hidden = None if table.cursor != before else hidden
            else:
                table.set_order(step)
                assert table.shown == step
                if hidden in step:
                    assert table.cursor == hidden
                elif before in step:
                    assert table.cursor == before
                    below = len(step) - step.index(before)
                    if height is not None and step.index(before) >= height and below >= 11 - height:
                        assert table.in_view.index(before) == height
                chosen = before if hidden is None else hidden
                hidden = None if chosen in step else chosen
            await pilot.pause()
            assert (table.cursor is None) == (not table.shown)
            assert table.cursor is None or table.cursor in table.in_view
            lines = [table.render_line(y).text.strip() for y in range(12)]
            assert lines == ["Key", *map(str, table.in_view), *[""] * (11 - len(table.in_view))]
