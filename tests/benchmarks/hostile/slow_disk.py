"""hsnap-tui on a slow disk, by statements of SQLite: `python -m tests.benchmarks.hostile.slow_disk WORDS…`.

Nothing of the program is changed but how long the journal takes, so that what happens between two statements can be
made to happen. `SLOW_DISK` says how many seconds, `SLOW_DISK_FOR` for how many seconds from the start.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from typing import Any

_SECONDS = float(os.environ.get("SLOW_DISK", "0"))
_UNTIL = time.monotonic() + float(os.environ.get("SLOW_DISK_FOR", "0"))


class SlowConnection(sqlite3.Connection):
    """Waits after each statement that reads or writes rows."""

    def execute(self, *statement: Any) -> sqlite3.Cursor:
        """Runs a statement."""
        cursor = super().execute(*statement)
        if statement[0].lstrip().upper().startswith("SELECT") and time.monotonic() < _UNTIL:
            time.sleep(_SECONDS)
        return cursor


def main() -> int:
    """Runs the program; gives the exit code."""
    connect = sqlite3.connect

    def slow(*where: Any, **how: Any) -> sqlite3.Connection:
        return connect(*where, factory=SlowConnection, **how)

    sqlite3.connect = slow  # type: ignore[assignment]
    from hsnap_tui.cli import main  # noqa: PLC0415 - after the disk has become slow

    return main.main()


if __name__ == "__main__":
    sys.exit(main())
