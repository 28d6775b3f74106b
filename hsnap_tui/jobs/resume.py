"""What becomes of the jobs that an earlier process left in the journal (pure)."""

from __future__ import annotations

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

    What was sent, and servers that must be switched on, go on. What was not started goes on when it is young and
    switches nothing off; otherwise it is held. `own` jobs, which this process asked for itself, always go on.
    """
    draft = Draft(job, turn)
    if job.state.ended or job.state.needs_person:
        return draft.finish()
    draft.set(looking=False, fresh_after=turn.now, wake_at=turn.now)
    for verb in Verb:
        draft.put(sending.interrupted(draft.sending(verb), turn.now))
    job = draft.job
    if job.create.phase is Phase.ACCEPTED or job.result is not None:
        draft.tell(JobEventKind.RESUMED, note="sent")
    elif job.create.phase is Phase.UNCLEAR:
        draft.set(state=JobState.UNCLEAR)
        draft.tell(JobEventKind.RESUMED, note="unclear")
    elif job.power is Power.OWED and not own:
        draft.set(result=JobState.HELD, hold=HoldReason.INTERRUPTED)
        draft.tell(JobEventKind.RESUMED, note="owed")
    elif own or not (job.options.shut_down or _old(job, turn)):
        draft.tell(JobEventKind.RESUMED, note="queued")
    else:
        draft.hold(HoldReason.SWITCHES_OFF if job.options.shut_down else HoldReason.OLD)
    return draft.finish()


def _old(job: Job, turn: Turn) -> bool:
    return turn.now - job.created >= GOES_ON_WITHIN
