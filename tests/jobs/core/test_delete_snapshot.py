"""The job that deletes a snapshot: whatever is lost or late, its end tells the truth, and nothing else is deleted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.cloud.errors import CloudError, Effect, ErrorKind
from hsnap_tui.cloud.model import Image
from hsnap_tui.demo.model.faults import Fault
from hsnap_tui.jobs.core.delete_snapshot import DeleteRequest, DeleteSnapshotJob, DeleteTarget, step
from hsnap_tui.jobs.core.model import Job, JobState, RequestKind, SnapshotJob, SnapshotOptions
from hsnap_tui.jobs.core.observations import (
    AnswerLost,
    ImageLookedUp,
    JobObservation,
    LookUpFailed,
    RequestDone,
    RequestRefused,
    Send,
    StepContext,
    Tick,
)
from hsnap_tui.jobs.store.rows import UnreadableJob, body_of, job_of, parsed_job
from tests.jobs.support import Desk, desk, simulated

START = datetime(2026, 1, 1, tzinfo=UTC)
DELETE = RequestKind.DELETE_IMAGE


def new_job() -> DeleteSnapshotJob:
    (made,) = DeleteRequest((DeleteTarget(7, "snapshot 7", "web"),)).jobs("b", "p", START, lambda: "j")
    return made


ANSWERS = st.lists(
    st.sampled_from(["done", "lost", "lost but done", "late", "locked", "busy", "look-up fails", "somebody else"]),
    max_size=12,
)


@given(ANSWERS, st.sampled_from(["snapshot", "backup", "system"]), st.booleans())
def test_whatever_is_lost_or_late_the_end_is_true(answers: list[str], kind: str, protected: bool) -> None:
    job, now, there, late, sent = new_job(), START, True, None, 0
    observation: JobObservation = Tick()
    for _ in range(400):
        if late is not None and now >= late:
            there, late = False, None
        made = step(job, observation, StepContext(now))
        job, command = made.job, made.command
        if job.resting:
            break
        observation, now = Tick(), now + timedelta(seconds=1)
        if command is None:
            continue
        answer = answers.pop(0) if answers else "done"
        there = there and answer != "somebody else"
        unclear = CloudError(ErrorKind.OUTCOME_UNKNOWN, "lost", Effect.POSSIBLE)
        if not isinstance(command, Send):
            image = Image(7, kind, "web", protected) if there else None
            observation = LookUpFailed(unclear) if answer == "look-up fails" else ImageLookedUp(DELETE, now, image)
            continue
        sent += 1
        if not there:
            observation = RequestRefused(DELETE, CloudError(ErrorKind.NOT_FOUND, "gone"))
        elif answer in ("lost", "lost but done", "late"):
            there = there and answer != "lost but done"
            late = now + timedelta(seconds=20) if answer == "late" else late
            observation = AnswerLost(DELETE, unclear)
        elif answer in ("locked", "busy"):
            reason = ErrorKind.LOCKED if answer == "locked" else ErrorKind.RATE_LIMITED
            observation = RequestRefused(DELETE, CloudError(reason, answer))
        else:
            there, observation = False, RequestDone(DELETE)
    assert job.resting, "it comes to an end"
    assert (job.state is JobState.DONE) == (not there)
    assert not sent or (kind == "snapshot" and not protected), "what may not be deleted is never asked for"
    assert parsed_job(body_of(job)) == job, "the journal keeps it with its kind"


async def deleted(at: Desk, ids: list[int]) -> dict[int, DeleteSnapshotJob]:
    await at.session.jobs.ready.wait()
    batch = await at.session.jobs.submit(
        DeleteRequest(tuple(DeleteTarget(number, f"snapshot {number}", "") for number in ids))
    )

    def ours() -> list[Job]:
        return [job for job in at.session.jobs.by_id.values() if job.batch == batch]

    await at.until(lambda: all(job.resting for job in ours()))
    return {job.image_id or 0: job for job in ours() if isinstance(job, DeleteSnapshotJob)}


@pytest.mark.parametrize("fault", ["500", "empty", "null", "429"])
async def test_over_http_each_outcome_is_true(tmp_path: Path, fault: str) -> None:
    with simulated() as served:
        async with desk(served, tmp_path) as at:
            await at.start()
            await at.ended()
            made = [job.image_id or 0 for job in at.jobs()]
            system = served.call(lambda cloud: next(i.id for i in cloud.images.values() if i.type == "system"))
            served.call(lambda cloud: setattr(cloud.images[made[0]], "protected", True))
            served.add_fault(Fault(fault, "DELETE", "*", times=1))
            jobs = await deleted(at, [*made, 999_999, system])
            left = served.call(lambda cloud: set(cloud.images))
            assert {number for number, job in jobs.items() if job.state is JobState.FAILED} == {made[0], system}
            assert all(job.state is JobState.DONE for number, job in jobs.items() if number not in (made[0], system))
            assert left & {*made, 999_999, system} == {made[0], system}


def test_a_row_without_a_kind_is_a_snapshot_and_one_of_an_unknown_kind_is_not_guessed() -> None:
    made = SnapshotJob("j", "b", "p", 1, "web", "d", START, SnapshotOptions())
    plain = json.loads(body_of(made))
    assert plain.pop("kind") == "snapshot"
    assert parsed_job(json.dumps(plain)) == made
    found = job_of(("j", "b", 0, json.dumps({**plain, "kind": "rebuild"})))
    assert isinstance(found, UnreadableJob)
    assert "kind" in found.reason
    broken = json.dumps({**json.loads(body_of(new_job())), "created": "never"})
    harmless = job_of(("j", "b", 0, broken))
    assert isinstance(harmless, UnreadableJob)
    assert not harmless.may_be_off, "a deletion switches no server off"
