"""What becomes of the jobs that are in the journal when a process begins to send (pure)."""

from __future__ import annotations

from dataclasses import replace

from hsnap_tui.events import JobEvent
from hsnap_tui.jobs.core.kinds import kind_of
from hsnap_tui.jobs.core.model import HoldReason, Job, JobState, Phase, Power
from hsnap_tui.jobs.core.observations import Release, Step, StepContext


def is_untouched(job: Job) -> bool:
    """Whether nothing of the job was ever begun, so that it starts here as if it had been asked for here."""
    return (
        job.state is JobState.QUEUED
        and job.power is Power.NONE
        and not (job.cancelled or job.hold or job.result or job.looking)
        and all(request.phase is Phase.READY and not request.attempts for request in job.requests)
    )


def is_refused(job: Job) -> bool:
    """Whether the job waits for a person, or will, because the process that sent for it had no access."""
    return job.hold is HoldReason.NO_ACCESS and not job.state.ended


def goes_on(job: Job) -> Job:
    """A refused job as a process shows it that has access, and will go on with it by itself."""
    held = job.state is JobState.NEEDS_APPROVAL
    return replace(job, state=JobState.QUEUED if held else job.state, hold=None, result=None, failure=None)


def taken_over(job: Job, context: StepContext, *, asked_here: bool, asker_lives: bool) -> Step[Job]:
    """The job as the process that now sends begins with it.

    `asked_here`: this process has asked for it or approved it, so that a refusal of another one's token holds
    nothing. `asker_lives`: the process that asked for it still runs, and its person with it.
    """
    events: tuple[JobEvent, ...] = ()
    if asked_here and is_refused(job):
        if job.state is JobState.NEEDS_APPROVAL:
            released = kind_of(job).step(job, Release(), context)
            job, events = replace(released.job, looking=None), released.events
        elif job.result in (None, JobState.NEEDS_APPROVAL):
            job = replace(job, hold=None, result=None, failure=None)
    resumed: Step[Job] = kind_of(job).resume(job, context, asked_here or asker_lives)
    return replace(resumed, events=events or resumed.events)
