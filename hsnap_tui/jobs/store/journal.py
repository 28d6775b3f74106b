"""The journal: all batches, jobs and events of a project, in SQLite. Requests are committed here before they are
sent.

All access to the file runs on a thread of its own, so that neither the screen nor the polls wait for the disk. Only
the leader, the process that has the project's lock, changes jobs. Followers add batches and job commands, and read
what has changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from hsnap_tui.events import JobEvent
from hsnap_tui.jobs.core.job_commands import JobCommand, JobCommandKind
from hsnap_tui.jobs.core.model import Job
from hsnap_tui.jobs.store.codec import to_text
from hsnap_tui.jobs.store.damaged_state import JOURNAL_MADE_FILE, advice, examine
from hsnap_tui.jobs.store.errors import BrokenJournalError, JournalError
from hsnap_tui.jobs.store.file_modes import make_file
from hsnap_tui.jobs.store.locked_journal import is_locked, locked
from hsnap_tui.jobs.store.rows import RowError, UnreadableJob, body_of, parsed, readable_and_unreadable

T = TypeVar("T")

VERSION = 3
MAX_BATCHES = 500
BUSY_TIMEOUT = 10.0

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

_SINCE_VERSION_1 = """
ALTER TABLE batches ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE TABLE identity (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL);
"""

_SINCE_VERSION_2 = """
ALTER TABLE wishes RENAME TO commands;
"""


@dataclass(frozen=True, slots=True)
class JournalCursor:
    """How far a reader has read: the number of the last change of jobs and of the last event."""

    change: int = 0
    event: int = 0


@dataclass(frozen=True, slots=True)
class JournalChanges:
    """The changed jobs and new events since a cursor, in order. `unreadable` are jobs whose rows can't be read."""

    jobs: tuple[Job, ...]
    events: tuple[JobEvent, ...]
    cursor: JournalCursor
    unreadable: tuple[UnreadableJob, ...] = ()


@dataclass(frozen=True, slots=True)
class Takeover:
    """All jobs that have not ended, oldest first, and the changes since a cursor, read in one transaction.

    `owners` are the names of the processes that started the batches of these jobs, by batch ID.
    """

    jobs: tuple[Job, ...]
    unreadable: tuple[UnreadableJob, ...]
    owners: Mapping[str, str]
    changes: JournalChanges


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch and its jobs, in the order in which they were chosen, without those whose rows are `unreadable`."""

    id: str
    created: datetime
    jobs: tuple[Job, ...]
    unreadable: tuple[UnreadableJob, ...] = ()

    def of_project(self, project: str) -> Batch:
        """The batch with its jobs under the project's present ID: earlier versions wrote a token's fingerprint."""
        return replace(self, jobs=tuple(replace(job, project=project) for job in self.jobs))


class Journal:
    """One project's journal. Every method raises `JournalError`; `open` also `BrokenJournalError`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hsnap-tui journal")
        self._database: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Opens the file, or creates it, and checks that it can be written."""
        await self._run(self._open)

    async def close(self) -> None:
        """Closes the file."""
        with contextlib.suppress(JournalError):
            await self._run(self._close)
        self._thread.shutdown(wait=False)

    async def add_batch(
        self, batch: str, created: datetime, jobs: Sequence[Job], events: Sequence[JobEvent], owner: str = ""
    ) -> None:
        """Writes a batch in one transaction. `owner` is the name of the process that starts it."""

        def work(database: sqlite3.Connection) -> None:
            row = (batch, created.isoformat(), owner)
            database.execute("INSERT INTO batches (id, created, owner) VALUES (?, ?, ?)", row)
            self._write(database, jobs, events)
            self._drop_old_batches(database)

        await self._change(work)

    async def save(self, jobs: Sequence[Job], events: Sequence[JobEvent]) -> None:
        """Writes changed jobs and their events in one transaction; they are on disk when this returns."""
        await self._change(lambda database: self._write(database, jobs, events))

    async def add_command(self, command: JobCommand) -> None:
        """Writes a job command for the leader."""
        row = (command.kind.value, json.dumps(command.jobs))
        await self._change(lambda database: database.execute("INSERT INTO commands (kind, jobs) VALUES (?, ?)", row))

    async def take_commands(self) -> tuple[JobCommand, ...]:
        """Removes and returns all job commands. One that can't be read is dropped: the user can repeat it."""

        def work(database: sqlite3.Connection) -> tuple[JobCommand, ...]:
            rows = database.execute("DELETE FROM commands RETURNING number, kind, jobs").fetchall()
            commands = (_command(kind, jobs) for _, kind, jobs in sorted(rows, key=lambda row: int(row[0])))
            return tuple(command for command in commands if command is not None)

        return await self._change(work)

    async def remember(self, identity: str) -> None:
        """Keeps a copy of the project's identity, which is also a file in its folder."""

        def work(database: sqlite3.Connection) -> None:
            known = database.execute("SELECT body FROM identity").fetchone()
            if known != (identity,):
                database.execute("INSERT OR REPLACE INTO identity (one, body) VALUES (1, ?)", (identity,))

        await self._change(work)

    async def version(self) -> int:
        """A number that changes whenever another process has written; cheap to read."""
        return await self._read(lambda database: int(database.execute("PRAGMA data_version").fetchone()[0]))

    async def take_over(self, cursor: JournalCursor | None) -> Takeover:
        """All that a new leader needs, read in one transaction: whatever is committed later is after the new cursor.

        Without a cursor the changes are empty.
        """

        def work(database: sqlite3.Connection) -> Takeover:
            jobs, unreadable = _jobs(database, "WHERE ended = 0")
            owners = database.execute(
                "SELECT id, owner FROM batches WHERE owner != '' AND id IN (SELECT batch FROM jobs WHERE ended = 0)"
            )
            changes = _since(database, cursor) if cursor else JournalChanges((), (), _end(database))
            return Takeover(jobs, unreadable, dict(owners.fetchall()), changes)

        return await self._read(work)

    async def since(self, cursor: JournalCursor) -> JournalChanges:
        """The changes after the cursor."""
        return await self._read(lambda database: _since(database, cursor))

    async def batches(self, limit: int) -> tuple[Batch, ...]:
        """The newest batches with their jobs, newest first."""

        def work(database: sqlite3.Connection) -> tuple[Batch, ...]:
            rows = database.execute(
                "SELECT id, created FROM batches ORDER BY number DESC LIMIT ?", (limit,)
            ).fetchall()
            return tuple(
                Batch(batch, _moment(created), *_jobs(database, "WHERE batch = ?", batch)) for batch, created in rows
            )

        return await self._read(work)

    async def unreadable(self) -> tuple[UnreadableJob, ...]:
        """Jobs that have not ended and whose rows can't be read."""
        return (await self._read(lambda database: _jobs(database, "WHERE ended = 0")))[1]

    # -- on the journal's thread --------------------------------------------------------------------------------

    def _open(self) -> None:
        made = self._path.with_name(JOURNAL_MADE_FILE)
        if made.exists() and not (self._path.exists() and (self._path.is_dir() or self._path.stat().st_size)):
            raise BrokenJournalError(*_broken(self._path, "it is missing or empty, though there was one"))
        make_file(self._path)
        database = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
        try:
            _use_wal(database)
            database.execute("PRAGMA synchronous = FULL")
            with _transaction(database):
                self._prepare(database)
            make_file(made)
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
        missing = (_SCHEMA if version == 0 else "") + (_SINCE_VERSION_1 if version < 2 else "")
        missing += _SINCE_VERSION_2 if version < 3 else ""
        for statement in filter(str.strip, missing.split(";")):
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
            [(job.id, job.batch, change, job.over, body_of(job)) for job in jobs],
        )
        database.executemany(
            "INSERT INTO events (batch, body) VALUES (?, ?)", [(event.batch, to_text(event)) for event in events]
        )

    def _drop_old_batches(self, database: sqlite3.Connection) -> None:
        """Deletes the oldest batches beyond `MAX_BATCHES`, except those with a job that has not ended."""
        old = (
            "SELECT id FROM batches WHERE number <= (SELECT max(number) FROM batches) - ? "
            "AND id NOT IN (SELECT batch FROM jobs WHERE ended = 0)"
        )
        rows = database.execute(old, (MAX_BATCHES,)).fetchall()
        for table, column in (("events", "batch"), ("jobs", "batch"), ("batches", "id")):
            database.executemany(f"DELETE FROM {table} WHERE {column} = ?", rows)  # noqa: S608 - constants

    # -- from the event loop to that thread ---------------------------------------------------------------------

    async def _change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def transaction() -> T:
            with _transaction(self._opened()):
                return work(self._opened())

        return await self._run(transaction)

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def snapshot() -> T:
            """Reads in one transaction, so that nothing changes in between."""
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
            if is_locked(error):
                raise locked(self._path) from error
            raise JournalError(
                f"the journal {self._path} cannot be used: {error}",
                "Make room on the disk and check that the folder can be written; nothing is sent meanwhile.",
            ) from error
        except sqlite3.DatabaseError as error:
            raise BrokenJournalError(*_broken(self._path, str(error))) from error
        except OSError as error:
            raise JournalError(f"the journal {self._path} cannot be opened: {error}", "Check its folder.") from error


def _use_wal(database: sqlite3.Connection) -> None:
    """Switches to write-ahead logging. While another process does the same, SQLite reports SQLITE_BUSY at once,
    without waiting for its time-out: so it is tried again here."""
    until = time.monotonic() + BUSY_TIMEOUT
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


def _jobs(
    database: sqlite3.Connection, where: str, *values: object
) -> tuple[tuple[Job, ...], tuple[UnreadableJob, ...]]:
    query = f"SELECT id, batch, ended, body FROM jobs {where} ORDER BY number"  # noqa: S608 - constants
    return readable_and_unreadable(database.execute(query, values).fetchall())


def _since(database: sqlite3.Connection, cursor: JournalCursor) -> JournalChanges:
    jobs, unreadable = _jobs(database, "WHERE change > ?", cursor.change)
    rows = database.execute("SELECT body FROM events WHERE number > ? ORDER BY number", (cursor.event,)).fetchall()
    return JournalChanges(jobs, tuple(_events(body for (body,) in rows)), _end(database), unreadable)


def _events(bodies: Iterable[object]) -> Iterator[JobEvent]:
    """The events that can be read. Others are left out: they are only shown, and the state is in the jobs."""
    for body in bodies:
        with contextlib.suppress(RowError):
            yield parsed(body, JobEvent)


def _command(kind: object, jobs: object) -> JobCommand | None:
    try:
        ids = json.loads(str(jobs))
        return (
            JobCommand(JobCommandKind(str(kind)), tuple(str(job_id) for job_id in ids))
            if isinstance(ids, list)
            else None
        )
    except ValueError:
        return None


def _moment(text: object) -> datetime:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


def _end(database: sqlite3.Connection) -> JournalCursor:
    return JournalCursor(_last_change(database), _number(database, "SELECT max(number) FROM events"))


def _last_change(database: sqlite3.Connection) -> int:
    return _number(database, "SELECT max(change) FROM jobs")


def _number(database: sqlite3.Connection, query: str) -> int:
    return int(database.execute(query).fetchone()[0] or 0)


def _broken(path: Path, reason: str) -> tuple[str, str]:
    return f"the journal {path} cannot be read: {reason}", advice(path.parent, examine(path))
