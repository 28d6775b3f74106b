"""How jobs are grouped: each that has not ended is in one group, and what is off is never left out."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.jobs.core import groups
from hsnap_tui.jobs.core.model import (
    JobState,
    Phase,
    Power,
    RequestKind,
    SnapshotJob,
    SnapshotOptions,
    TrackedRequest,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@st.composite
def jobs(draw: st.DrawFn) -> list[SnapshotJob]:
    """Jobs in any state."""
    return [
        SnapshotJob(
            id=str(number),
            batch="b",
            project="p",
            server_id=number,
            server_name=f"server-{number}",
            description="d",
            options=SnapshotOptions(),
            created=NOW,
            state=draw(st.sampled_from(JobState)),
            power=draw(st.sampled_from(Power)),
            watching=draw(st.booleans()),
            create_image=TrackedRequest(RequestKind.CREATE_IMAGE, draw(st.sampled_from(Phase))),
        )
        for number in range(draw(st.integers(0, 6)))
    ]


@given(jobs())
def test_each_job_that_has_not_ended_is_in_one_group(chosen: list[SnapshotJob]) -> None:
    found = groups.grouped(chosen)
    grouped = [*found.waiting, *found.running, *found.held, *found.unknown]
    assert sorted(job.id for job in grouped) == sorted(job.id for job in chosen if not job.state.ended)
    assert all(job.approvable for job in found.held)
    assert not any(job.resting for job in (*found.waiting, *found.running))


@given(jobs())
def test_a_job_in_progress_has_its_snapshot_requested_or_not(chosen: list[SnapshotJob]) -> None:
    before, after = groups.without_snapshot_request(chosen), groups.with_snapshot_request(chosen)
    assert sorted(job.id for job in (*before, *after)) == sorted(job.id for job in chosen if not job.resting)
    assert all(job.cancellable for job in before), "what is offered for cancelling can be cancelled"


@given(jobs())
def test_a_server_that_waits_for_its_power_on_is_always_among_those_that_are_off(chosen: list[SnapshotJob]) -> None:
    off = groups.servers_off(chosen)
    assert {job.id for job in chosen if job.power is Power.RESTORE_PENDING} <= {job.id for job in off}
    left = {job.id for job in groups.may_still_shut_down(chosen)}
    assert left == {job.id for job in chosen if job.state.ended and job.power is Power.WATCHED}


@given(jobs())
def test_jobs_are_at_rest_when_none_goes_on_without_a_person(chosen: list[SnapshotJob]) -> None:
    found = groups.grouped(chosen)
    assert groups.all_at_rest(chosen) == (bool(chosen) and not found.waiting and not found.running)
