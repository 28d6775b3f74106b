"""The names of the servers in a journal, for completion in the shell: read without a lock and without a change."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

MOST_ROWS = 5000
"""The newest jobs that are looked at: a key must not wait for a journal of years."""

BUSY_SECONDS = 0.2


def known_servers(journal: Path) -> list[str]:
    """The present name of each server, as far as the newest jobs tell. Raises `sqlite3.Error`."""
    query = (
        "SELECT json_extract(body, '$.server_id'), json_extract(body, '$.server_name') "
        "FROM (SELECT number, CASE WHEN json_valid(body) THEN body ELSE '{}' END AS body FROM jobs "
        "ORDER BY number DESC LIMIT ?) ORDER BY number"
    )
    with contextlib.closing(sqlite3.connect(_address(journal), uri=True, timeout=BUSY_SECONDS)) as database:
        rows = database.execute(query, (MOST_ROWS,)).fetchall()
    names = {server: name for server, name in rows if isinstance(name, str)}
    return list(names.values())


def _address(journal: Path) -> str:
    """How SQLite opens the file without making others beside it, which would be this user's and not the next one's.

    While a process has it open, its shared memory is there and is used, but not made. Otherwise nobody writes, and
    the file alone is read ("Read-Only WAL-Mode Databases" in SQLite's documentation).
    """
    in_use = journal.with_name(f"{journal.name}-shm").exists()
    return f"{journal.absolute().as_uri()}?mode=ro&{'readonly_shm=1' if in_use else 'immutable=1'}"
