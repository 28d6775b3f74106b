"""What becomes of the jobs that an earlier process left in the journal (pure)."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs import sending, watching
from hsnap_tui.jobs.draft import Draft
from hsnap_tui.jobs.model import HoldReason, Job, JobState, Phase, Power, Verb
from hsnap_tui.jobs.observations import Step, Turn

GOES_ON_WITHIN = timedelta(hours=1)
"""A job that was not started goes on by itself when it is younger than this: its reason still holds, most likely."""


def resume(job: Job, turn: Turn, *, own: bool) -> Step:
    """Takes a job over from a process that is gone.

    What was sent, and servers that must be switched on, go on. What was not started, or turns out not to have
    arrived, goes on when it is young and switches nothing off; otherwise it is held. `own` jobs, which this process
    asked for itself, always go on.
    """
    draft = Draft(_not_in_the_future(job, turn.now), turn)
    if job.power is Power.WATCHED:
        watching.take_over(draft)
        draft.set(fresh_after=turn.now)
    if job.resting:
        return draft.finish()
    draft.set(looking=None, fresh_after=turn.now)
    if job.making_since is not None:
        draft.set(making_since=turn.now)
    if job.power is Power.OWED and job.off_at is None:
        draft.set(unseen_since=draft.job.stop.answered or draft.job.stop.last_intent)
    for verb in Verb:
        draft.put(sending.interrupted(draft.sending(verb), turn.now))
    hold = None if own or job.cancelled else _hold_for(draft.job, turn)
    job = draft.job
    if job.create.phase is Phase.ACCEPTED:
        draft.tell(JobEventKind.RESUMED, note="sent")
    elif job.result is not None:
        draft.tell(JobEventKind.RESUMED, note="owed" if job.power is Power.OWED else None)
    elif job.create.phase is Phase.UNCLEAR:
        draft.set(state=JobState.UNCLEAR, hold=job.hold or hold)
        draft.tell(JobEventKind.RESUMED, note="unclear")
    elif hold is None:
        draft.tell(JobEventKind.RESUMED, note="queued")
    else:
        if job.power is Power.OWED:
            draft.tell(JobEventKind.RESUMED, note="owed")
        draft.hold(hold)
    step = draft.finish()
    return replace(step, job=replace(step.job, wake_at=None if step.job.state.needs_person else turn.now))


T = TypeVar("T")

_MAY_BE_AHEAD = {
    "not_before": sending.LONGEST_RETRY_AFTER,
    "doubt_until": sending.SETTLE,
    "fresh_after": timedelta(seconds=1),
    "watch_until": watching.WATCHED_FOR,
    "debt_until": watching.OWED_FOR,
    "wake_at": watching.OWED_FOR,
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


def _hold_for(job: Job, turn: Turn) -> HoldReason | None:
    """Why a job of an earlier process needs a yes before anything of it is started."""
    if job.power in (Power.OWED, Power.SETTLED) or job.off_at is not None:
        return HoldReason.INTERRUPTED
    if job.options.shut_down:
        return HoldReason.SWITCHES_OFF
    return HoldReason.OLD if turn.now - job.created >= GOES_ON_WITHIN else None
