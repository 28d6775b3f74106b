"""The job as it becomes during one step: what changes, what is told, and the one command that comes out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from hsnap_tui.events import Failure, JobEvent, JobEventKind
from hsnap_tui.jobs.core import tracked_request
from hsnap_tui.jobs.core.milestones import milestone
from hsnap_tui.jobs.core.model import HoldReason, Job, JobState, Power, RequestKind, TrackedRequest
from hsnap_tui.jobs.core.observations import Command, LookUp, Send, Step, StepContext

JobT = TypeVar("JobT", bound=Job)


class StepBuilder(Generic[JobT]):
    """Mutable within a step only; `finish` gives the immutable result.

    A job keeps each request that it may send in the field with the name of the request's kind.
    """

    def __init__(self, job: JobT, context: StepContext) -> None:
        self.job = job
        self.context = context
        self._command: Command | None = None
        self._events: list[JobEvent] = []

    @property
    def now(self) -> datetime:
        """The time of this step, UTC by our clock."""
        return self.context.now

    @property
    def may_start(self) -> bool:
        """Whether anything new may be begun."""
        job = self.job
        wanted = job.result is None and job.hold is None and not job.cancelled
        return wanted and self.context.may_send and not self.context.leaving

    def set(self, **changes: Any) -> None:
        """Changes fields of the job."""
        self.job = replace(self.job, **changes)

    def request(self, request_kind: RequestKind) -> TrackedRequest:
        """The job's request of that kind."""
        return next(request for request in self.job.requests if request.kind is request_kind)

    def set_request(self, changed: TrackedRequest) -> None:
        """Replaces the job's request of that kind."""
        self.set(**{changed.kind.name.lower(): changed})

    def tell(self, kind: JobEventKind, **fields: Any) -> None:
        """Adds a milestone about this job."""
        self._events.append(milestone(self.job, self.now, kind, **fields))

    def due(self, request_kind: RequestKind) -> bool:
        """Whether requests and look-ups of that kind need to wait no longer."""
        not_before = self.request(request_kind).not_before
        return not_before is None or self.now >= not_before

    def pause(self, request_kind: RequestKind, duration: timedelta) -> None:
        """Neither looks up nor sends that request for so long."""
        self.set_request(tracked_request.paused(self.request(request_kind), self.now + duration))

    def send(self, request_kind: RequestKind, state: JobState) -> None:
        """Writes down the intent and asks for the request."""
        self.set_request(tracked_request.intend(self.request(request_kind), self.now))
        self.set(state=state)
        self._command = Send(request_kind)

    def look_up(self, request_kind: RequestKind) -> None:
        """Asks for a look-up, when it is time for one."""
        if self.due(request_kind):
            self.set(looking=request_kind)
            self._command = LookUp(request_kind)

    def look_again_later(self, request_kind: RequestKind) -> None:
        """Counts a look-up that told nothing and plans the next."""
        self.set_request(tracked_request.looked_without_result(self.request(request_kind), self.now))

    def fail(self, failure: Failure) -> None:
        """The job will end as failed, once what it holds is restored."""
        self.set(result=JobState.FAILED, failure=failure, ended=None)
        self.tell(JobEventKind.FAILED, failure=failure, image_id=self.job.image_id)

    def hold(self, reason: HoldReason, failure: Failure | None = None) -> None:
        """The job will wait for a person, once what it holds is restored."""
        self.set(result=JobState.NEEDS_APPROVAL, hold=reason, failure=failure)
        if self.job.power is not Power.RESTORE_PENDING:
            self.rest()

    def rest(self) -> None:
        """Lets the job stand in its result: held and unknown ones wait for a person, all others have ended."""
        job = self.job
        if job.result is None:
            return
        again = job.ended is not None
        ended = (job.ended or self.now) if job.result.ended else None
        hold = job.hold if job.result is JobState.NEEDS_APPROVAL else None
        self.set(state=job.result, result=None, ended=ended, hold=hold)
        if again:
            return
        match job.result:
            case JobState.NEEDS_APPROVAL:
                self.tell(JobEventKind.NEEDS_APPROVAL, note=job.hold.value if job.hold else None, failure=job.failure)
            case JobState.UNKNOWN:
                self.tell(JobEventKind.UNKNOWN, failure=job.failure)
            case JobState.DONE:
                seconds = (self.now - job.created).total_seconds()
                self.tell(JobEventKind.DONE, seconds=seconds, image_id=job.image_id, size=job.size)
            case JobState.CANCELLED:
                self.tell(JobEventKind.CANCELLED)
            case JobState.SKIPPED:
                self.tell(JobEventKind.SKIPPED, lock_holder=job.lock_holder)
            case _:
                pass

    def finish(self) -> Step[JobT]:
        """What the step gives."""
        self.set(wake_at=self._next_wake())
        return Step(self.job, self._command, tuple(self._events))

    def _next_wake(self) -> datetime | None:
        """The next moment at which something may be done that must wait now."""
        if self.job.resting:
            return None
        planned = [self.job.must_be_on_by, *(request.not_before for request in self.job.requests)]
        return min((moment for moment in planned if moment is not None and moment > self.now), default=None)
