"""A journal that is damaged, in whole or in part: what can be read is, and what may be off is named."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs.core.job_commands import JobCommand, JobCommandKind
from hsnap_tui.jobs.core.model import (
    JobState,
    Power,
    SnapshotOptions,
)
from hsnap_tui.jobs.store.codec import to_text
from hsnap_tui.jobs.store.errors import BrokenJournalError
from hsnap_tui.jobs.store.journal import Journal, JournalCursor
from hsnap_tui.jobs.store.rows import UnreadableJob, job_of
from tests.jobs.store.samples import NOW, event, job


async def with_server_off(path: Path) -> None:
    """A journal with a job whose server is off because of us, and two others."""
    made = Journal(path)
    await made.open()
    off = job(1, power=Power.RESTORE_PENDING, options=SnapshotOptions(shut_down=True), state=JobState.SHUTTING_DOWN)
    await made.add_batch("b1", NOW, [off, job(2)], [event(off), event(job(2))])
    settled = job(3, "b2", power=Power.RESTORED, options=SnapshotOptions(shut_down=True), state=JobState.CREATING)
    await made.add_batch("b2", NOW, [settled], [event(settled)])
    await made.close()
    for beside in path.parent.glob(f"{path.name}-*"):
        beside.unlink()


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def nothing_left(path: Path) -> None:
    path.write_bytes(b"")


def gone(path: Path) -> None:
    path.unlink()


def overwritten(path: Path) -> None:
    path.write_bytes(b"this is no journal " * 1000)


def header_overwritten(path: Path) -> None:
    path.write_bytes(b"x" * 100 + path.read_bytes()[100:])


def inside_overwritten(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * 4096 + content[8192:])


@pytest.mark.parametrize(
    "damage",
    [half, nothing_left, gone, overwritten, header_overwritten, inside_overwritten],
    ids=lambda f: f.__name__,
)
async def test_a_damaged_journal_is_refused_and_left_as_it_is(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    folder = tmp_path / "projects" / "p"
    folder.mkdir(parents=True)
    path = folder / "journal.sqlite3"
    await with_server_off(path)
    damage(path)
    before = path.read_bytes() if path.exists() else None
    for _ in range(2):
        journal = Journal(path)
        with pytest.raises(BrokenJournalError, match="cannot be read") as caught:
            await journal.open()
        await journal.close()
        assert f"mv {folder} {tmp_path / 'p.aside'}" in caught.value.failure.advice
        advice = caught.value.failure.advice
        assert "Off because of hsnap-tui may be: sg1. There may be" in advice or "can't be told: look for" in advice
    assert (path.read_bytes() if path.exists() else None) == before
    assert {found.suffix for found in folder.iterdir()} <= {".sqlite3", ".made", ".sqlite3-shm", ".sqlite3-wal"}


@pytest.mark.parametrize("earlier", [False, True], ids=["present", "of an earlier version"])
async def test_a_damaged_journal_still_names_the_servers_that_may_be_off(tmp_path: Path, earlier: bool) -> None:
    path = tmp_path / "journal.sqlite3"
    await with_server_off(path)
    if earlier:
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE jobs SET body = replace(body, '\"restore_pending\"', '\"owed\"')")
            assert database.total_changes
    header_overwritten(path)
    journal = Journal(path)
    with pytest.raises(BrokenJournalError) as caught:
        await journal.open()
    await journal.close()
    assert "Off because of hsnap-tui may be: sg1. There may be more." in caught.value.failure.advice


def spoil(path: Path, job_id: str, body: object) -> None:
    with sqlite3.connect(path) as database:
        database.execute("UPDATE jobs SET body = ? WHERE id = ?", (body, job_id))
    database.close()


BODIES: dict[str, Callable[[str], object]] = {
    "cut": lambda text: text[:150],
    "a field of a newer version": lambda text: text.replace('"shutting_down"', '"hibernating"'),
    "blob": lambda text: text.encode(),
    "no object": lambda _: "[]",
    "empty": lambda _: "",
    "null": lambda _: "null",
    "number": lambda _: 7,
    "of another job": lambda text: text.replace('"id":"job1"', '"id":"job2"'),
    "deep": lambda _: "[" * 100_000,
}


@pytest.mark.parametrize("kind", BODIES)
async def test_one_row_that_cannot_be_read_stops_no_other(journal: Journal, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "journal.sqlite3"
    off = job(1, power=Power.RESTORE_PENDING, options=SnapshotOptions(shut_down=True), state=JobState.SHUTTING_DOWN)
    await journal.add_batch("b1", NOW, [off, job(2)], [event(off)], "me")
    cursor = (await journal.take_over(None)).changes.cursor
    spoil(path, "job1", BODIES[kind](to_text(off)))
    taken = await journal.take_over(JournalCursor())
    assert taken.jobs == (job(2),)
    (bad,) = taken.unreadable
    assert (bad.id, bad.batch, bad.may_be_off) == ("job1", "b1", True)
    if kind in ("cut", "a field of a newer version", "blob", "of another job"):
        assert (bad.server_id, bad.server_name) == (1, "sg1")
    assert taken.owners == {"b1": "me"}
    (batch,) = await journal.batches(5)
    assert (batch.jobs, batch.unreadable) == ((job(2),), (bad,))
    assert await journal.unreadable() == (bad,)
    changed = job(2, state=JobState.DONE, ended=NOW)
    await journal.save([changed], [event(changed, JobEventKind.DONE)])
    assert (await journal.since(cursor)).jobs == (changed,)
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM jobs WHERE id = 'job1' AND ended = 0").fetchone() == (1,)
    database.close()
    await journal.close()


@given(st.binary(max_size=400) | st.text(max_size=400))
def test_no_row_whatever_is_in_it_is_an_error(body: bytes | str) -> None:
    assert isinstance(job_of(("job1", "b1", 0, body)), UnreadableJob)


@given(st.integers(0, 2000))
def test_a_cut_row_never_hides_that_its_server_may_be_off(length: int) -> None:
    text = to_text(
        job(1, power=Power.RESTORE_PENDING, options=SnapshotOptions(shut_down=True), state=JobState.SHUTTING_DOWN)
    )
    if length < len(text):
        found = job_of(("job1", "b1", 0, text[:length]))
        assert isinstance(found, UnreadableJob)
        assert found.may_be_off


async def test_an_event_and_a_job_command_that_cannot_be_read_are_passed_over(
    journal: Journal, tmp_path: Path
) -> None:
    await journal.add_batch("b1", NOW, [job(1)], [event(job(1)), event(job(1), JobEventKind.WAITING)])
    await journal.add_command(JobCommand(JobCommandKind.CANCEL, ("job1",)))
    await journal.add_command(JobCommand(JobCommandKind.RELEASE, ("job1",)))
    with sqlite3.connect(tmp_path / "journal.sqlite3") as database:
        database.execute("UPDATE events SET body = '{' WHERE number = 1")
        database.execute("UPDATE commands SET kind = 'shout' WHERE number = 1")
        database.execute("UPDATE batches SET created = 'yesterday'")
    database.close()
    changes = await journal.since(JournalCursor())
    assert [told.kind for told in changes.events] == [JobEventKind.WAITING]
    assert await journal.take_commands() == (JobCommand(JobCommandKind.RELEASE, ("job1",)),)
    (batch,) = await journal.batches(5)
    assert batch.jobs == (job(1),)
    await journal.close()
