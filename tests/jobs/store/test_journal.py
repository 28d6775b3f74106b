"""The journal: durable, whole, readable by others, and honest about what it can't do."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.events import Failure, JobEventKind
from hsnap_tui.jobs.core.job_commands import JobCommand, JobCommandKind
from hsnap_tui.jobs.core.model import (
    HoldReason,
    IfLocked,
    IfStillOn,
    JobState,
    Phase,
    Power,
    RequestKind,
    SnapshotJob,
    SnapshotOptions,
    TrackedRequest,
)
from hsnap_tui.jobs.store.codec import from_text, to_text
from hsnap_tui.jobs.store.damaged_state import DamagedState, examine
from hsnap_tui.jobs.store.errors import BrokenJournalError, JournalError
from hsnap_tui.jobs.store.journal import _SCHEMA, MAX_BATCHES, Journal, JournalCursor
from tests.jobs.store.samples import NOW, event, job


async def test_what_was_written_is_there_after_reopening(journal: Journal, tmp_path: Path) -> None:
    jobs = [job(1), job(2)]
    await journal.add_batch("b1", NOW, jobs, [event(of) for of in jobs])
    sent = job(
        1, state=JobState.REQUESTING, create_image=TrackedRequest(RequestKind.CREATE_IMAGE, Phase.SENT, 1, NOW, NOW)
    )
    await journal.save([sent], [event(sent, JobEventKind.REQUESTING)])
    await journal.close()
    again = Journal(tmp_path / "journal.sqlite3")
    await again.open()
    assert (await again.take_over(None)).jobs == (sent, jobs[1])
    (batch,) = await again.batches(10)
    assert (batch.id, batch.created, batch.jobs) == ("b1", NOW, (sent, jobs[1]))
    changes = await again.since(JournalCursor())
    assert [told.kind for told in changes.events] == [
        JobEventKind.QUEUED,
        JobEventKind.QUEUED,
        JobEventKind.REQUESTING,
    ]
    await again.close()


async def test_it_is_written_through_to_the_disk(journal: Journal, tmp_path: Path) -> None:
    await journal.add_batch("b1", NOW, [job(1)], [])
    opened = journal._database
    assert opened is not None
    assert opened.execute("PRAGMA synchronous").fetchone() == (2,), "FULL"
    with sqlite3.connect(tmp_path / "journal.sqlite3") as other:
        assert other.execute("SELECT count(*) FROM jobs").fetchone() == (1,)
    other.close()
    await journal.close()


async def test_another_process_reads_what_has_changed_since_it_last_looked(journal: Journal, tmp_path: Path) -> None:
    other = Journal(tmp_path / "journal.sqlite3")
    await other.open()
    await journal.add_batch("b1", NOW, [job(1), job(2)], [])
    cursor = (await other.take_over(None)).changes.cursor
    version = await other.version()
    assert (await other.since(cursor)).jobs == ()
    changed = job(2, state=JobState.DONE, ended=NOW)
    await journal.save([changed], [event(changed, JobEventKind.DONE)])
    assert await other.version() != version
    changes = await other.since(cursor)
    assert changes.jobs == (changed,)
    assert [told.kind for told in changes.events] == [JobEventKind.DONE]
    assert (await other.since(changes.cursor)).jobs == ()
    await other.close()
    await journal.close()


async def test_a_job_command_is_taken_once(journal: Journal, tmp_path: Path) -> None:
    other = Journal(tmp_path / "journal.sqlite3")
    await other.open()
    await other.add_command(JobCommand(JobCommandKind.CANCEL, ("job1", "job2")))
    await other.add_command(JobCommand(JobCommandKind.RELEASE, ("job3",)))
    assert await journal.take_commands() == (
        JobCommand(JobCommandKind.CANCEL, ("job1", "job2")),
        JobCommand(JobCommandKind.RELEASE, ("job3",)),
    )
    assert await journal.take_commands() == ()
    await other.close()
    await journal.close()


async def test_old_batches_are_forgotten_unless_something_in_them_is_open(journal: Journal) -> None:
    await journal.add_batch("open", NOW, [job(1, "open")], [])
    for number in range(MAX_BATCHES + 1):
        ended = job(10 + number, f"b{number}", state=JobState.DONE, ended=NOW)
        await journal.add_batch(f"b{number}", NOW + timedelta(minutes=number), [ended], [event(ended)])
    kept = [batch.id for batch in await journal.batches(MAX_BATCHES * 2)]
    assert len(kept) == MAX_BATCHES + 1
    assert kept[-1] == "open"
    assert "b0" not in kept
    await journal.close()


async def test_a_file_that_is_no_journal_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(b"this is not a database, but it is long enough to be taken for one" * 40)
    journal = Journal(path)
    with pytest.raises(BrokenJournalError, match="cannot be read"):
        await journal.open()
    await journal.close()


async def test_a_journal_of_a_newer_program_is_refused(journal: Journal, tmp_path: Path) -> None:
    await journal.close()
    with sqlite3.connect(tmp_path / "journal.sqlite3") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    newer = Journal(tmp_path / "journal.sqlite3")
    with pytest.raises(JournalError, match="newer hsnap-tui"):
        await newer.open()
    await newer.close()


async def test_a_full_disk_is_said_and_a_batch_is_written_whole_or_not_at_all(journal: Journal) -> None:
    await journal.add_batch("b1", NOW, [job(1)], [])
    opened = journal._database
    assert opened is not None
    pages = opened.execute("PRAGMA page_count").fetchone()[0]
    opened.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalError, match="full"):
        await journal.add_batch("b2", NOW, [job(n, "b2", description="x" * 4000) for n in range(2, 40)], [])
    opened.execute("PRAGMA max_page_count = 100000")
    assert (await journal.take_over(None)).jobs == (job(1),)
    assert [batch.id for batch in await journal.batches(10)] == ["b1"]
    await journal.close()


async def test_a_folder_in_its_place_is_said(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    path.mkdir()
    journal = Journal(path)
    with pytest.raises(JournalError):
        await journal.open()
    await journal.close()


async def test_a_journal_of_the_first_version_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    with sqlite3.connect(path) as database:
        for statement in filter(str.strip, _SCHEMA.split(";")):
            database.execute(statement)
        database.execute("INSERT INTO batches (id, created) VALUES ('b1', ?)", (NOW.isoformat(),))
        row = ("job1", "b1", to_text(job(1)))
        database.execute("INSERT INTO jobs (id, batch, change, ended, body) VALUES (?, ?, 1, 0, ?)", row)
        database.execute("INSERT INTO wishes (kind, jobs) VALUES ('cancel', '[\"job1\"]')")
        database.execute("PRAGMA user_version = 1")
    database.close()
    journal = Journal(path)
    await journal.open()
    taken = await journal.take_over(None)
    assert (taken.jobs, taken.owners) == ((job(1),), {})
    assert await journal.take_commands() == (JobCommand(JobCommandKind.CANCEL, ("job1",)),)
    await journal.remember("it")
    await journal.close()
    assert examine(path).identity == "it"


async def test_what_the_project_is_known_by_is_kept_beside_the_jobs(journal: Journal, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    assert examine(path) == DamagedState(None, (), 0, complete=True)
    await journal.remember("one")
    await journal.remember("two")
    await journal.add_batch("b1", NOW, [job(1)], [])
    assert examine(path) == DamagedState("two", (), 1, complete=True)
    assert examine(tmp_path / "elsewhere" / "journal.sqlite3").complete
    await journal.close()


moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
spans = st.integers(1, 10**6).map(lambda seconds: timedelta(seconds=seconds))
sendings = st.builds(
    TrackedRequest,
    kind=st.sampled_from(RequestKind),
    phase=st.sampled_from(Phase),
    attempts=st.integers(0, 9),
    first_intent=st.none() | moments,
    unknown_since=st.none() | moments,
    action_id=st.none() | st.integers(1, 2**53),
    ruled_out=st.lists(st.integers(1, 2**53), max_size=3).map(tuple),
)


options = st.builds(
    SnapshotOptions,
    if_locked=st.sampled_from(IfLocked),
    max_wait=st.none() | spans,
    shut_down=st.booleans(),
    if_still_on=st.sampled_from(IfStillOn),
    off_within=spans,
    at_a_time=st.integers(1, 50),
    labels=st.dictionaries(texts, texts, max_size=3),
)


jobs = st.builds(
    SnapshotJob,
    id=texts,
    batch=texts,
    project=texts,
    server_id=st.integers(1, 2**53),
    server_name=texts,
    description=texts,
    options=options,
    created=moments,
    state=st.sampled_from(JobState),
    hold=st.none() | st.sampled_from(HoldReason),
    failure=st.none() | st.builds(Failure, texts, texts, texts, st.none() | texts),
    result=st.none() | st.sampled_from(JobState),
    create_image=sendings,
    shutdown=sendings,
    power_off=sendings,
    power_on=sendings,
    power=st.sampled_from(Power),
    off_at=st.none() | moments,
    size=st.none() | st.floats(0, 10**4),
    void_images=st.lists(st.integers(1, 2**53), max_size=3).map(tuple),
)


@given(jobs)
def test_a_job_survives_the_journal_unchanged(made: SnapshotJob) -> None:
    assert from_text(to_text(made), SnapshotJob) == made


async def test_a_job_of_an_earlier_version_is_read_with_the_present_names(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    journal = Journal(path)
    await journal.open()
    sent = job(1, create_image=TrackedRequest(RequestKind.CREATE_IMAGE, Phase.SENT, 1, NOW, NOW, unknown_since=NOW))
    await journal.add_batch("b1", NOW, [sent], [])
    await journal.close()
    earlier = {"create_image": "create", "unknown_since": "doubt_since", "kind": "verb"}
    with sqlite3.connect(path) as database:
        (body,) = database.execute("SELECT body FROM jobs").fetchone()
        for new, old in earlier.items():
            assert f'"{new}":' in body
            body = body.replace(f'"{new}":', f'"{old}":')
        database.execute("UPDATE jobs SET body = ?", (body,))
    database.close()
    again = Journal(path)
    await again.open()
    assert (await again.take_over(None)).jobs == (sent,)
    await again.close()
