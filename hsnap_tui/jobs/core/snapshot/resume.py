"""What becomes of the jobs that an earlier process left in the journal (pure)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs.core import tracked_request
from hsnap_tui.jobs.core.clock_steps import MAY_BE_AHEAD, not_in_the_future
from hsnap_tui.jobs.core.model import HoldReason, JobState, Phase, Power, SnapshotJob
from hsnap_tui.jobs.core.observations import Step, StepContext
from hsnap_tui.jobs.core.snapshot import late_shutdown
from hsnap_tui.jobs.core.snapshot.step_builder import SnapshotStepBuilder

GOES_ON_WITHIN = timedelta(hours=1)
"""A job that was not started goes on by itself when it is younger than this: its reason still holds, most likely."""


def resume(job: SnapshotJob, context: StepContext, *, own: bool) -> Step[SnapshotJob]:
    """Takes a job over from a process that is gone.

    What was sent, and servers that must be powered on, go on. What was not started, or turns out not to have
    arrived, goes on when it is young and switches nothing off; otherwise it is held. `own` jobs, which this process
    asked for itself, always go on.
    """
    builder = SnapshotStepBuilder(not_in_the_future(job, context.now, _MAY_BE_AHEAD), context)
    if job.power is Power.WATCHED:
        late_shutdown.take_over(builder)
        builder.set(fresh_after=context.now)
    if job.state.ended:
        return builder.finish()
    for request in builder.job.requests:
        builder.set_request(tracked_request.interrupted(request, context.now))
    if job.resting:
        return builder.finish()
    builder.set(looking=None, fresh_after=context.now)
    if job.making_since is not None:
        builder.set(making_since=context.now)
    if job.power is Power.RESTORE_PENDING:
        builder.set(taken_over=context.now)
    if job.power is Power.RESTORE_PENDING and job.off_at is None:
        builder.set(unseen_since=builder.job.shutdown.answered or builder.job.shutdown.last_intent)
    hold = None if own or job.cancelled else _hold_for(builder.job, context)
    job = builder.job
    if job.create_image.phase is Phase.ACCEPTED:
        builder.tell(JobEventKind.RESUMED, note="sent")
    elif job.result is not None:
        builder.tell(JobEventKind.RESUMED, note="restore_pending" if job.power is Power.RESTORE_PENDING else None)
    elif job.create_image.phase is Phase.OUTCOME_UNKNOWN:
        builder.set(state=JobState.CHECKING, hold=job.hold or hold)
        builder.tell(JobEventKind.RESUMED, note="outcome_unknown")
    elif hold is None:
        builder.tell(JobEventKind.RESUMED, note="queued")
    else:
        if job.power is Power.RESTORE_PENDING:
            builder.tell(JobEventKind.RESUMED, note="restore_pending")
        builder.hold(hold)
    step = builder.finish()
    return replace(step, job=replace(step.job, wake_at=None if step.job.state.needs_person else context.now))


_MAY_BE_AHEAD = {
    **MAY_BE_AHEAD,
    "watch_until": late_shutdown.WATCHED_FOR,
    "expected_until": late_shutdown.EXPECTED_FOR,
    "wake_at": late_shutdown.EXPECTED_FOR,
}
"""How far after the present a planned moment of a snapshot job may be."""


def _hold_for(job: SnapshotJob, context: StepContext) -> HoldReason | None:
    """Why a job of an earlier process needs a yes before anything of it is started."""
    if job.power in (Power.RESTORE_PENDING, Power.RESTORED) or job.off_at is not None:
        return HoldReason.INTERRUPTED
    if job.options.shut_down:
        return HoldReason.SHUTS_DOWN
    return HoldReason.OLD if context.now - job.created >= GOES_ON_WITHIN else None
