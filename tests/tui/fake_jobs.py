"""A project's jobs without journal and cloud: the product's own rules judge and carry out what is asked for.

Nothing is sent, so a job stays where it waits for an answer; how it goes on, a test says. Screens need that: jobs
that stay in states which a session at work leaves at once, a fixed time, and one picture of a fleet for all. What a
real session and this one have in common is tested for both in `tests/session/test_contract.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, cast

from hsnap_tui.common.clock import Clock
from hsnap_tui.events import Event, Failure, JobEventKind, Role
from hsnap_tui.fleet.state import Fleet
from hsnap_tui.jobs.core.job_commands import JobCommandKind, fitting, observation
from hsnap_tui.jobs.core.job_kind import BatchRequest
from hsnap_tui.jobs.core.kinds import kind_of
from hsnap_tui.jobs.core.milestones import milestone
from hsnap_tui.jobs.core.model import Job, SnapshotRequest
from hsnap_tui.jobs.core.observations import JobObservation, Step, StepContext, Tick
from hsnap_tui.jobs.core.polling import known_observations
from hsnap_tui.jobs.interface import READ_ONLY, BatchSummary, PendingWork, RefusedError
from hsnap_tui.jobs.publishing import Publisher
from hsnap_tui.jobs.store.leader import LeaderView


class Around(Protocol):
    """What the jobs need of their session."""

    @property
    def clock(self) -> Clock: ...

    @property
    def fleet(self) -> Fleet: ...

    @property
    def read_only(self) -> bool: ...

    def emit(self, *events: Event) -> None: ...


class FakeJobs:
    """Fits `JobsInterface`; `submitted` and `asked` tell what was asked for.

    `refuse` is why the journal can't be used, if so.
    """

    def __init__(self, session: Around, project: str, jobs: Mapping[str, Job]) -> None:
        self.leader: LeaderView | None = None
        self.submitted: list[SnapshotRequest] = []
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.refuse: str | None = None
        self.past: list[BatchSummary] = []
        self._session = session
        self._project = project
        self._role = Role.LEADER
        self._halted: Failure | None = None
        self._batches: dict[str, datetime] = {}
        self._numbers = itertools.count(2)
        self.by_id = dict(jobs)

    @property
    def by_id(self) -> dict[str, Job]:
        """All jobs; a test may put in any."""
        return self._publisher.jobs

    @by_id.setter
    def by_id(self, jobs: Mapping[str, Job]) -> None:
        known = cast("dict[str, Job]", jobs)
        self._publisher = Publisher(self._session.clock, lambda: self._project, self._session.emit, known)

    @property
    def halted(self) -> Failure | None:
        """Why nothing is sent; a test says so."""
        return Failure("journal", self.refuse) if self.refuse else self._halted

    @halted.setter
    def halted(self, failure: Failure | None) -> None:
        self._halted = failure

    @property
    def role(self) -> Role:
        """Whether this process sends; a test says so."""
        return Role.OBSERVER if self._session.read_only else self._role

    @role.setter
    def role(self, role: Role) -> None:
        self._role = role

    async def submit(self, request: BatchRequest) -> str:
        self._check_allowed()
        if isinstance(request, SnapshotRequest):
            self.submitted.append(request)
        batch, now = f"b{next(self._numbers)}", self._session.clock.now()
        jobs = request.jobs(batch, self._project, now, lambda: f"{batch}-{next(self._numbers)}")
        self._batches[batch] = now
        self.by_id.update((job.id, job) for job in jobs)
        self._publisher.queued(batch, jobs)
        self._publisher.publish_all(milestone(job, now, JobEventKind.QUEUED) for job in jobs)
        for job in jobs:
            self._tell(job.id, Tick())
            for seen in known_observations(job, self._session.fleet):
                self._tell(job.id, seen)
        return batch

    async def cancel(self, job_ids: Iterable[str]) -> int:
        return self._request(JobCommandKind.CANCEL, job_ids)

    async def release(self, job_ids: Iterable[str]) -> int:
        return self._request(JobCommandKind.RELEASE, job_ids)

    async def retry(self, job_ids: Iterable[str]) -> int:
        return self._request(JobCommandKind.RETRY, job_ids)

    async def batches(self, limit: int = 50) -> Sequence[BatchSummary]:
        if self.refuse:
            raise RefusedError(self.refuse)
        jobs = tuple(self.by_id.values())
        made = [
            BatchSummary.of(batch, created, tuple(job for job in jobs if job.batch == batch))
            for batch, created in reversed(self._batches.items())
        ]
        return [*made, *self.past][:limit]

    def pending_work(self) -> PendingWork:
        return PendingWork.of(self.by_id.values(), self.role, self.leader)

    async def leave(self, *, cancel_waiting: bool) -> None:
        if cancel_waiting:
            await self.cancel([job.id for job in self.pending_work().waiting])

    def _request(self, kind: JobCommandKind, job_ids: Iterable[str]) -> int:
        chosen = fitting(kind, job_ids, self.by_id)
        if not chosen:
            return 0
        self._check_allowed()
        self.asked.append((kind.value, chosen))
        for job_id in chosen:
            self._tell(job_id, observation(kind))
        return len(chosen)

    def _check_allowed(self) -> None:
        if self._session.read_only:
            raise RefusedError(READ_ONLY)
        if self.refuse:
            raise RefusedError(self.refuse)

    def _tell(self, job_id: str, told: JobObservation) -> None:
        """One step of the job; what it would send is not sent."""
        job = self.by_id[job_id]
        step: Step[Job] = kind_of(job).step(job, told, StepContext(self._session.clock.now()))
        self.by_id[job_id] = step.job
        self._publisher.publish_all(step.events)
