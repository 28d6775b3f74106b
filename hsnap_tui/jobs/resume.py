"""What becomes of the jobs that an earlier process left in the journal (pure)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs import sending
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
    draft = Draft(job, turn)
    if job.state.ended or job.state.needs_person:
        return draft.finish()
    draft.set(looking=None, fresh_after=turn.now)
    for verb in Verb:
        draft.put(sending.interrupted(draft.sending(verb), turn.now))
    hold = None if own or job.cancelled else _hold_for(draft.job, turn)
    job = draft.job
    if job.create.phase is Phase.ACCEPTED or job.result is not None:
        draft.tell(JobEventKind.RESUMED, note="sent")
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


def _hold_for(job: Job, turn: Turn) -> HoldReason | None:
    """Why a job of an earlier process needs a yes before anything of it is started."""
    if job.power is not Power.NONE:
        return HoldReason.INTERRUPTED
    if job.options.shut_down:
        return HoldReason.SWITCHES_OFF
    return HoldReason.OLD if turn.now - job.created >= GOES_ON_WITHIN else None
