"""What a kind of job is: what the engine, the journal and the session know of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from hsnap_tui.cloud.api import CloudApi
from hsnap_tui.cloud.model import Action
from hsnap_tui.fleet.poll_targets import PollTargets
from hsnap_tui.fleet.state import Fleet, Observation
from hsnap_tui.jobs.core.model import Job, RequestKind
from hsnap_tui.jobs.core.observations import (
    ActionLost,
    ActionSeen,
    ImageLookedUp,
    JobObservation,
    LookedUp,
    RequestAccepted,
    RequestDone,
    ServerSeen,
    Step,
    StepContext,
)

JobT = TypeVar("JobT", bound=Job)
JobT_contra = TypeVar("JobT_contra", bound=Job, contravariant=True)

PollObservation = ServerSeen | ActionSeen | ActionLost


class BatchRequest(Protocol):
    """What a person chose, as the jobs of a batch."""

    def jobs(self, batch: str, project: str, created: datetime, new_id: Callable[[], str]) -> Sequence[Job]:
        """The new jobs, in the order in which they were chosen."""
        ...


@dataclass(frozen=True, slots=True)
class LookUpTools:
    """What a look-up may use. `about_server` shares its requests with other jobs that ask at about the same time."""

    cloud: CloudApi
    now: Callable[[], datetime]
    about_server: Callable[[Job, RequestKind], Awaitable[LookedUp]]


class Sends(Protocol[JobT_contra]):
    """Sends a request of a job, once. Raises `CloudError`."""

    def __call__(
        self, job: JobT_contra, request_kind: RequestKind, cloud: CloudApi, /
    ) -> Awaitable[RequestAccepted | RequestDone]: ...


class LooksUp(Protocol[JobT_contra]):
    """Finds out what became of the requests of that kind. Raises `CloudError` unless everything was answered."""

    def __call__(
        self, job: JobT_contra, request_kind: RequestKind, tools: LookUpTools, /
    ) -> Awaitable[LookedUp | ImageLookedUp]: ...


def no_targets(_jobs: Iterable[Job], _starting: bool) -> PollTargets:
    """For jobs that no poll tells anything."""
    return PollTargets()


def no_observations(
    _job: Job, _observation: Observation, _actions: Mapping[int, Action], _fleet: Fleet
) -> Iterator[PollObservation]:
    """The same."""
    return iter(())


def nothing_known(_job: Job, _fleet: Fleet) -> Iterator[ServerSeen]:
    """The same."""
    return iter(())


@dataclass(frozen=True, slots=True)
class JobKind(Generic[JobT]):
    """One kind of job, as data; its name in the journal is `job_type.kind`.

    `resume` takes a job over from a process that is gone; its last argument tells whether this process asked for it.
    `poll_targets` is what polls must look at for jobs that have not ended (the flag: they may be started),
    `observations_for` what a poll says to one of them, and `known_observations` what is known when it begins.
    `takes_turns`: two jobs of such kinds do not work on one server at the same time. `route_fails` and
    `route_works` tell people that the main request works for nobody, or works again.
    """

    job_type: type[JobT]
    step: Callable[[JobT, JobObservation, StepContext], Step[JobT]]
    resume: Callable[[JobT, StepContext, bool], Step[JobT]]
    send: Sends[JobT]
    look_up: LooksUp[JobT]
    route_fails: str
    route_works: str
    poll_targets: Callable[[Iterable[JobT], bool], PollTargets] = no_targets
    observations_for: Callable[[JobT, Observation, Mapping[int, Action], Fleet], Iterator[PollObservation]] = (
        no_observations
    )
    known_observations: Callable[[JobT, Fleet], Iterator[ServerSeen]] = nothing_known
    takes_turns: bool = False

    @property
    def name(self) -> str:
        """Its name in the journal."""
        return self.job_type.kind
