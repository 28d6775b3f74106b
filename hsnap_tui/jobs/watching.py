"""Shutdowns that may still take effect (pure): the server is watched, and powered on if it goes off.

A guest obeys an ACPI request when it likes: after its updates, or when a person answers its dialog. So a server that
did not go off in time is still ours to power on: it is looked at for a while, and after that whenever it is seen
anyway, in this process or by the first look of the next one. The debt ends when it is seen running after a day.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs import power, sending
from hsnap_tui.jobs.draft import Draft
from hsnap_tui.jobs.model import Job, JobState, Phase, Power
from hsnap_tui.jobs.observations import Seen

WATCHED_FOR = timedelta(minutes=15)
"""How long after a shutdown reached it a server that did not go off is asked for again and again."""

OWED_FOR = timedelta(days=1)
"""How long after that a shutdown is reckoned with: a server that is seen running then has not obeyed."""


def may_work_late(job: Job) -> bool:
    """Whether a shutdown or power-off of ours reached the server, or may have, and has not been seen to work."""
    asked = any(request.phase is Phase.ACCEPTED or request.missing for request in (job.stop, job.cut))
    return asked or job.watch_until is not None


def begin(draft: Draft, seen: Seen, why: str) -> None:
    """From now on it is watched; the job itself may end. If it is not seen running, that counts from now."""
    requests = [request for request in (draft.job.stop, draft.job.cut) if request.attempts]
    since = max((power.reached(draft, request) for request in requests), default=draft.job.created)
    if seen.server is not None and seen.server.status is not ServerStatus.RUNNING:
        since = seen.started
    until = since + WATCHED_FOR
    draft.set(power=Power.WATCHED, watch_until=until, debt_until=since + OWED_FOR)
    observe(draft, seen)
    if draft.job.power is Power.WATCHED:
        seconds = (until - draft.now).total_seconds() if draft.job.watching else None
        draft.tell(JobEventKind.WATCHED, note=why, seconds=seconds)


def begin_for_lost(draft: Draft) -> bool:
    """After the server was powered on, watches for what was lost before and may arrive against all expectation."""
    lost = [request.lost_at for request in (draft.job.stop, draft.job.cut) if request.missing and request.lost_at]
    until = max(lost, default=None)
    if until is None or draft.now >= until + sending.LATE:
        return False
    until += sending.LATE
    draft.set(power=Power.WATCHED, watching=True, watch_until=until, debt_until=until)
    seconds = (until - draft.now).total_seconds()
    draft.tell(JobEventKind.WATCHED, note="an answer was lost", seconds=seconds)
    return True


def observe(draft: Draft, seen: Seen) -> None:
    """What a sight of a watched server means."""
    job = draft.job
    if seen.server is None:
        power.pay(draft, JobEventKind.LEFT_ALONE, "the server is gone")
    elif seen.server.status is ServerStatus.OFF:
        _went_off(draft, seen)
    elif _passed(job.debt_until, seen) and _known_to_run(job, seen):
        power.pay(draft, None)
    elif (watching := not _passed(job.watch_until, seen)) is not job.watching:
        draft.set(watching=watching)


def _known_to_run(job: Job, seen: Seen) -> bool:
    """Whether it runs; a status that says neither that nor off ends the debt only after as long again."""
    if seen.server is not None and seen.server.status is ServerStatus.RUNNING:
        return True
    return _passed(job.debt_until + OWED_FOR if job.debt_until else None, seen)


def _passed(moment: datetime | None, seen: Seen) -> bool:
    return moment is not None and seen.started >= moment


def _went_off(draft: Draft, seen: Seen) -> None:
    """The debt is back; an earlier end of the job is only taken up again, not told twice."""
    job = draft.job
    start = sending.again(job.start) if job.start.attempts else job.start
    draft.set(power=Power.OWED, off_at=None, on_at=None, watching=False, start=start)
    power.note_off(draft, seen)
    if job.resting:
        draft.set(result=job.state, state=JobState.POWERING_ON)


def end(draft: Draft) -> None:
    """A person does not want it watched any longer."""
    power.pay(draft, JobEventKind.LEFT_ALONE, "it is not watched any longer")


def take_over(draft: Draft) -> None:
    """A new process looks at least once at a server that may have gone off meanwhile, however long ago."""
    draft.set(watching=True)
    draft.tell(JobEventKind.RESUMED, note="watched")
