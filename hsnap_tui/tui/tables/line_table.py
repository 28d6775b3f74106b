"""A table of one-line rows on Textual's line API: it draws the rows in view, and of those only what changed.

Textual's `DataTable` keeps, measures and refreshes each cell by itself, of rows that nobody sees too. Here a row is
drawn when it comes into view, kept as a strip, and compared with that strip when it is said to have changed: only the
part of the line that differs is sent to the terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from hsnap_tui.tui.theming.palette import Cell

HEADER_HEIGHT = 1
GAP = 1
"""Blank terminal cells after each column."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where the cursor was: the key of its row, its distance from the top of the view, and the row's number."""

    key: int | None
    height: int
    row: int


class LineTable(ScrollView, can_focus=True):
    """Rows with integer keys below a header. A subclass gives the cells of a row and the columns' titles and widths;
    without them it raises `NotImplementedError`, as the metaclass of Textual's widgets rules out abstract methods.

    The cursor stays with its row, at the same height on the screen, when rows move, appear or vanish. While its row
    is hidden the cursor is on another one, and returns when the row is shown again.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"table--header", "table--cursor", "table--hover"}  # noqa: RUF012 - Textual's own way

    DEFAULT_CSS = """
    LineTable { height: 1fr; background: $background; scrollbar-size-vertical: 1; overflow-x: hidden; }
    LineTable > .table--header { background: $background; color: $text-muted; text-style: none; }
    LineTable > .table--cursor { background: $hsnap-raised; color: $foreground; }
    LineTable > .table--hover { background: $surface; }
    LineTable:focus > .table--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
    LineTable:ansi > .table--header { background: ansi_default; color: ansi_default; text-style: underline; }
    LineTable:ansi > .table--cursor { text-style: underline; }
    LineTable:ansi:focus > .table--cursor { text-style: none; }
    """

    class CursorMoved(Message):
        """The cursor is on another row."""

    def __init__(self) -> None:
        super().__init__()
        self._order: tuple[int, ...] = ()
        self._row_of: dict[int, int] = {}
        self._strips: dict[int, Strip] = {}
        self._cursor_row = 0
        self._hover_row: int | None = None
        self._hidden_cursor: int | None = None
        """The row that the cursor goes back to when it is shown again; None while the cursor is on the row that was
        chosen."""
        self._cursor_told: int | None = None

    # -- for subclasses ------------------------------------------------------------------------------------------

    def cells(self, key: int) -> Sequence[Cell]:
        """The cells of a row, none wider than its column."""
        raise NotImplementedError

    @property
    def titles(self) -> Sequence[tuple[str, int]]:
        """The title and the width of each column."""
        raise NotImplementedError

    def clicked(self, key: int, column: int, clicks: int) -> None:  # noqa: ARG002 - for subclasses
        """A cell was clicked, the `clicks`th time in a row: moves the cursor there."""
        self.cursor = key

    # -- for the screen ------------------------------------------------------------------------------------------

    @property
    def cursor(self) -> int | None:
        """The key of the row under the cursor; None in an empty table."""
        return self._order[self._cursor_row] if self._order else None

    @cursor.setter
    def cursor(self, key: int) -> None:
        if key in self._row_of:
            self._move_cursor(self._row_of[key])

    @property
    def shown(self) -> tuple[int, ...]:
        """The keys of all rows, from top to bottom."""
        return self._order

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self._order)

    @property
    def in_view(self) -> tuple[int, ...]:
        """The keys of the rows that can be seen without scrolling."""
        top = self.scroll_offset.y
        return self._order[top : top + self._rows_in_view]

    def text_of(self, key: int) -> str:
        """What a row shows, its cells separated by blanks."""
        return " ".join("".join(part for part, _ in cell) for cell in self.cells(key))

    def set_order(self, order: tuple[int, ...]) -> None:
        """Shows these rows, in this order."""
        before = self._position()
        self._order = order
        self._row_of = {key: row for row, key in enumerate(order)}
        for key in self._strips.keys() - self._row_of.keys():
            del self._strips[key]
        self._resize()
        self._restore(before)
        self.refresh()

    def update_rows(self, keys: Iterable[int]) -> None:
        """Draws again what differs in these rows, where they are in view."""
        top, seen = self.scroll_offset.y, self._rows_in_view
        for key in keys:
            drawn = self._strips.pop(key, None)
            row = self._row_of.get(key)
            if drawn is None or row is None or not top <= row < top + seen:
                continue
            x, width = difference(drawn, self._strip(key))
            if width:
                self.refresh(Region(x, row - top + HEADER_HEIGHT, width, 1))

    def redraw(self) -> None:
        """Draws everything again: columns or colours are different."""
        self._strips.clear()
        self.refresh()

    def resized(self) -> None:
        """Draws everything again for a new size; the cursor stays in view."""
        self._resize()
        self.redraw()
        self._scroll_to_cursor()

    # -- drawing -------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One line of what is in view."""
        if y < HEADER_HEIGHT:
            return self._header()
        row = y - HEADER_HEIGHT + self.scroll_offset.y
        if row >= len(self._order):
            return Strip.blank(self._width, self.rich_style)
        strip = self._strip(self._order[row]).crop_extend(0, self._width, self.rich_style)
        if row == self._cursor_row:
            return self._under(strip, "table--cursor", covers=self.has_focus)
        if row == self._hover_row:
            return self._under(strip, "table--hover", covers=False)
        return strip

    def _header(self) -> Strip:
        style = self.get_component_rich_style("table--header")
        titles = [
            Segment(title.ljust(width + GAP), style + _of_column(column))
            for column, (title, width) in enumerate(self.titles)
        ]
        return Strip(titles).crop_extend(0, self._width, style)

    def _strip(self, key: int) -> Strip:
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._drawn(self.cells(key))
        return strip

    def _drawn(self, cells: Sequence[Cell]) -> Strip:
        segments = []
        for column, (cell, (_, width)) in enumerate(zip(cells, self.titles, strict=True)):
            base = self.rich_style + _of_column(column)
            parts = [Segment(text, base + Style.parse(style)) for text, style in cell]
            room = width + GAP - sum(part.cell_length for part in parts)
            segments += [*parts, Segment(" " * room, base)]
        return Strip(segments)

    def _under(self, strip: Strip, component: str, *, covers: bool) -> Strip:
        """The strip on a component's background; `covers`: in the component's text colour too.

        The cursor's background with the focus is strong: only its own text colour can be read on it.
        """
        style = self.get_component_rich_style(component)
        over = style if covers else Style(bgcolor=style.bgcolor, underline=style.underline)
        return Strip([Segment(text, (own or Style()) + over) for text, own, _ in strip], strip.cell_length)

    # -- sizes and scrolling -------------------------------------------------------------------------------------

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    @property
    def _rows_in_view(self) -> int:
        return max(0, self.scrollable_content_region.height - HEADER_HEIGHT)

    def _resize(self) -> None:
        self.virtual_size = Size(self._width, len(self._order) + HEADER_HEIGHT)

    def _position(self) -> Position:
        return Position(self.cursor, self._cursor_row - self.scroll_offset.y, self._cursor_row)

    def _restore(self, before: Position) -> None:
        chosen = before.key if self._hidden_cursor is None else self._hidden_cursor
        shown = [self._row_of[key] for key in (chosen, before.key) if key is not None and key in self._row_of]
        row = shown[0] if shown else before.row
        self._move_cursor(row, chosen=False)
        self.scroll_to(y=row - before.height, animate=False, force=True, immediate=True)
        self._hidden_cursor = None if chosen in self._row_of else chosen

    def _move_cursor(self, row: int, *, chosen: bool = True) -> None:
        """Puts the cursor on a row, the nearest there is; where it was chosen, the row comes into view."""
        before, self._cursor_row = self._cursor_row, max(0, min(row, len(self._order) - 1))
        if chosen:
            self._scroll_to_cursor()
        if before != self._cursor_row:
            self._hidden_cursor = None if chosen else self._hidden_cursor
            self._refresh_row(before)
            self._refresh_row(self._cursor_row)
        if self.cursor != self._cursor_told:
            self._cursor_told = self.cursor
            self.post_message(self.CursorMoved())

    def _scroll_to_cursor(self) -> None:
        top, row = self.scroll_offset.y, self._cursor_row
        highest, lowest = row - self._rows_in_view + 1, row
        if not highest <= top <= lowest:
            self.scroll_to(y=max(highest, min(top, lowest)), animate=False, force=True, immediate=True)

    def _refresh_row(self, row: int) -> None:
        y = row - self.scroll_offset.y
        if 0 <= y < self._rows_in_view:
            self.refresh(Region(0, y + HEADER_HEIGHT, self._width, 1))

    # -- keys ----------------------------------------------------------------------------------------------------

    def action_cursor_down(self) -> None:
        """Moves the cursor a row down."""
        self._move_cursor(self._cursor_row + 1)

    def action_cursor_up(self) -> None:
        """Moves the cursor a row up."""
        self._move_cursor(self._cursor_row - 1)

    def action_page_down(self) -> None:
        """Moves the cursor a page down."""
        self._move_cursor(self._cursor_row + self._rows_in_view - 1)

    def action_page_up(self) -> None:
        """Moves the cursor a page up."""
        self._move_cursor(self._cursor_row - self._rows_in_view + 1)

    def action_scroll_top(self) -> None:
        """Moves the cursor to the first row."""
        self._move_cursor(0)

    def action_scroll_bottom(self) -> None:
        """Moves the cursor to the last row."""
        self._move_cursor(len(self._order) - 1)

    # -- focus and mouse -----------------------------------------------------------------------------------------

    def on_focus(self) -> None:
        """Shows the cursor as one that takes keys."""
        self._refresh_row(self._cursor_row)

    def on_blur(self) -> None:
        """Shows the cursor as one that takes no keys."""
        self._refresh_row(self._cursor_row)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Shows which row the mouse is on."""
        self._hover(self._row_at(event.y))

    def on_leave(self) -> None:
        """The mouse is elsewhere."""
        self._hover(None)

    def on_click(self, event: events.Click) -> None:
        """Finds out what was clicked."""
        row = self._row_at(event.y)
        column = event.style.meta.get("column")
        if row is not None and column is not None:
            self.clicked(self._order[row], column, event.chain)

    def _hover(self, row: int | None) -> None:
        before, self._hover_row = self._hover_row, row
        for changed in {before, row} - {None} if before != row else ():
            self._refresh_row(changed or 0)

    def _row_at(self, y: int) -> int | None:
        row = y - HEADER_HEIGHT + self.scroll_offset.y
        return row if y >= HEADER_HEIGHT and row < len(self._order) else None


@cache
def _of_column(column: int) -> Style:
    """Marks a segment as part of a column: for clicks, and so that a picture of the screen aligns each cell."""
    return Style(meta={"column": column})


def difference(before: Strip, after: Strip) -> tuple[int, int]:
    """Where two strips of the same length differ: the first terminal cell, and how many; `(0, 0)` when nowhere.

    It goes by whole segments, so it may give more than what differs, and never less.
    """
    old, new = list(before), list(after)
    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
    if first == len(old) == len(new):
        return 0, 0
    start = sum(segment.cell_length for segment in new[:first])
    end = max(before.cell_length, after.cell_length) - sum(segment.cell_length for segment in new[len(new) - last :])
    return start, end - start
