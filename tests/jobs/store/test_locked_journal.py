"""A process that stands still within a write keeps the journal locked: the leader is named, if it is the one."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hsnap_tui.jobs.core.job_commands import JobCommand, JobCommandKind
from hsnap_tui.jobs.store import journal as journal_module
from hsnap_tui.jobs.store.errors import JournalError
from hsnap_tui.jobs.store.journal import Journal
from hsnap_tui.jobs.store.leader import Leader

LEADER = 4711


@contextmanager
def within_a_write(folder: Path) -> Iterator[None]:
    """Another process has begun to write, and does not go on."""
    with closing(sqlite3.connect(folder / "journal.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def leading(folder: Path, pid: int, silent: float) -> Iterator[None]:
    """A process that has the right to send and has shown no sign of life for some seconds."""
    leader = Leader(folder)
    assert leader.try_to_lead()
    (folder / "leader").write_text(str(pid), encoding="ascii")
    at = time.time() - silent
    os.utime(folder / "heartbeat", (at, at))
    yield
    leader.release()


@pytest.fixture
async def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    """An open journal that waits no longer than it must for others."""
    monkeypatch.setattr(journal_module, "BUSY_TIMEOUT", 0.0)
    made = Journal(tmp_path / "journal.sqlite3")
    await made.open()
    return made


async def refusal(journal: Journal) -> JournalError:
    """What writing says."""
    with pytest.raises(JournalError) as caught:
        await journal.add_command(JobCommand(JobCommandKind.CANCEL, ("j1",)))
    return caught.value


async def test_the_leader_that_stands_still_is_named(journal: Journal, tmp_path: Path) -> None:
    with within_a_write(tmp_path), leading(tmp_path, LEADER, silent=60):
        error = await refusal(journal)
    assert "another hsnap-tui (PID 4711) is in charge, has not responded since " in str(error)
    assert "kill -CONT 4711" in error.failure.advice
    assert "hsnap-tui resume" in error.failure.advice


async def test_it_is_named_to_a_process_that_starts(journal: Journal, tmp_path: Path) -> None:
    named = r"PID 4711.* has not responded since \d\d:\d\d:\d\d"
    with within_a_write(tmp_path), leading(tmp_path, LEADER, silent=60), pytest.raises(JournalError, match=named):
        await Journal(tmp_path / "journal.sqlite3").open()


@pytest.mark.parametrize(("pid", "silent"), [(LEADER, 0.0), (os.getpid(), 60.0)], ids=["another", "this process"])
async def test_a_leader_that_works_is_not_blamed(journal: Journal, tmp_path: Path, pid: int, silent: float) -> None:
    with within_a_write(tmp_path), leading(tmp_path, pid, silent):
        error = await refusal(journal)
    assert str(error).startswith("another process keeps the journal ")
    assert "PID" not in str(error) + error.failure.advice


async def test_a_leader_that_has_ended_is_not_blamed(journal: Journal, tmp_path: Path) -> None:
    with leading(tmp_path, LEADER, silent=60):
        pass
    with within_a_write(tmp_path):
        assert "PID" not in str(await refusal(journal))


async def test_without_a_lock_it_is_another_error(journal: Journal, tmp_path: Path) -> None:
    database = journal._database
    assert database is not None
    database.execute("PRAGMA query_only = 1")
    with leading(tmp_path, LEADER, silent=60):
        assert "locked" not in str(await refusal(journal))
