"""Shutdowns that may still take effect (pure): the server is watched, and powered on if it goes off.

A guest obeys an ACPI request when it likes: after its updates, or when a person answers its dialog. So a server that
did not go off in time is still ours to power on: it is looked at for a while, and after that whenever it is seen
anyway, in this process or by the first look of the next one. The watch ends when it is seen running after a day.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs.core import tracked_request
from hsnap_tui.jobs.core.model import JobState, Phase, Power, SnapshotJob
from hsnap_tui.jobs.core.observations import ServerSeen
from hsnap_tui.jobs.core.snapshot import power
from hsnap_tui.jobs.core.snapshot.step_builder import SnapshotStepBuilder

WATCHED_FOR = timedelta(minutes=15)
"""How long after a shutdown reached it a server that did not go off is asked for again and again."""

EXPECTED_FOR = timedelta(days=1)
"""How long after that a shutdown is expected to work late: a server that is seen running then has not obeyed."""


def may_work_late(job: SnapshotJob) -> bool:
    """Whether a shutdown or power-off of ours reached the server, or may have, and has not been seen to work."""
    asked = any(request.phase is Phase.ACCEPTED or request.missing for request in (job.shutdown, job.power_off))
    return asked or job.watch_until is not None


def begin(builder: SnapshotStepBuilder, seen: ServerSeen, why: str) -> None:
    """From now on it is watched; the job itself may end. If it is not seen running, that counts from now.

    What an earlier process has asked for counts from the takeover: no clock tells how long ago that was.
    """
    requests = [request for request in (builder.job.shutdown, builder.job.power_off) if request.attempts]
    since = max((power.reached(builder, request) for request in requests), default=builder.job.created)
    since = max(since, builder.job.taken_over or since)
    if seen.server is not None and seen.server.status is not ServerStatus.RUNNING:
        since = seen.started
    until = since + WATCHED_FOR
    builder.set(power=Power.WATCHED, watch_until=until, expected_until=since + EXPECTED_FOR)
    observe(builder, seen)
    if builder.job.power is Power.WATCHED:
        seconds = (until - builder.now).total_seconds() if builder.job.watching else None
        builder.tell(JobEventKind.WATCHED, note=why, seconds=seconds)


def begin_for_lost(builder: SnapshotStepBuilder) -> bool:
    """After the server was powered on, watches for what was lost before and may arrive against all expectation."""
    lost = [
        request.lost_at
        for request in (builder.job.shutdown, builder.job.power_off)
        if request.missing and request.lost_at
    ]
    until = max(lost, default=None)
    if until is None or builder.now >= until + tracked_request.LATE:
        return False
    until += tracked_request.LATE
    builder.set(power=Power.WATCHED, watching=True, watch_until=until, expected_until=until)
    seconds = (until - builder.now).total_seconds()
    builder.tell(JobEventKind.WATCHED, note="an answer was lost", seconds=seconds)
    return True


def observe(builder: SnapshotStepBuilder, seen: ServerSeen) -> None:
    """What it means how a watched server was seen."""
    job = builder.job
    if seen.server is None:
        power.end_restoring(builder, JobEventKind.LEFT_ALONE, "the server is gone")
    elif seen.server.status is ServerStatus.OFF:
        _went_off(builder, seen)
    elif _passed(job.expected_until, seen) and _known_to_run(job, seen):
        power.end_restoring(builder, None)
    elif (watching := not _passed(job.watch_until, seen)) is not job.watching:
        builder.set(watching=watching)


def _known_to_run(job: SnapshotJob, seen: ServerSeen) -> bool:
    """Whether it runs; a status that says neither that nor off ends the watch only after as long again."""
    if seen.server is not None and seen.server.status is ServerStatus.RUNNING:
        return True
    return _passed(job.expected_until + EXPECTED_FOR if job.expected_until else None, seen)


def _passed(moment: datetime | None, seen: ServerSeen) -> bool:
    return moment is not None and seen.started >= moment


def _went_off(builder: SnapshotStepBuilder, seen: ServerSeen) -> None:
    """The restore is pending again; an earlier end of the job is only taken up again, not told twice."""
    job = builder.job
    start = tracked_request.again(job.power_on) if job.power_on.attempts else job.power_on
    builder.set(power=Power.RESTORE_PENDING, off_at=None, on_at=None, watching=False, power_on=start)
    power.note_off(builder, seen)
    if job.resting:
        builder.set(result=job.state, state=JobState.POWERING_ON)


def end(builder: SnapshotStepBuilder) -> None:
    """A person does not want it watched any longer."""
    power.end_restoring(builder, JobEventKind.LEFT_ALONE, "it is not watched any longer")


def take_over(builder: SnapshotStepBuilder) -> None:
    """A new process looks at least once at a server that may have gone off meanwhile, however long ago."""
    builder.set(watching=True)
    builder.tell(JobEventKind.RESUMED, note="watched")
