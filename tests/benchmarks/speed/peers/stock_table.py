"""What Textual's own DataTable does with the same rows and, with --jobs, with the same changes at the same pace.

    python -m tests.benchmarks.speed.peers.stock_table NAMES [--jobs 100]

NAMES is a file with a server's name on each line. Each second it changes the two cells of every job, as a console
does that shows how long each has been running, and each two seconds the locks of a few other servers.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

from textual.app import App, ComposeResult
from textual.widgets import DataTable
from textual.widgets.data_table import ColumnKey, RowKey

COLUMNS = ("Name", "Status", "Lock", "Job", "Type", "Loc", "IP", "Newest snapshot", "Labels", "ID")
OTHER_LOCKS = 12


class StockTable(App[None]):
    """One table, in the order of the names."""

    BINDINGS = [("j", "down", "Down"), ("k", "up", "Up")]  # noqa: RUF012 - Textual's own way

    def __init__(self, names: list[str], jobs: int) -> None:
        super().__init__()
        self._names, self._jobs = names, jobs
        self._keys: list[RowKey] = []
        self._columns: list[ColumnKey] = []
        self._turns = itertools.count(1)

    def compose(self) -> ComposeResult:
        """The table."""
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        """Fills it."""
        table: DataTable[str] = self.query_one(DataTable)
        self._columns = table.add_columns(*COLUMNS)
        self._keys = table.add_rows(
            (name, "running", "–", "", "cx43", "fsn1", "198.18.188.26", "203d (1)", "env=prod", str(number))
            for number, name in enumerate(self._names)
        )
        if self._jobs:
            self.set_interval(1.0, self._change)

    def _change(self) -> None:
        table: DataTable[str] = self.query_one(DataTable)
        turn = next(self._turns)
        lock, job = self._columns[2], self._columns[3]
        for key in self._keys[: self._jobs]:
            table.update_cell(key, lock, f"create_image {turn // 8} % {turn}s")
            table.update_cell(key, job, f"{'█' * (turn // 60):░<8} {turn // 8:>2} %")
        if turn % 2 == 0:
            for number in range(OTHER_LOCKS):
                key = self._keys[(turn * 7 + number * 83) % len(self._keys)]
                table.update_cell(key, lock, "–" if turn % 4 else f"reboot_server {turn % 100} % 2s")

    def action_down(self) -> None:
        """The next row."""
        self.query_one(DataTable).action_cursor_down()

    def action_up(self) -> None:
        """The row before."""
        self.query_one(DataTable).action_cursor_up()


def main() -> None:
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", type=Path)
    parser.add_argument("--jobs", type=int, default=0)
    words = parser.parse_args()
    StockTable(words.names.read_text("utf-8").split(), words.jobs).run()


if __name__ == "__main__":
    main()
