"""The table of servers. The one file that knows which table widget this is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from rich.text import Text
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.widgets import DataTable
from textual.widgets.data_table import ColumnKey, RowKey

from hsnap_tui.tui import keys
from hsnap_tui.tui.tables import columns
from hsnap_tui.tui.tables.rows import Row
from hsnap_tui.tui.tables.table_model import Changes
from hsnap_tui.tui.theming.palette import Cell, Drawn, Palette

_REFILL_FROM = 40
"""Taking one row out costs time in proportion to all rows: from so many on, filling anew is quicker."""


class FleetTable(DataTable[Drawn], inherit_bindings=False):
    """Servers as rows. Updates cells, not tables; cursor and scroll position stay with their servers."""

    BINDINGS = keys.bindings(keys.Scope.MOVE)

    DEFAULT_CSS = """
    FleetTable {
        height: 1fr;
        background: $background;
        background-tint: transparent;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        & > .datatable--header { background: $background; color: $text-muted; text-style: none; }
        & > .datatable--header-hover { background: $background; color: $text-muted; text-style: none; }
        & > .datatable--cursor { background: $hsnap-raised; color: $foreground; }
        & > .datatable--hover { background: $surface; }
        &:focus { background-tint: transparent; }
        &:focus > .datatable--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
        &:ansi > .datatable--header { background: ansi_default; color: ansi_default; text-style: underline; }
        &:ansi > .datatable--cursor { text-style: underline; }
        &:ansi:focus > .datatable--cursor { text-style: none; }
    }
    """

    class Toggled(Message):
        """The mark of a server was clicked."""

        def __init__(self, server_id: int) -> None:
            super().__init__()
            self.server_id = server_id

    class Opened(Message):
        """A server that had the cursor already was clicked."""

        def __init__(self, server_id: int) -> None:
            super().__init__()
            self.server_id = server_id

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(
            cursor_type="row", cell_padding=0, zebra_stripes=False, cursor_foreground_priority="renderable"
        )
        self._now = now
        self._palette = Palette()
        self._placed: tuple[columns.Placed, ...] = ()
        self._rows: dict[int, Row] = {}
        self._drawn: dict[int, tuple[Cell, ...]] = {}
        self._order: tuple[int, ...] = ()
        self._wanted: int | None = None
        self._put: int | None = None

    # -- what the rest of the program says ---------------------------------------------------------------------

    @property
    def cursor(self) -> int | None:
        """The ID of the server under the cursor."""
        return self._order[self.cursor_row] if 0 <= self.cursor_row < len(self._order) else None

    @cursor.setter
    def cursor(self, server_id: int) -> None:
        if server_id in self._rows:
            self.move_cursor(row=self.get_row_index(str(server_id)))

    @property
    def shown(self) -> tuple[int, ...]:
        """The IDs of all rows, from top to bottom."""
        return self._order

    @property
    def in_view(self) -> tuple[int, ...]:
        """The IDs of the rows that can be seen without scrolling."""
        top = int(self.scroll_y)
        return self._order[top : top + self.size.height]

    def apply(self, changes: Changes) -> None:
        """Shows what changed, and touches nothing else."""
        self._rows.update(changes.rows)
        with self.app.batch_update():
            fresh = changes.order is not None and self._arrange(changes.order)
            for server_id in () if fresh else changes.rows.keys() & self._drawn.keys():
                self._draw(server_id)

    def repaint(self) -> None:
        """Draws all rows again with the theme's colours."""
        self._palette = Palette.of(self.app.theme_variables)
        for server_id in self._drawn:
            self._draw(server_id)

    def tick(self) -> None:
        """Brings the ages of the rows in view up to date."""
        for server_id in self.in_view:
            self._draw(server_id)

    # -- rows ----------------------------------------------------------------------------------------------------

    def _draw(self, server_id: int) -> None:
        before = self._drawn[server_id]
        after = self._cells(server_id)
        for place, old, new in zip(self._placed, before, after, strict=True):
            if old != new:
                self.update_cell(str(server_id), place.column.key, Drawn(new))
        self._drawn[server_id] = after

    def update_cell(
        self,
        row_key: RowKey | str,
        column_key: ColumnKey | str,
        value: Drawn,
        *,
        update_width: bool = False,  # noqa: ARG002
    ) -> None:
        """Has that cell drawn and nothing else: the base class draws the whole table. Widths are fixed."""
        row, column = self._row_locations.get(RowKey(str(row_key))), str(column_key)
        if row is None:
            raise KeyError(row_key)
        self._data[RowKey(str(row_key))][ColumnKey(column)] = value
        self._update_count += 1
        x = 0
        for place in self._placed:
            width = place.width + columns.GAP
            if place.column.key == column:
                self._refresh_region(Region(x, row + self.header_height, width, 1))
            x += width

    def _cells(self, server_id: int) -> tuple[Cell, ...]:
        return columns.cells(self._rows[server_id], self._placed, self._now(), self._palette)

    def _arrange(self, order: tuple[int, ...]) -> bool:
        """Puts the rows in this order; gives whether all of them were drawn anew."""
        wanted, height_above, index = self._remember()
        kept = set(order)
        gone = [server_id for server_id in self._order if server_id not in kept]
        refill = len(gone) >= _REFILL_FROM or order != tuple(i for i in self._order if i in kept)
        if refill:
            self._refill(order)
        else:
            for server_id in gone:
                self.remove_row(str(server_id))
                del self._drawn[server_id]
        self._rows = {server_id: self._rows[server_id] for server_id in order}
        self._order = order
        self._restore(wanted, height_above, index)
        return refill

    def _refill(self, order: Iterable[int]) -> None:
        self.clear()
        self._drawn.clear()
        for server_id in order:
            drawn = self._drawn[server_id] = self._cells(server_id)
            self.add_row(*(Drawn(cell) for cell in drawn), key=str(server_id))

    def _remember(self) -> tuple[int | None, int, int]:
        """The server to keep the cursor on (one that a filter hid comes back to it), and where it stands."""
        if self._wanted is None or self.cursor != self._put:
            self._wanted = self.cursor
        return self._wanted, self.cursor_row - int(self.scroll_y), self.cursor_row

    def _restore(self, wanted: int | None, height_above: int, index: int) -> None:
        if not self._order:
            return
        self._update_dimensions(())
        row = self._order.index(wanted) if wanted in self._rows else min(index, len(self._order) - 1)
        self.move_cursor(row=max(0, row), scroll=False)
        self.scroll_to(y=row - height_above, animate=False, force=True, immediate=True)
        self._put = self.cursor

    # -- the widget ----------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Takes the theme's colours and follows its changes."""
        self._palette = Palette.of(self.app.theme_variables)
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self.repaint())

    def on_focus(self) -> None:
        """On the cursor's strong ground only its own colour can be read."""
        self.cursor_foreground_priority = "css"

    def on_blur(self) -> None:
        """The cursor is a quiet ground now, with the colours of every row."""
        self.cursor_foreground_priority = "renderable"

    def on_resize(self, event: events.Resize) -> None:
        """Chooses the columns that fit."""
        placed = columns.layout(event.size.width - self.styles.scrollbar_size_vertical)
        if placed == self._placed:
            return
        remembered = self._remember()
        self._placed = placed
        with self.app.batch_update():
            self.clear(columns=True)
            for place in placed:
                self.add_column(Text(place.column.title), key=place.column.key, width=place.width + columns.GAP)
            self._refill(self._order)
            self._restore(*remembered)

    def _update_dimensions(self, new_rows: Iterable[RowKey]) -> None:  # noqa: ARG002
        """Columns have fixed widths and rows one line: there is nothing to measure in new rows."""
        super()._update_dimensions(())

    def on_click(self, event: events.Click) -> None:
        """A click in the first column selects, two clicks open; the base class moves the cursor."""
        meta = event.style.meta
        row = meta.get("row", -1)
        if not 0 <= row < len(self._order):
            return
        server_id = self._order[row]
        if meta.get("column") == 0:
            self.post_message(self.Toggled(server_id))
            event.stop()
            event.prevent_default()
        elif event.chain == 2:
            self.post_message(self.Opened(server_id))
