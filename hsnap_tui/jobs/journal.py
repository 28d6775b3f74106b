"""The journal: what was intended, in SQLite, committed before it is tried.

All of it runs in one thread of its own, so that neither the screen nor the polls wait for the disk. Only the
process that holds the project's lock changes jobs; others add batches and wishes, and read what has changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from cattrs.errors import ClassValidationError

from hsnap_tui.events import JobEvent
from hsnap_tui.jobs.codec import from_text, to_text
from hsnap_tui.jobs.errors import BrokenJournalError, JournalError
from hsnap_tui.jobs.model import Job

T = TypeVar("T")

VERSION = 1
KEPT_BATCHES = 500
BUSY_SECONDS = 10.0

_SCHEMA = """
CREATE TABLE batches (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created TEXT NOT NULL);
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, batch TEXT NOT NULL, change INTEGER NOT NULL,
    ended INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE INDEX jobs_by_batch ON jobs (batch);
CREATE INDEX jobs_by_change ON jobs (change);
CREATE TABLE events (number INTEGER PRIMARY KEY AUTOINCREMENT, batch TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX events_by_batch ON events (batch);
CREATE TABLE wishes (number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, jobs TEXT NOT NULL);
"""


class WishKind(StrEnum):
    """What a process that does not send may ask of the one that does."""

    CANCEL = "cancel"
    RELEASE = "release"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Wish:
    """A person's word about jobs, left in the journal for the process that sends."""

    kind: WishKind
    jobs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a reader has read: the number of the last change of jobs, and of the last event."""

    change: int = 0
    event: int = 0


@dataclass(frozen=True, slots=True)
class Changes:
    """What was written since a mark, in order."""

    jobs: tuple[Job, ...]
    events: tuple[JobEvent, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch and its jobs, in the order in which they were chosen."""

    id: str
    created: datetime
    jobs: tuple[Job, ...]


class Journal:
    """One project's journal. Every method raises `JournalError`; `open` also `BrokenJournalError`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hsnap-tui journal")
        self._database: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Opens the file, or makes it, and checks that it can be written."""
        await self._run(self._open)

    async def close(self) -> None:
        """Closes the file."""
        with contextlib.suppress(JournalError):
            await self._run(self._close)
        self._thread.shutdown(wait=False)

    async def add_batch(self, batch: str, created: datetime, jobs: Sequence[Job], events: Sequence[JobEvent]) -> None:
        """Writes a whole batch down, or nothing of it."""

        def work(database: sqlite3.Connection) -> None:
            database.execute("INSERT INTO batches (id, created) VALUES (?, ?)", (batch, created.isoformat()))
            self._write(database, jobs, events)
            self._forget(database)

        await self._change(work)

    async def save(self, jobs: Sequence[Job], events: Sequence[JobEvent]) -> None:
        """Writes changed jobs and what happened to them, in one transaction; durable when this returns."""
        await self._change(lambda database: self._write(database, jobs, events))

    async def wish(self, wish: Wish) -> None:
        """Leaves a wish for the process that sends."""
        row = (wish.kind.value, json.dumps(wish.jobs))
        await self._change(lambda database: database.execute("INSERT INTO wishes (kind, jobs) VALUES (?, ?)", row))

    async def take_wishes(self) -> tuple[Wish, ...]:
        """The wishes that nobody has taken yet."""

        def work(database: sqlite3.Connection) -> tuple[Wish, ...]:
            rows = database.execute("DELETE FROM wishes RETURNING number, kind, jobs").fetchall()
            return tuple(Wish(WishKind(kind), tuple(json.loads(jobs))) for _, kind, jobs in sorted(rows))

        return await self._change(work)

    async def version(self) -> int:
        """A number that is another one after another process has written; cheap."""
        return await self._read(lambda database: int(database.execute("PRAGMA data_version").fetchone()[0]))

    async def mark(self) -> Mark:
        """The present end, to read what comes after it."""

        def work(database: sqlite3.Connection) -> Mark:
            return Mark(_last_change(database), _number(database, "SELECT max(number) FROM events"))

        return await self._read(work)

    async def open_jobs(self) -> tuple[Job, ...]:
        """All jobs that have not ended, or whose servers may still go off because of them; oldest first."""
        return await self._read(lambda database: _jobs(database, "WHERE ended = 0"))

    async def since(self, mark: Mark) -> Changes:
        """What was written after the mark."""

        def work(database: sqlite3.Connection) -> Changes:
            jobs = _jobs(database, "WHERE change > ?", mark.change)
            rows = database.execute("SELECT number, body FROM events WHERE number > ? ORDER BY number", (mark.event,))
            numbered = [(number, from_text(body, JobEvent)) for number, body in rows]
            last = numbered[-1][0] if numbered else mark.event
            return Changes(jobs, tuple(event for _, event in numbered), Mark(_last_change(database), last))

        return await self._read(work)

    async def batches(self, limit: int) -> tuple[Batch, ...]:
        """The newest batches with their jobs, newest first."""

        def work(database: sqlite3.Connection) -> tuple[Batch, ...]:
            rows = database.execute(
                "SELECT id, created FROM batches ORDER BY number DESC LIMIT ?", (limit,)
            ).fetchall()
            return tuple(
                Batch(batch, datetime.fromisoformat(created), _jobs(database, "WHERE batch = ?", batch))
                for batch, created in rows
            )

        return await self._read(work)

    # -- in the journal's thread --------------------------------------------------------------------------------

    def _open(self) -> None:
        database = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            _use_wal(database)
            database.execute("PRAGMA synchronous = FULL")
            with _transaction(database):
                self._prepare(database)
        except BaseException:
            database.close()
            raise
        self._database = database

    def _prepare(self, database: sqlite3.Connection) -> None:
        if database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise BrokenJournalError(*_broken(self._path, "it is damaged"))
        version = _number(database, "PRAGMA user_version")
        if version > VERSION:
            raise JournalError(
                f"the journal {self._path} was written by a newer hsnap-tui",
                "Use that version: this one can't know what is under way.",
            )
        if version == 0:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {VERSION}")

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _write(self, database: sqlite3.Connection, jobs: Iterable[Job], events: Iterable[JobEvent]) -> None:
        change = _last_change(database) + 1
        database.executemany(
            "INSERT INTO jobs (id, batch, change, ended, body) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET change = excluded.change, ended = excluded.ended, body = excluded.body",
            [(job.id, job.batch, change, job.over, to_text(job)) for job in jobs],
        )
        database.executemany(
            "INSERT INTO events (batch, body) VALUES (?, ?)", [(event.batch, to_text(event)) for event in events]
        )

    def _forget(self, database: sqlite3.Connection) -> None:
        """Drops the oldest batches, never one with a job that has not ended."""
        old = (
            "SELECT id FROM batches WHERE number <= (SELECT max(number) FROM batches) - ? "
            "AND id NOT IN (SELECT batch FROM jobs WHERE ended = 0)"
        )
        rows = database.execute(old, (KEPT_BATCHES,)).fetchall()
        for table, column in (("events", "batch"), ("jobs", "batch"), ("batches", "id")):
            database.executemany(f"DELETE FROM {table} WHERE {column} = ?", rows)  # noqa: S608 - constants

    # -- between the loop and that thread -----------------------------------------------------------------------

    async def _change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def transaction() -> T:
            with _transaction(self._opened()):
                return work(self._opened())

        return await self._run(transaction)

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def snapshot() -> T:
            """All that is read at once is of one moment, whatever others write meanwhile."""
            with _transaction(self._opened(), "DEFERRED"):
                return work(self._opened())

        return await self._run(snapshot)

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            raise JournalError(f"the journal {self._path} is closed", "Start hsnap-tui again.")
        return self._database

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.OperationalError as error:
            raise JournalError(
                f"the journal {self._path} cannot be used: {error}",
                "Make room on the disk and check that the folder can be written; nothing is sent meanwhile.",
            ) from error
        except (sqlite3.DatabaseError, ValueError, ClassValidationError) as error:
            raise BrokenJournalError(*_broken(self._path, str(error))) from error
        except OSError as error:
            raise JournalError(f"the journal {self._path} cannot be opened: {error}", "Check its folder.") from error


def _use_wal(database: sqlite3.Connection) -> None:
    """While another process does the same on a new file, SQLite refuses at once in place of waiting its busy time."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            time.sleep(0.02)


@contextlib.contextmanager
def _transaction(database: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    database.execute(f"BEGIN {kind}")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _jobs(database: sqlite3.Connection, where: str, *values: object) -> tuple[Job, ...]:
    rows = database.execute(f"SELECT body FROM jobs {where} ORDER BY number", values)  # noqa: S608 - constants
    return tuple(from_text(body, Job) for (body,) in rows)


def _last_change(database: sqlite3.Connection) -> int:
    return _number(database, "SELECT max(change) FROM jobs")


def _number(database: sqlite3.Connection, query: str) -> int:
    return int(database.execute(query).fetchone()[0] or 0)


def _broken(path: Path, reason: str) -> tuple[str, str]:
    return (
        f"the journal {path} cannot be read: {reason}",
        "Snapshots that an earlier run asked for carry the label hsnap-tui/job; look at their servers.",
    )
