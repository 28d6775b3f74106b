"""Reads what it can of a damaged project folder: the project's identity, and which servers may be off.

It only reads. Any file may be cut off, overwritten, a folder, or without permission to read.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hsnap_tui.common import formatting
from hsnap_tui.common.text import clean
from hsnap_tui.jobs.core.model import Job
from hsnap_tui.jobs.store.rows import UnreadableJob, job_of

JOURNAL_MADE_FILE = "journal.made"
"""A file next to the journal, made together with it: if the journal is missing or empty all the same, it was lost."""

_MAY_BE_OFF = re.compile(
    rb'"server_id":\s*(\d+),\s*"server_name":\s*"((?:[^"\\]|\\.)*)"'
    rb'(?:(?!"server_id").){0,20000}?"power":\s*"(?:restore_pending|watched|owed)"',
    re.S,
)
"""A job whose server may be off because of it; "owed" is what earlier versions wrote for "restore_pending"."""


@dataclass(frozen=True, slots=True)
class DamagedState:
    """What a journal still tells. `identity` is none when it holds none; `complete` when everything could be read.

    `off` are the servers that are off, or may be, because of us, in words; `jobs` how many have not ended.
    """

    identity: str | None = None
    off: tuple[str, ...] = ()
    jobs: int = 0
    complete: bool = False


def examine(journal: Path) -> DamagedState:
    """What can be read from the journal. For a journal that was never made the result is empty and complete."""
    try:
        if not journal.exists():
            return DamagedState(complete=not journal.with_name(JOURNAL_MADE_FILE).exists())
        return _read(journal)
    except (sqlite3.Error, OSError, OverflowError):
        return DamagedState(off=_scan(journal))


def servers_in_words(damaged: DamagedState) -> str:
    """Which servers may be off because of us, in a sentence."""
    if damaged.off:
        more = "" if damaged.complete else " There may be more."
        return f"Off because of hsnap-tui may be: {formatting.listed(list(damaged.off), 20)}.{more}"
    if damaged.complete:
        return "No server is off because of what could be read."
    return "Which servers are off because of hsnap-tui can't be told: look for servers that are off."


def advice(folder: Path, damaged: DamagedState) -> str:
    """What to do about a project's folder that can't be used."""
    aside = folder.parent.parent / f"{folder.name}.aside"
    return (
        f"{servers_in_words(damaged)} Nothing is sent. Snapshots of earlier runs carry the label hsnap-tui/job. "
        f"Restore the file, or, once these servers are on, end every hsnap-tui and begin anew: mv {folder} {aside}"
    )


def _read(journal: Path) -> DamagedState:
    database = sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True, timeout=1.0)
    try:
        identity = _identity(database)
        rows = database.execute("SELECT id, batch, ended, body FROM jobs WHERE ended = 0 ORDER BY number").fetchall()
        found = [job_of(row) for row in rows]
        intact = database.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
        return DamagedState(identity, _unique(_may_be_off(found)), len(found), intact)
    finally:
        database.close()


def _identity(database: sqlite3.Connection) -> str | None:
    with contextlib.suppress(sqlite3.OperationalError):  # an older journal has no such table
        row = database.execute("SELECT body FROM identity").fetchone()
        return row[0] if row and isinstance(row[0], str) else None
    return None


def _may_be_off(found: Iterable[Job | UnreadableJob]) -> Iterable[str]:
    for row in found:
        if row.may_be_off:
            yield row.server if isinstance(row, UnreadableJob) else row.server_name


def _scan(journal: Path) -> tuple[str, ...]:
    """The servers that may be off according to the raw bytes of the files, for when SQLite can't read them.

    Old versions of rows may be among the bytes, so it can name servers that are on again.
    """
    names: list[str] = []
    for path in (journal, journal.with_name(journal.name + "-wal")):
        with contextlib.suppress(OSError):
            names += [clean(found[2].decode(errors="replace")) for found in _MAY_BE_OFF.finditer(path.read_bytes())]
    return _unique(names)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
