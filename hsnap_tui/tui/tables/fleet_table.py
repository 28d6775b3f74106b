"""The table of servers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from textual import events
from textual.message import Message

from hsnap_tui.tui import keys
from hsnap_tui.tui.tables import columns
from hsnap_tui.tui.tables.line_table import LineTable
from hsnap_tui.tui.tables.rows import Row
from hsnap_tui.tui.tables.table_model import TableChanges
from hsnap_tui.tui.theming.palette import Cell, Palette


class FleetTable(LineTable, inherit_bindings=False):
    """Servers as rows, known by their IDs."""

    BINDINGS = keys.bindings(keys.Scope.MOVE)

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
        super().__init__()
        self._now = now
        self._palette = Palette()
        self._columns: tuple[columns.PlacedColumn, ...] = ()
        self._titles: tuple[tuple[str, int], ...] = ()
        self._rows: dict[int, Row] = {}

    def cells(self, key: int) -> Sequence[Cell]:
        """The cells of a server's row as of now."""
        return columns.cells(self._rows[key], self._columns, self._now(), self._palette)

    @property
    def titles(self) -> Sequence[tuple[str, int]]:
        """The title and the width of each column that fits."""
        return self._titles

    def apply(self, changes: TableChanges) -> None:
        """Redraws the changed rows, and puts all rows in a new order where that changed."""
        self._rows.update(changes.rows)
        self.update_rows(changes.rows)
        if changes.order is not None:
            self._rows = {server_id: self._rows[server_id] for server_id in changes.order}
            self.set_order(changes.order)

    def update_ages(self) -> None:
        """Updates the ages in the rows that are in view."""
        self.update_rows(self.in_view)

    def repaint(self) -> None:
        """Redraws all rows with the colours of the theme."""
        self._palette = Palette.of(self.app.theme_variables)
        self.redraw()

    def clicked(self, key: int, column: int, clicks: int) -> None:
        """A click in the first column toggles the selection, two clicks elsewhere open."""
        if column == 0:
            self.post_message(self.SelectionToggled(key))
            return
        super().clicked(key, column, clicks)
        if clicks == 2:
            self.post_message(self.Opened(key))

    def on_mount(self) -> None:
        """Takes the colours of the theme, and again whenever the theme changes."""
        self._palette = Palette.of(self.app.theme_variables)
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self.repaint())

    def on_resize(self, event: events.Resize) -> None:
        """Shows the columns that fit into the new width."""
        self._columns = columns.layout(event.size.width - self.styles.scrollbar_size_vertical)
        self._titles = tuple((placed.column.title, placed.width) for placed in self._columns)
        self.resized()
