"""The state machine of a job: `step(job, observation, turn)` gives the job, a command and events, without I/O.

A step first takes in what was observed, then decides what is to be done about it. Deciding looks at the whole job
and never at what happened last, so that lost, repeated and reordered observations and restarts change nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hsnap_tui.cloud.errors import NO_ACCESS, CloudError, ErrorKind
from hsnap_tui.events import Failure, JobEventKind
from hsnap_tui.jobs.core import tracked_request
from hsnap_tui.jobs.core.model import HoldReason, JobState, Phase, Power, RequestKind, SnapshotJob
from hsnap_tui.jobs.core.observations import (
    ActionLost,
    ActionSeen,
    AnswerLost,
    Cancel,
    Hold,
    JobObservation,
    LookedUp,
    LookUpFailed,
    Release,
    RequestAccepted,
    RequestRefused,
    Retry,
    ServerSeen,
    Step,
    StepContext,
    Tick,
)
from hsnap_tui.jobs.core.snapshot import create_image, late_shutdown, power, powering_on, shutting_down, whose_action
from hsnap_tui.jobs.core.snapshot.step_builder import SnapshotStepBuilder

LOCK_SHOWS_WITHIN = timedelta(seconds=1)
"""A server that seems unlocked this soon after its `create_image` was accepted may not show its lock yet."""

LOOK_UP_AGAIN_AFTER = timedelta(seconds=5)
"""How soon a look-up that could not be done is tried again."""

_TRY_AGAIN = frozenset({ErrorKind.RATE_LIMITED, ErrorKind.UNREACHABLE, ErrorKind.CONFLICT, ErrorKind.OUTCOME_UNKNOWN})


def step(job: SnapshotJob, observation: JobObservation, context: StepContext) -> Step[SnapshotJob]:
    """The job after an observation, with at most one command to run and the events to tell."""
    builder = SnapshotStepBuilder(job, context)
    seen = _absorb(builder, observation)
    _decide(builder, seen)
    return builder.finish()


# -- what was observed --------------------------------------------------------------------------------------


def _absorb(builder: SnapshotStepBuilder, observation: JobObservation) -> ServerSeen | None:
    """Takes in what was observed; gives a view of the server when it is fresh enough to act on."""
    job = builder.job
    match observation:
        case ServerSeen():
            stale = job.fresh_after is not None and observation.started < job.fresh_after
            return None if stale else observation
        case ActionSeen(action):
            if action.id == job.create_image.action_id and job.create_image.phase is Phase.ACCEPTED and _open(job):
                create_image.action_seen(builder, action)
            elif action.id == job.power_on.action_id and job.power_on.phase is Phase.ACCEPTED:
                powering_on.action_seen(builder, action)
            elif action.id == job.shutdown.action_id and job.shutdown.phase is Phase.ACCEPTED:
                shutting_down.action_seen(builder, action)
        case ActionLost(action_id):
            if action_id == job.create_image.action_id and job.create_image.phase is Phase.ACCEPTED and _open(job):
                builder.set_request(tracked_request.accepted(job.create_image, None, builder.now))
        case RequestAccepted():
            _accepted(builder, observation)
        case RequestRefused(request_kind, error):
            _refused(builder, request_kind, error)
        case AnswerLost(request_kind, error):
            _lost(builder, request_kind, error)
        case LookedUp():
            builder.set(looking=None)
            _looked_up(builder, observation)
        case LookUpFailed(error) if job.looking is not None:
            builder.set(looking=None)
            builder.pause(
                job.looking, tracked_request.asked_for(error.retry_after, job.looking) or LOOK_UP_AGAIN_AFTER
            )
        case Cancel() if job.cancellable:
            _cancel(builder)
        case Hold(reason, failure) if _open(job) and job.create_image.phase is not Phase.ACCEPTED:
            builder.set(hold=reason, refusal=failure or job.refusal)
        case Release() if job.approvable:
            _again(builder)
        case Retry() if job.retryable:
            _retry(builder)
        case Tick() | LookUpFailed() | Cancel() | Hold() | Release() | Retry():
            pass
    return None


def _open(job: SnapshotJob) -> bool:
    return job.result is None and not job.state.ended and not job.state.needs_person


def _cancel(builder: SnapshotStepBuilder) -> None:
    job = builder.job
    if job.state is JobState.UNKNOWN:
        builder.set(state=JobState.CANCELLED, ended=builder.now)
        builder.tell(JobEventKind.CANCELLED, note="left as it is")
    elif job.state.ended:
        late_shutdown.end(builder)
    else:
        builder.set(cancelled=True)
        if job.state is JobState.NEEDS_APPROVAL:
            builder.set(state=JobState.QUEUED, hold=None)


def _accepted(builder: SnapshotStepBuilder, answer: RequestAccepted) -> None:
    current = builder.request(answer.request_kind)
    if current.phase is not Phase.SENT:
        return
    builder.set_request(tracked_request.accepted(current, answer.action.id, builder.now))
    builder.set(fresh_after=builder.now)
    if answer.request_kind in (RequestKind.SHUTDOWN, RequestKind.POWER_OFF):
        builder.set(refusal=None)
    if answer.request_kind is RequestKind.CREATE_IMAGE:
        image_id = answer.snapshot.id if answer.snapshot else None
        builder.set(
            state=JobState.CREATING, image_id=image_id, fresh_after=builder.now + LOCK_SHOWS_WITHIN, percent=0
        )
        builder.set(hold=None, refusal=None, making_since=builder.now)
        builder.tell(JobEventKind.CREATING, image_id=image_id, action_id=answer.action.id)
        create_image.action_seen(builder, answer.action)


def _lost(builder: SnapshotStepBuilder, request_kind: RequestKind, error: CloudError) -> None:
    current = builder.request(request_kind)
    if current.phase is not Phase.SENT:
        return
    builder.set_request(tracked_request.lost(current, builder.now))
    builder.set(fresh_after=builder.now)
    if request_kind is RequestKind.CREATE_IMAGE:
        builder.set(state=JobState.CHECKING, refusal=Failure.of(error))
    builder.tell(JobEventKind.OUTCOME_UNKNOWN, failure=Failure.of(error), note=request_kind.value)


def _refused(builder: SnapshotStepBuilder, request_kind: RequestKind, error: CloudError) -> None:
    current = builder.request(request_kind)
    if current.phase is not Phase.SENT:
        return
    locked = error.kind is ErrorKind.LOCKED
    refuse = (
        tracked_request.locked_out if locked and request_kind is RequestKind.CREATE_IMAGE else tracked_request.refused
    )
    builder.set_request(refuse(current, builder.now, error.retry_after))
    builder.set(fresh_after=builder.now)
    if request_kind is RequestKind.POWER_ON:
        _power_on_refused(builder, error)
        return
    failure = Failure.of(error, request_kind.value)
    builder.set(refusal=failure)
    if request_kind is RequestKind.SHUTDOWN:
        shutting_down.refused(builder)
    if locked:
        builder.set(state=JobState.WAITING, waiting_since=builder.job.waiting_since or builder.now)
        builder.tell(JobEventKind.WAITING, failure=failure, lock_holder=builder.job.lock_holder)
    elif error.kind in _TRY_AGAIN:
        builder.set(state=JobState.WAITING)
        builder.tell(JobEventKind.RETRYING, failure=failure)
    elif error.kind in NO_ACCESS:
        builder.hold(HoldReason.NO_ACCESS, failure)
    elif error.kind is ErrorKind.LIMIT_REACHED:
        builder.hold(HoldReason.LIMIT, failure)
    else:
        builder.fail(failure)


def _power_on_refused(builder: SnapshotStepBuilder, error: CloudError) -> None:
    """Switching on is never given up: it is tried again until the server is seen running or gone."""
    if error.kind is not ErrorKind.LOCKED:
        failure = Failure.of(error, RequestKind.POWER_ON.value)
        builder.tell(JobEventKind.RETRYING, failure=failure, note=RequestKind.POWER_ON.value)


def _looked_up(builder: SnapshotStepBuilder, found: LookedUp) -> None:
    job = builder.job
    if job.resting:
        return
    whose_action.give_up_missing(builder, found)
    if found.request_kind is RequestKind.CREATE_IMAGE:
        if job.result is not None:
            create_image.looked_last(builder, found)
        elif job.create_image.phase is Phase.ACCEPTED:
            create_image.still_made(builder, found)
        elif job.create_image.phase in (Phase.OUTCOME_UNKNOWN, Phase.READY) and job.create_image.attempts:
            create_image.looked_up(builder, found)
    elif found.request_kind is RequestKind.POWER_ON:
        if job.power is Power.RESTORE_PENDING:
            powering_on.looked_up(builder, found)
    else:
        shutting_down.looked_up(builder, found)


def _again(builder: SnapshotStepBuilder) -> None:
    builder.forget_power()
    builder.set_request(replace(builder.job.create_image, unknown_count=0, not_before=None))
    builder.set(
        state=JobState.QUEUED,
        hold=None,
        failure=None,
        refusal=None,
        waiting_since=None,
        lock_holder=None,
        fresh_after=builder.now,
        ended=None,
        cancelled=False,
    )
    builder.tell(JobEventKind.APPROVED)


def _retry(builder: SnapshotStepBuilder) -> None:
    """A person has looked: what was made so far is accounted for, and the job begins again."""
    job = builder.job
    void = job.void_images if job.image_id is None else (*job.void_images, job.image_id)
    builder.set_request(tracked_request.afresh(job.create_image))
    builder.set(void_images=void, image_id=None, percent=0, snapshot_done=None, size=None, tried=job.tried + 1)
    builder.set(making_since=None)
    _again(builder)


# -- what to do ----------------------------------------------------------------------------------------------


def _decide(builder: SnapshotStepBuilder, seen: ServerSeen | None) -> None:
    if seen is not None and builder.job.options.shut_down:
        power.note_status(builder, seen)
    if seen is not None and builder.job.power is Power.WATCHED:
        late_shutdown.observe(builder, seen)
    if builder.job.resting and builder.job.result is None:
        return
    if builder.job.busy:
        return
    power.note_downtime(builder)
    _note_the_end_of_waiting(builder)
    if _must_be_on(builder.job, builder.context):
        powering_on.restore(builder, seen)
    if builder.job.result is None and not builder.job.busy and not _off_too_long(builder.job):
        _go_on(builder, seen)
    if (
        builder.job.power is not Power.RESTORE_PENDING
        and not builder.job.busy
        and not create_image.last_look(builder)
    ):
        builder.rest()


def _go_on(builder: SnapshotStepBuilder, seen: ServerSeen | None) -> None:
    if builder.job.create_image.phase is not Phase.ACCEPTED:
        if not builder.context.leaving:
            create_image.advance(builder, seen)
    elif builder.job.create_image.action_id is None:
        builder.look_up(RequestKind.CREATE_IMAGE)


def _note_the_end_of_waiting(builder: SnapshotStepBuilder) -> None:
    """How a job ends of which it is known that no snapshot is being made, when it may not be made any more."""
    job, context = builder.job, builder.context
    if job.result is not None or job.create_image.phase is not Phase.READY:
        return
    if job.cancelled:
        if job.create_image.unknown_since is None:
            builder.set(result=JobState.CANCELLED)
    elif job.hold is not None:
        builder.hold(job.hold, job.refusal)
    elif (
        job.power is Power.RESTORED
        or _ran_again(job)
        or (job.power is Power.RESTORE_PENDING and (context.leaving or not context.may_send))
    ):
        builder.set(result=JobState.NEEDS_APPROVAL, hold=HoldReason.INTERRUPTED)


def _must_be_on(job: SnapshotJob, context: StepContext) -> bool:
    over = job.result is not None or job.cancelled or context.leaving or _off_too_long(job)
    return job.power is Power.RESTORE_PENDING and (
        over or job.create_image.phase is Phase.ACCEPTED or job.power_on.attempts > 0
    )


def _off_too_long(job: SnapshotJob) -> bool:
    """Whether powering the server on goes before finding out what became of the request for the snapshot."""
    return job.power is Power.RESTORE_PENDING and job.hold is HoldReason.DOWNTIME


def _ran_again(job: SnapshotJob) -> bool:
    """Whether the server was off and is on again, though a lost request for a shutdown is still watched for."""
    return job.power is Power.WATCHED and job.off_at is not None
