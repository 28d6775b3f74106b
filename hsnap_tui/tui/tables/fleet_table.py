"""The table of servers, on Textual's DataTable. No other file knows which widget it is."""

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
from hsnap_tui.tui.tables.table_model import TableChanges
from hsnap_tui.tui.theming.palette import Cell, LazyCell, Palette

_REFILL_FROM = 40
"""From so many removed rows on the table is filled anew: removing one costs time in proportion to all rows."""


class FleetTable(DataTable[LazyCell], inherit_bindings=False):
    """Servers as rows. Only changed cells are redrawn; the cursor and the scroll position stay on the same server."""

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

    class SelectionToggled(Message):
        """The first column of a server was clicked."""

        def __init__(self, server_id: int) -> None:
            super().__init__()
            self.server_id = server_id

    class Opened(Message):
        """A server was clicked twice."""

        def __init__(self, server_id: int) -> None:
            super().__init__()
            self.server_id = server_id

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(
            cursor_type="row", cell_padding=0, zebra_stripes=False, cursor_foreground_priority="renderable"
        )
        self._now = now
        self._palette = Palette()
        self._columns_shown: tuple[columns.PlacedColumn, ...] = ()
        self._rows: dict[int, Row] = {}
        self._cells_shown: dict[int, tuple[Cell, ...]] = {}
        self._order: tuple[int, ...] = ()
        self._cursor_target: int | None = None
        self._cursor_restored_to: int | None = None

    # -- for the screen ----------------------------------------------------------------------------------------

    @property
    def cursor(self) -> int | None:
        """The ID of the server under the cursor; None in an empty table."""
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

    def apply(self, changes: TableChanges) -> None:
        """Redraws the changed rows, and puts all rows in a new order where that changed."""
        self._rows.update(changes.rows)
        with self.app.batch_update():
            redrawn = changes.order is not None and self._set_order(changes.order)
            for server_id in () if redrawn else changes.rows.keys() & self._cells_shown.keys():
                self._draw(server_id)

    def repaint(self) -> None:
        """Redraws all rows with the colours of the theme."""
        self._palette = Palette.of(self.app.theme_variables)
        for server_id in self._cells_shown:
            self._draw(server_id)

    def update_ages(self) -> None:
        """Updates the ages in the rows that are in view."""
        for server_id in self.in_view:
            self._draw(server_id)

    # -- rows ----------------------------------------------------------------------------------------------------

    def _draw(self, server_id: int) -> None:
        before = self._cells_shown[server_id]
        after = self._cells(server_id)
        for column, old, new in zip(self._columns_shown, before, after, strict=True):
            if old != new:
                self.update_cell(str(server_id), column.column.key, LazyCell(new))
        self._cells_shown[server_id] = after

    def update_cell(
        self,
        row_key: RowKey | str,
        column_key: ColumnKey | str,
        value: LazyCell,
        *,
        update_width: bool = False,  # noqa: ARG002
    ) -> None:
        """Redraws this cell only; the base class would redraw the whole table. Widths are fixed."""
        row = self._row_locations.get(RowKey(str(row_key)))
        if row is None:
            raise KeyError(row_key)
        self._data[RowKey(str(row_key))][ColumnKey(str(column_key))] = value
        self._update_count += 1
        x = 0
        for placed in self._columns_shown:
            width = placed.width + columns.GAP
            if placed.column.key == str(column_key):
                self._refresh_region(Region(x, row + self.header_height, width, 1))
            x += width

    def _cells(self, server_id: int) -> tuple[Cell, ...]:
        return columns.cells(self._rows[server_id], self._columns_shown, self._now(), self._palette)

    def _set_order(self, order: tuple[int, ...]) -> bool:
        """Puts the rows in this order; returns whether all of them were redrawn."""
        cursor_target, height_above, index = self._save_position()
        kept = set(order)
        gone = [server_id for server_id in self._order if server_id not in kept]
        refill = len(gone) >= _REFILL_FROM or order != tuple(i for i in self._order if i in kept)
        if refill:
            self._refill(order)
        else:
            for server_id in gone:
                self.remove_row(str(server_id))
                del self._cells_shown[server_id]
        self._rows = {server_id: self._rows[server_id] for server_id in order}
        self._order = order
        self._restore_position(cursor_target, height_above, index)
        return refill

    def _refill(self, order: Iterable[int]) -> None:
        self.clear()
        self._cells_shown.clear()
        for server_id in order:
            drawn = self._cells_shown[server_id] = self._cells(server_id)
            self.add_row(*(LazyCell(cell) for cell in drawn), key=str(server_id))

    def _save_position(self) -> tuple[int | None, int, int]:
        """The server that the cursor belongs to, its height above the top of the view, and its row.

        While a filter hides that server it is kept in mind: the cursor returns to it when it is shown again.
        """
        if self._cursor_target is None or self.cursor != self._cursor_restored_to:
            self._cursor_target = self.cursor
        return self._cursor_target, self.cursor_row - int(self.scroll_y), self.cursor_row

    def _restore_position(self, cursor_target: int | None, height_above: int, index: int) -> None:
        if not self._order:
            return
        self._update_dimensions(())
        row = self._order.index(cursor_target) if cursor_target in self._rows else min(index, len(self._order) - 1)
        self.move_cursor(row=max(0, row), scroll=False)
        self.scroll_to(y=row - height_above, animate=False, force=True, immediate=True)
        self._cursor_restored_to = self.cursor

    # -- the widget ----------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Takes the colours of the theme, and again whenever the theme changes."""
        self._palette = Palette.of(self.app.theme_variables)
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self.repaint())

    def on_focus(self) -> None:
        """With the focus the cursor's background is strong: only its own text colour can be read on it."""
        self.cursor_foreground_priority = "css"

    def on_blur(self) -> None:
        """Without the focus the cursor's background is faint: the cells keep their colours."""
        self.cursor_foreground_priority = "renderable"

    def on_resize(self, event: events.Resize) -> None:
        """Shows the columns that fit into the new width."""
        columns_that_fit = columns.layout(event.size.width - self.styles.scrollbar_size_vertical)
        if columns_that_fit == self._columns_shown:
            return
        saved = self._save_position()
        self._columns_shown = columns_that_fit
        with self.app.batch_update():
            self.clear(columns=True)
            for column in columns_that_fit:
                self.add_column(Text(column.column.title), key=column.column.key, width=column.width + columns.GAP)
            self._refill(self._order)
            self._restore_position(*saved)

    def _update_dimensions(self, new_rows: Iterable[RowKey]) -> None:  # noqa: ARG002
        """Skips measuring new rows: columns have fixed widths and rows one line."""
        super()._update_dimensions(())

    def on_click(self, event: events.Click) -> None:
        """A click in the first column toggles the selection, a double click opens; the base class moves the
        cursor."""
        meta = event.style.meta
        row = meta.get("row", -1)
        if not 0 <= row < len(self._order):
            return
        server_id = self._order[row]
        if meta.get("column") == 0:
            self.post_message(self.SelectionToggled(server_id))
            event.stop()
            event.prevent_default()
        elif event.chain == 2:
            self.post_message(self.Opened(server_id))
