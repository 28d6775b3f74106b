"""Deletions of snapshots that are in the journal, on the screen: batches, log, status, quitting, approval."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hsnap_tui import events as ev
from hsnap_tui.events import Failure, JobEventKind
from hsnap_tui.jobs.core.delete_snapshot import DeleteRequest, DeleteSnapshotJob, DeleteTarget
from hsnap_tui.jobs.core.milestones import milestone
from hsnap_tui.jobs.core.model import HoldReason, JobState, Phase, RequestKind, TrackedRequest
from hsnap_tui.jobs.interface import BatchSummary
from tests.tui.driving import running, screen_text, until
from tests.tui.fake_session import NOW, PROJECT, FakeSession

PROTECTED = Failure("protected", "the snapshot is protected from deletion", "Switch its protection off.")


def deletions(*states: JobState) -> list[DeleteSnapshotJob]:
    """A deletion in each of these states."""
    targets = [
        DeleteTarget(7000 + n, f"snapshot {7000 + n} ([red]web 2026-07-0{n + 1})", "[/]old")
        for n in range(len(states))
    ]
    numbers = iter(range(1, 100))
    jobs = DeleteRequest(tuple(targets)).jobs("b9", PROJECT, NOW - timedelta(minutes=1), lambda: f"d{next(numbers)}")
    made = []
    for job, state in zip(jobs, states, strict=True):
        phase = Phase.SENT if state is JobState.REQUESTING else Phase.READY
        request = TrackedRequest(RequestKind.DELETE_IMAGE, phase)
        made.append(replace(job, state=state, delete_image=request, ended=NOW if state.ended else None))
    return made


def console(*states: JobState) -> tuple[FakeSession, list[DeleteSnapshotJob]]:
    """A screen with such a batch in its journal."""
    jobs = deletions(*states)
    made = FakeSession(jobs={})
    made.jobs.by_id = {job.id: job for job in jobs}
    made.jobs.past = [BatchSummary.of("b9", jobs[0].created, tuple(jobs))]
    return made, jobs


async def test_a_batch_of_deletions_is_told_as_what_it_is() -> None:
    made, jobs = console(JobState.DONE, JobState.DONE, JobState.FAILED, JobState.QUEUED)
    made.jobs.by_id |= {
        jobs[1].id: replace(jobs[1], gone_already=True),
        jobs[2].id: replace(jobs[2], failure=PROTECTED),
    }
    async with running(made, (120, 40)) as (app, pilot):
        await pilot.press("b")
        await until(pilot, lambda: "snapshot 7000 ([red]web 2026-07-01)" in screen_text(app))
        text = screen_text(app)
        assert "4 deletions, " in text
        assert "Snapshot" in text
        assert "Server" not in text
        assert "✓ deleted" in text
        assert "✓ gone already" in text
        assert "✗ failed" in text
        assert "the snapshot is protected from deletion" in text


async def test_the_log_and_the_status_count_deletions() -> None:
    made, jobs = console(JobState.REQUESTING, JobState.QUEUED)
    async with running(made, (140, 40)) as (app, pilot):
        made.emit(
            ev.BatchQueued(NOW, PROJECT, "b9", 2, jobs[0].kind),
            milestone(jobs[0], NOW, JobEventKind.REQUESTING),
            milestone(jobs[1], NOW, JobEventKind.FAILED, failure=PROTECTED),
        )
        await until(pilot, lambda: "protected: not deleted" in screen_text(app))
        text = screen_text(app)
        assert "2 deletions queued" in text
        assert "snapshot 7000" in text
        assert "1 queued, 1 deleting" in text
        await pilot.press("q")
        await until(pilot, lambda: "Quit hsnap-tui?" in screen_text(app))
        said = " ".join(screen_text(app).replace("│", " ").split())
        assert "1 deletion under way is looked up at the next start" in said
        assert "1 deletion not started" in said


async def test_approving_a_deletion_asks_once_more() -> None:
    made, jobs = console(JobState.NEEDS_APPROVAL)
    made.jobs.by_id = {jobs[0].id: replace(jobs[0], hold=HoldReason.OLD)}
    async with running(made, (120, 40)) as (app, pilot):
        assert "1 deletion needs approval" in screen_text(app)
        await pilot.press("y")
        await until(pilot, lambda: "This deletes, and that can't be undone: snapshot 7000" in screen_text(app))
        assert made.jobs.asked == []
        await pilot.press("escape")
        await pilot.pause()
        assert made.jobs.asked == []
        await pilot.press("y")
        await until(pilot, lambda: "This deletes" in screen_text(app))
        await pilot.press("right", "enter")
        await until(pilot, lambda: bool(made.jobs.asked))
        assert made.jobs.asked == [("release", (jobs[0].id,))]
