"""What a job is: one piece of work on one object from choice to end, as plain frozen data that fits a journal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from hsnap_tui.events import Failure

JOB_LABEL = "hsnap-tui/job"
"""The label that names the job on each snapshot that it makes; its value is the job's ID."""


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    WAITING = "waiting"
    SHUTTING_DOWN = "shutting_down"
    REQUESTING = "requesting"
    CHECKING = "checking"
    """The answer to a request was lost; it is being checked whether the snapshot exists."""
    CREATING = "creating"
    POWERING_ON = "powering_on"
    NEEDS_APPROVAL = "needs_approval"
    UNKNOWN = "unknown"
    """It could not be found out whether the snapshot exists: a person must look, then say try again or leave."""
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen by itself or by a yes."""
        return self in _ENDED

    @property
    def needs_person(self) -> bool:
        """Whether it stands still until a person says what to do."""
        return self in (JobState.NEEDS_APPROVAL, JobState.UNKNOWN)


_ENDED = frozenset({JobState.DONE, JobState.FAILED, JobState.SKIPPED, JobState.CANCELLED})


class IfLocked(StrEnum):
    """What to do with a server that is locked when the job starts."""

    WAIT = "wait"
    SKIP = "skip"


class IfStillOn(StrEnum):
    """What to do with a server that did not go off in time after a shutdown request."""

    LEAVE = "leave"
    POWER_OFF = "power-off"


class HoldReason(StrEnum):
    """Why a job needs a yes."""

    OLD = "old"
    """It was left over by an earlier run an hour ago or more."""
    SHUTS_DOWN = "shuts_down"
    """It was left over by an earlier run and would shut a server down."""
    INTERRUPTED = "interrupted"
    """The program was left while its server was being shut down; the server was powered on again."""
    LIMIT = "limit"
    """The snapshot limit was reached."""
    NO_ACCESS = "no_access"
    """The token was refused, or may only read."""
    WAITED_TOO_LONG = "waited_too_long"
    """The lock did not clear within the time allowed."""
    TRIED_OFTEN = "tried_often"
    """The request was lost several times in a row."""
    DOWNTIME = "downtime"
    """The server was off as long as the batch allows; it was powered on again without a snapshot."""
    REFUSED = "refused"
    """Another server of the batch was shut down in vain: its snapshot was refused for a reason that holds for all."""
    STATUS = "status"
    """The server was to be shut down, but its status was neither running nor off for too long."""


@dataclass(frozen=True, slots=True)
class SnapshotOptions:
    """How the jobs of one batch are to be done.

    `at_a_time` is how many servers may be off at once; `max_downtime` is how long one may be off without a snapshot
    under way before it is powered on again and its job held.
    """

    if_locked: IfLocked = IfLocked.WAIT
    max_wait: timedelta | None = None
    shut_down: bool = False
    if_still_on: IfStillOn = IfStillOn.LEAVE
    off_within: timedelta = timedelta(minutes=2)
    max_downtime: timedelta = timedelta(minutes=10)
    at_a_time: int = 1
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """One server of a batch, with its description already rendered."""

    server_id: int
    server_name: str
    description: str


class RequestKind(StrEnum):
    """A request that changes something, in the API's words for its path."""

    CREATE_IMAGE = "create_image"
    SHUTDOWN = "shutdown"
    POWER_OFF = "poweroff"
    POWER_ON = "poweron"
    DELETE_IMAGE = "delete_image"


class Phase(StrEnum):
    """How far "send and know the outcome" has come."""

    READY = "ready"
    """Nothing is under way; it may be sent (after a look-up, when it was ever sent)."""
    SENT = "sent"
    """The intent is in the journal and the request may be on its way."""
    OUTCOME_UNKNOWN = "outcome_unknown"
    """The answer was lost."""
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class TrackedRequest:
    """Send and know the outcome: one request of one job, over all its attempts.

    `unknown_since` is the intent of the earliest attempt whose outcome is still not known, `unknown_until` when the
    effect of the latest such attempt can no longer come late. `answered` is when an attempt was last known to have
    had its effect; `not_before` is until when it is neither looked up nor sent. `ruled_out` are IDs of actions that
    are already accounted for, so that they prove nothing about later attempts.

    `missing` is how many attempts had their answer lost and no action found for them, `missing_since` the intent of
    the first of these, and `lost_at` when the last answer was given up: these outlive the time in which the outcome
    counts as unknown, because an effect may come later than it should.
    """

    kind: RequestKind
    phase: Phase = Phase.READY
    attempts: int = 0
    first_intent: datetime | None = None
    last_intent: datetime | None = None
    unknown_since: datetime | None = None
    unknown_until: datetime | None = None
    unknown_count: int = 0
    look_ups: int = 0
    action_id: int | None = None
    ruled_out: tuple[int, ...] = ()
    answered: datetime | None = None
    not_before: datetime | None = None
    missing: int = 0
    missing_since: datetime | None = None
    lost_at: datetime | None = None


class Power(StrEnum):
    """Whether a server must be powered on again because of us."""

    NONE = "none"
    RESTORE_PENDING = "restore_pending"
    """We asked it to go off; it must be running before the job is over."""
    WATCHED = "watched"
    """It is running, but a shutdown request of ours may still take effect; if it does, the server is powered on."""
    RESTORED = "restored"
    """It runs again, or somebody else has decided about it since."""


@dataclass(frozen=True, slots=True)
class Job(ABC):
    """One piece of work on one object, from choice to end: what jobs of all kinds share. Times are UTC by our clock.

    A kind of job adds the requests that it sends and what it holds (`jobs/core/kinds.py`). `server_id` and
    `server_name` are what it is about, or for another object than a server, 0 and what that object is called.

    `looking`: a look-up of that request is under way. `fresh_after`: what was observed before it says nothing any
    more. `wake_at`: look at the job again then, even if nothing was observed. `result` is how it will end once what
    it holds is restored. `hold` is why it is held, or will be as soon as the outcome of its request is known.
    `refusal` is why the newest request was refused. `tried`: how often a person had it tried again.
    """

    kind: ClassVar[str]
    """The name of the kind in the journal."""

    id: str
    batch: str
    project: str
    server_id: int
    server_name: str
    description: str
    created: datetime
    state: JobState = field(default=JobState.QUEUED, kw_only=True)
    hold: HoldReason | None = field(default=None, kw_only=True)
    failure: Failure | None = field(default=None, kw_only=True)
    result: JobState | None = field(default=None, kw_only=True)
    cancelled: bool = field(default=False, kw_only=True)
    fresh_after: datetime | None = field(default=None, kw_only=True)
    wake_at: datetime | None = field(default=None, kw_only=True)
    refusal: Failure | None = field(default=None, kw_only=True)
    looking: RequestKind | None = field(default=None, kw_only=True)
    waiting_since: datetime | None = field(default=None, kw_only=True)
    lock_holder: str | None = field(default=None, kw_only=True)
    image_id: int | None = field(default=None, kw_only=True)
    percent: int = field(default=0, kw_only=True)
    size: float | None = field(default=None, kw_only=True)
    ended: datetime | None = field(default=None, kw_only=True)
    tried: int = field(default=0, kw_only=True)

    @property
    @abstractmethod
    def requests(self) -> tuple[TrackedRequest, ...]:
        """All requests that it may send."""

    @property
    def main_request(self) -> TrackedRequest:
        """The request that does its work; the others prepare it, or undo what was prepared."""
        return self.requests[0]

    @property
    def power(self) -> Power:
        """Whether a server must be powered on again because of it."""
        return Power.NONE

    @property
    def watching(self) -> bool:
        """Whether its server may still go off because of it, and is looked at for that."""
        return False

    @property
    def shuts_down(self) -> bool:
        """Whether it may switch a server off."""
        return False

    @property
    def off_at_a_time(self) -> int:
        """How many servers of its batch may be off at once."""
        return 1

    @property
    def must_be_on_by(self) -> datetime | None:
        """When its server must be powered on at the latest."""
        return None

    @property
    def downtime(self) -> timedelta | None:
        """How long a server was off because of it."""
        return None

    @property
    def busy(self) -> bool:
        """Whether an answer is awaited, so that nothing else may be sent."""
        return self.looking is not None or any(request.phase is Phase.SENT for request in self.requests)

    @property
    def outcome_unknown(self) -> bool:
        """Whether its main request may have had an effect, or may still have one, that this job does not know of."""
        return self.main_request.phase in (Phase.SENT, Phase.OUTCOME_UNKNOWN)

    @property
    def may_be_off(self) -> bool:
        """Whether a server is off because of it, or may still go off."""
        return self.power in (Power.RESTORE_PENDING, Power.WATCHED)

    @property
    def over(self) -> bool:
        """Whether it has ended and nothing is to be restored: the journal need not hand it to the next process."""
        return self.state.ended and not self.may_be_off

    @property
    def resting(self) -> bool:
        """Whether nothing happens to it by itself, unless its server goes off late."""
        return self.state.ended or self.state.needs_person

    @property
    def cancellable(self) -> bool:
        """Whether a person can end it before its work is sent, or end an open question."""
        if self.state is JobState.UNKNOWN or (self.state.ended and self.power is Power.WATCHED):
            return True
        waits = self.result is None and not self.cancelled and self.main_request.phase is Phase.READY
        return waits and not self.state.ended

    @property
    def approvable(self) -> bool:
        """Whether a person's approval lets it go on."""
        return self.state is JobState.NEEDS_APPROVAL

    @property
    def retryable(self) -> bool:
        """Whether a person can have it tried again."""
        return self.state in (JobState.FAILED, JobState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class SnapshotJob(Job):
    """One snapshot of one server.

    `void_images` carry the job's label but are no usable snapshots.

    While `power` is watched: `watching` asks for the server to be looked at, at least until `watch_until`; after
    `expected_until` no late shutdown is expected any more. `unseen_since`: when an earlier process' shutdown may have
    worked unseen. `taken_over`: when this process took it over with a restore pending. `odd_since`: since when the
    status is neither running nor off, without a lock. `making_since`: since when this process follows the snapshot.
    """

    kind: ClassVar[str] = "snapshot"

    options: SnapshotOptions
    started: bool = False
    create_image: TrackedRequest = TrackedRequest(RequestKind.CREATE_IMAGE)
    shutdown: TrackedRequest = TrackedRequest(RequestKind.SHUTDOWN)
    power_off: TrackedRequest = TrackedRequest(RequestKind.POWER_OFF)
    power_on: TrackedRequest = TrackedRequest(RequestKind.POWER_ON)
    power: Power = Power.NONE
    off_at: datetime | None = None
    on_at: datetime | None = None
    unseen_since: datetime | None = None
    taken_over: datetime | None = None
    odd_since: datetime | None = None
    watching: bool = False
    watch_until: datetime | None = None
    expected_until: datetime | None = None
    void_images: tuple[int, ...] = ()
    making_since: datetime | None = None
    snapshot_done: datetime | None = None
    slow_told: bool = False

    @property
    def requests(self) -> tuple[TrackedRequest, ...]:
        """All requests that it may send."""
        return self.create_image, self.shutdown, self.power_off, self.power_on

    @property
    def shuts_down(self) -> bool:
        """Whether it may switch its server off."""
        return self.options.shut_down

    @property
    def off_at_a_time(self) -> int:
        """How many servers of its batch may be off at once."""
        return self.options.at_a_time

    @property
    def must_be_on_by(self) -> datetime | None:
        """When its server must be powered on at the latest, as long as no snapshot is under way."""
        waits = (
            self.power is Power.RESTORE_PENDING
            and self.result is None
            and self.create_image.phase is not Phase.ACCEPTED
        )
        return self.off_at + self.options.max_downtime if waits and self.off_at else None

    @property
    def downtime(self) -> timedelta | None:
        """How long the server was off because of this job, as well as polls can tell."""
        return self.on_at - self.off_at if self.off_at and self.on_at else None


@dataclass(frozen=True, slots=True)
class SnapshotRequest:
    """Snapshots as a person chose them."""

    targets: tuple[Target, ...]
    options: SnapshotOptions = SnapshotOptions()

    def jobs(self, batch: str, project: str, created: datetime, new_id: Callable[[], str]) -> Sequence[SnapshotJob]:
        """A job for each target."""
        return [
            SnapshotJob(
                new_id(),
                batch,
                project,
                target.server_id,
                target.server_name,
                target.description,
                created,
                self.options,
            )
            for target in self.targets
        ]
