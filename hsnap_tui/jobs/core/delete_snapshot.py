"""The kind of job that deletes a snapshot, looked at before it is sent and after a lost answer.

An image's ID is never given again, so a snapshot that is gone was deleted, by whomever. What is no snapshot, or is
protected, is refused before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from hsnap_tui.cloud.api import CloudApi
from hsnap_tui.cloud.errors import NO_ACCESS, CloudError, ErrorKind
from hsnap_tui.events import Failure, JobEventKind
from hsnap_tui.jobs.core import tracked_request
from hsnap_tui.jobs.core.clock_steps import not_in_the_future
from hsnap_tui.jobs.core.job_kind import JobKind, LookUpTools
from hsnap_tui.jobs.core.model import HoldReason, Job, JobState, Phase, RequestKind, TrackedRequest
from hsnap_tui.jobs.core.observations import (
    AnswerLost,
    Cancel,
    Hold,
    ImageLookedUp,
    JobObservation,
    LookUpFailed,
    Release,
    RequestDone,
    RequestRefused,
    Retry,
    Step,
    StepContext,
)
from hsnap_tui.jobs.core.request_priority import priority_of, priority_of_look_up
from hsnap_tui.jobs.core.step_builder import StepBuilder

GOES_ON_WITHIN = timedelta(hours=1)
"""A deletion that was not sent goes on by itself in another process when it is younger than this."""
LOOK_UP_AGAIN_AFTER = timedelta(seconds=5)
MOST_ATTEMPTS = 8
"""Attempts without a usable answer after which a person is asked."""
_TRY_AGAIN = frozenset(
    {ErrorKind.LOCKED, ErrorKind.RATE_LIMITED, ErrorKind.UNREACHABLE, ErrorKind.CONFLICT, ErrorKind.OUTCOME_UNKNOWN}
)
DELETE = RequestKind.DELETE_IMAGE
GONE_ALREADY = "gone already"
FOUND_GONE = "deleted: looked up after the answer was lost, it is gone"
"""Notes of how it was found out that a snapshot is gone, where Hetzner has not answered that it was deleted."""
NO_SNAPSHOT = "no_snapshot"
"""The kind of the failure when the image is a backup, or one of Hetzner's own."""

_ADVICE = {
    ErrorKind.PROTECTED: "Switch its protection off if you mean it (Hetzner Console, or hcloud image "
    "disable-protection), then delete it again.",
    ErrorKind.LOCKED: "It was not deleted; it is tried again.",
    ErrorKind.CONFLICT: "It was not deleted; it is tried again.",
    ErrorKind.UNSUPPORTED: "It was not deleted, and trying again will not help.",
    ErrorKind.OUTCOME_UNKNOWN: "It may have been deleted, or may still be: it is looked up before it is sent again.",
}
"""What to do next, where that is something else than with a server."""


@dataclass(frozen=True, slots=True)
class DeleteSnapshotJob(Job):
    """The deletion of the snapshot `image_id`.

    `checked`: it was seen to be a snapshot that may be deleted. `gone_already`: it is gone, but not by this job.
    """

    kind: ClassVar[str] = "delete_snapshot"

    delete_image: TrackedRequest = field(default=TrackedRequest(DELETE))
    checked: bool = False
    gone_already: bool = False

    @property
    def requests(self) -> tuple[TrackedRequest, ...]:
        """All requests that it may send."""
        return (self.delete_image,)


@dataclass(frozen=True, slots=True)
class DeleteTarget:
    """One snapshot to delete: its ID, what it is called in sentences, and its description."""

    image_id: int
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class DeleteRequest:
    """Snapshots to delete, as a person chose them."""

    targets: tuple[DeleteTarget, ...]

    def jobs(
        self, batch: str, project: str, created: datetime, new_id: Callable[[], str]
    ) -> Sequence[DeleteSnapshotJob]:
        """A job for each snapshot."""
        return [
            DeleteSnapshotJob(
                new_id(), batch, project, 0, target.name, target.description, created, image_id=target.image_id
            )
            for target in self.targets
        ]


def step(job: DeleteSnapshotJob, observation: JobObservation, context: StepContext) -> Step[DeleteSnapshotJob]:
    """The job after an observation, with at most one command to run and the events to tell."""
    builder = StepBuilder(job, context)
    _absorb(builder, observation)
    _decide(builder)
    builder.rest()
    return builder.finish()


def _absorb(builder: StepBuilder[DeleteSnapshotJob], observation: JobObservation) -> None:
    job = builder.job
    sent = job.delete_image.phase is Phase.SENT
    match observation:
        case RequestDone() if sent:
            _gone(builder)
        case RequestRefused(_, error) if sent:
            builder.set_request(tracked_request.refused(job.delete_image, builder.now, error.retry_after))
            _refused(builder, error)
        case AnswerLost(_, error) if sent:
            builder.set_request(tracked_request.lost(job.delete_image, builder.now))
            builder.set(state=JobState.CHECKING, refusal=_failure(error))
            builder.tell(JobEventKind.OUTCOME_UNKNOWN, failure=_failure(error), note=DELETE.value)
        case ImageLookedUp() if job.looking is not None:
            builder.set(looking=None)
            if not job.state.ended:
                _looked_up(builder, observation)
        case LookUpFailed(error) if job.looking is not None:
            builder.set(looking=None)
            builder.pause(DELETE, tracked_request.asked_for(error.retry_after, DELETE) or LOOK_UP_AGAIN_AFTER)
            if error.kind in NO_ACCESS and job.delete_image.phase is Phase.READY and not job.state.ended:
                builder.hold(HoldReason.NO_ACCESS, _failure(error))
        case Cancel() if job.cancellable:
            builder.set(cancelled=True, result=JobState.CANCELLED)
        case Hold(reason, failure) if not job.resting and job.result is None:
            builder.set(hold=reason, refusal=failure or job.refusal)
        case Release() if job.approvable:
            _again(builder)
        case Retry() if job.retryable:
            builder.set_request(tracked_request.afresh(job.delete_image))
            builder.set(tried=job.tried + 1)
            _again(builder)
        case _:
            pass


def _gone(builder: StepBuilder[DeleteSnapshotJob], *, seen: bool = False) -> None:
    """The snapshot is gone. `seen`: that shows by a look-up or a refusal, so that it need not be this job's doing."""
    lost = builder.job.delete_image.missing > 0
    builder.set_request(tracked_request.accepted(builder.job.delete_image, None, builder.now))
    builder.set(state=JobState.DONE, result=None, hold=None, ended=builder.now, gone_already=seen and not lost)
    seconds = (builder.now - builder.job.created).total_seconds()
    note = (FOUND_GONE if lost else GONE_ALREADY) if seen else None
    builder.tell(JobEventKind.DONE, seconds=seconds, note=note)


def _failure(error: CloudError) -> Failure:
    failure = Failure.of(error)
    return replace(failure, advice=_ADVICE.get(error.kind, failure.advice))


def _refused(builder: StepBuilder[DeleteSnapshotJob], error: CloudError) -> None:
    failure = _failure(error)
    builder.set(refusal=failure)
    if error.kind is ErrorKind.NOT_FOUND:
        _gone(builder, seen=True)
    elif error.kind in NO_ACCESS:
        builder.hold(HoldReason.NO_ACCESS, failure)
    elif error.kind not in _TRY_AGAIN:
        builder.fail(failure)
    elif builder.job.delete_image.attempts >= MOST_ATTEMPTS:
        builder.hold(HoldReason.TRIED_OFTEN, failure)
    else:
        builder.set(state=JobState.WAITING)
        builder.tell(JobEventKind.RETRYING, failure=failure)


def _looked_up(builder: StepBuilder[DeleteSnapshotJob], found: ImageLookedUp) -> None:
    request, image = builder.job.delete_image, found.image
    if image is None:
        _gone(builder, seen=True)
        return
    until = request.unknown_until
    if request.phase is Phase.OUTCOME_UNKNOWN and until is not None and found.started < until:
        # Looked at once more when its outcome must be known: many lost answers must not use up the look-ups of all.
        builder.pause(DELETE, until - builder.now)
        return
    if request.phase is Phase.OUTCOME_UNKNOWN:
        builder.set_request(tracked_request.resolved(request))
        builder.tell(JobEventKind.NOT_FOUND)
    if image.type != "snapshot":
        message = f"image {image.id} is no snapshot but of type {image.type}"
        builder.fail(Failure(NO_SNAPSHOT, message, "It was not deleted: only snapshots are."))
    elif image.delete_protected:
        kind = ErrorKind.PROTECTED
        builder.fail(Failure(kind.value, "the snapshot is protected from deletion", _ADVICE[kind]))
    elif request.unknown_count >= MOST_ATTEMPTS:
        builder.hold(HoldReason.TRIED_OFTEN, builder.job.refusal)
    else:
        builder.set(checked=True)


def _again(builder: StepBuilder[DeleteSnapshotJob]) -> None:
    request = replace(builder.job.delete_image, attempts=0, unknown_count=0, not_before=None)
    builder.set_request(request)
    builder.set(state=JobState.QUEUED, hold=None, failure=None, refusal=None, ended=None, cancelled=False)
    builder.set(checked=False)
    builder.tell(JobEventKind.APPROVED)


def _decide(builder: StepBuilder[DeleteSnapshotJob]) -> None:
    job = builder.job
    if job.resting or job.busy or job.result is not None:
        return
    if job.delete_image.phase is Phase.OUTCOME_UNKNOWN:
        builder.look_up(DELETE)
    elif job.hold is not None:
        builder.hold(job.hold, job.refusal)
    elif builder.may_start and builder.due(DELETE):
        if not builder.context.may_create:
            builder.pause(DELETE, LOOK_UP_AGAIN_AFTER)
        elif job.checked:
            builder.send(DELETE, JobState.REQUESTING)
            builder.set(checked=False)
            builder.tell(JobEventKind.REQUESTING, image_id=job.image_id)
        else:
            builder.look_up(DELETE)


def resume(job: DeleteSnapshotJob, context: StepContext, own: bool) -> Step[DeleteSnapshotJob]:
    """Takes a job over from a process that is gone; an old one that was not sent is held, unless it is our `own`."""
    builder = StepBuilder(not_in_the_future(job, context.now), context)
    if job.resting:
        return builder.finish()
    builder.set(looking=None, checked=False)
    builder.set_request(tracked_request.interrupted(builder.job.delete_image, context.now))
    old = not own and context.now - job.created >= GOES_ON_WITHIN
    if builder.job.delete_image.phase is Phase.OUTCOME_UNKNOWN:
        builder.set(state=JobState.CHECKING, hold=job.hold or (HoldReason.OLD if old else None))
        builder.tell(JobEventKind.RESUMED)
    elif old:
        builder.hold(HoldReason.OLD)
    else:
        builder.tell(JobEventKind.RESUMED, note="queued")
    finished = builder.finish()
    wake = None if finished.job.resting else context.now
    return replace(finished, job=replace(finished.job, wake_at=wake))


async def send(job: DeleteSnapshotJob, request_kind: RequestKind, cloud: CloudApi) -> RequestDone:
    """Deletes the snapshot, once. Raises `CloudError`."""
    await cloud.delete_image(job.image_id or 0, priority_of(job, request_kind))
    return RequestDone(request_kind)


async def look_up(job: DeleteSnapshotJob, request_kind: RequestKind, tools: LookUpTools) -> ImageLookedUp:
    """Whether the image is there, and what it is. Raises `CloudError`."""
    started = tools.now()
    # Nothing is in doubt before the first request: to look whether it may be sent belongs to the job's own work.
    priority = priority_of_look_up(job) if job.delete_image.attempts else priority_of(job, request_kind)
    try:
        image = await tools.cloud.get_image(job.image_id or 0, priority)
    except CloudError as error:
        if error.kind is not ErrorKind.NOT_FOUND:
            raise
        image = None
    return ImageLookedUp(request_kind, started, image)


DELETE_SNAPSHOT = JobKind(
    DeleteSnapshotJob,
    step=step,
    resume=resume,
    send=send,
    look_up=look_up,
    route_fails="Hetzner deletes no snapshots at the moment: several in a row got no usable answer. One at a time "
    "is tried; the others continue as soon as it works.",
    route_works="Hetzner deletes snapshots again: the others continue.",
)
