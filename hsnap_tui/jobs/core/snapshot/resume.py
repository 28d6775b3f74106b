"""What becomes of the jobs that an earlier process left in the journal (pure)."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs.core import tracked_request
from hsnap_tui.jobs.core.model import HoldReason, Job, JobState, Phase, Power, RequestKind
from hsnap_tui.jobs.core.observations import Step, StepContext
from hsnap_tui.jobs.core.snapshot import late_shutdown
from hsnap_tui.jobs.core.step_builder import StepBuilder

GOES_ON_WITHIN = timedelta(hours=1)
"""A job that was not started goes on by itself when it is younger than this: its reason still holds, most likely."""


def resume(job: Job, context: StepContext, *, own: bool) -> Step:
    """Takes a job over from a process that is gone.

    What was sent, and servers that must be switched on, go on. What was not started, or turns out not to have
    arrived, goes on when it is young and switches nothing off; otherwise it is held. `own` jobs, which this process
    asked for itself, always go on.
    """
    builder = StepBuilder(_not_in_the_future(job, context.now), context)
    if job.power is Power.WATCHED:
        late_shutdown.take_over(builder)
        builder.set(fresh_after=context.now)
    if job.resting:
        return builder.finish()
    builder.set(looking=None, fresh_after=context.now)
    if job.making_since is not None:
        builder.set(making_since=context.now)
    if job.power is Power.RESTORE_PENDING and job.off_at is None:
        builder.set(unseen_since=builder.job.shutdown.answered or builder.job.shutdown.last_intent)
    for request_kind in RequestKind:
        builder.set_request(tracked_request.interrupted(builder.request(request_kind), context.now))
    hold = None if own or job.cancelled else _hold_for(builder.job, context)
    job = builder.job
    if job.create_image.phase is Phase.ACCEPTED:
        builder.tell(JobEventKind.RESUMED, note="sent")
    elif job.result is not None:
        builder.tell(JobEventKind.RESUMED, note="owed" if job.power is Power.RESTORE_PENDING else None)
    elif job.create_image.phase is Phase.OUTCOME_UNKNOWN:
        builder.set(state=JobState.UNCLEAR, hold=job.hold or hold)
        builder.tell(JobEventKind.RESUMED, note="unclear")
    elif hold is None:
        builder.tell(JobEventKind.RESUMED, note="queued")
    else:
        if job.power is Power.RESTORE_PENDING:
            builder.tell(JobEventKind.RESUMED, note="owed")
        builder.hold(hold)
    step = builder.finish()
    return replace(step, job=replace(step.job, wake_at=None if step.job.state.needs_person else context.now))


T = TypeVar("T")

_MAY_BE_AHEAD = {
    "not_before": tracked_request.LONGEST_RETRY_AFTER,
    "unknown_until": tracked_request.SETTLE,
    "fresh_after": timedelta(seconds=1),
    "watch_until": late_shutdown.WATCHED_FOR,
    "debt_until": late_shutdown.OWED_FOR,
    "wake_at": late_shutdown.OWED_FOR,
}
"""How far after the present a moment may be that is planned; all others are past."""


def _not_in_the_future(thing: T, now: datetime) -> T:
    """The same with no moment that this process' clock says is still to come, beyond what can be planned.

    The clock of the process that wrote it may have been ahead, or has been set back since.
    """
    changes: dict[str, object] = {}
    for field in fields(thing):  # type: ignore[arg-type]
        value = getattr(thing, field.name)
        if isinstance(value, datetime):
            changes[field.name] = min(value, now + _MAY_BE_AHEAD.get(field.name, timedelta(0)))
        elif is_dataclass(value):
            changes[field.name] = _not_in_the_future(value, now)
    return replace(thing, **changes)  # type: ignore[type-var]


def _hold_for(job: Job, context: StepContext) -> HoldReason | None:
    """Why a job of an earlier process needs a yes before anything of it is started."""
    if job.power in (Power.RESTORE_PENDING, Power.RESTORED) or job.off_at is not None:
        return HoldReason.INTERRUPTED
    if job.options.shut_down:
        return HoldReason.SWITCHES_OFF
    return HoldReason.OLD if context.now - job.created >= GOES_ON_WITHIN else None
