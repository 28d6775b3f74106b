"""The servers and snapshots that a journal names, for completion in the shell: read without a lock or a change."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from hsnap_tui.jobs.core.delete_snapshot import DeleteSnapshotJob
from hsnap_tui.jobs.core.model import JobState

MAX_ROWS = 5000
"""The newest jobs that are looked at: a key must not wait for a journal of years."""

BUSY_TIMEOUT = 0.2


def known_servers(journal: Path) -> list[str]:
    """The present name of each server, as far as the newest jobs tell. Raises `sqlite3.Error`."""
    names = {server: name for server, name in _read(journal, "server_id", "server_name") if server and _is_text(name)}
    return list(names.values())


def known_snapshots(journal: Path) -> list[tuple[int, str]]:
    """The snapshots that jobs have made and none has deleted, as ID and server. Raises `sqlite3.Error`."""
    known: dict[int, str] = {}
    for image_id, name, state, kind in _read(journal, "image_id", "server_name", "state", "kind"):
        if not isinstance(image_id, int) or state != JobState.DONE:
            continue
        if kind == DeleteSnapshotJob.kind:
            known.pop(image_id, None)
        elif _is_text(name):
            known[image_id] = name
    return list(known.items())


def _read(journal: Path, *fields: str) -> list[tuple[Any, ...]]:
    """These fields of the newest jobs, the oldest of them first."""
    wanted = ", ".join(f"json_extract(body, '$.{field}')" for field in fields)
    query = (
        f"SELECT {wanted} FROM (SELECT number, CASE WHEN json_valid(body) THEN body ELSE '{{}}' END AS body "  # noqa: S608
        "FROM jobs ORDER BY number DESC LIMIT ?) ORDER BY number"
    )
    with contextlib.closing(sqlite3.connect(_address(journal), uri=True, timeout=BUSY_TIMEOUT)) as database:
        return database.execute(query, (MAX_ROWS,)).fetchall()


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _address(journal: Path) -> str:
    """How SQLite opens the file without making others beside it, which would be this user's and not the next one's.

    While a process has it open, its shared memory is there and is used, but not made. Otherwise nobody writes, and
    the file alone is read ("Read-Only WAL-Mode Databases" in SQLite's documentation).
    """
    in_use = journal.with_name(f"{journal.name}-shm").exists()
    return f"{journal.absolute().as_uri()}?mode=ro&{'readonly_shm=1' if in_use else 'immutable=1'}"
