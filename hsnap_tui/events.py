"""The one stream: everything that happens, as frozen dataclasses for table, log, notifications and files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hsnap_tui.cloud.errors import CloudError
from hsnap_tui.cloud.model import Action, Server


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at `at` (UTC) in `project`."""

    at: datetime
    project: str


# -- the fleet ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ServerAppeared(Event):
    """A server that was not there before. The first full list announces none."""

    server: Server


@dataclass(frozen=True, slots=True)
class ServerGone(Event):
    """A server that Hetzner no longer knows, asked by its ID."""

    server: Server


@dataclass(frozen=True, slots=True)
class ServerChanged(Event):
    """Anything of a server but its lock: status, name, labels, type, addresses."""

    before: Server
    server: Server


@dataclass(frozen=True, slots=True)
class LockTaken(Event):
    """A server was seen locked. `holder` is the action that holds the lock, none when it is not listed."""

    server: Server
    lock_holder: Action | None
    ours: bool


@dataclass(frozen=True, slots=True)
class LockCleared(Event):
    """A server that was locked was seen unlocked, after `seconds` (as well as can be told)."""

    server: Server
    lock_holder: Action | None
    ours: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class FleetUpdated(Event):
    """A poll ended well; `changed` are the servers whose row may look different now."""

    changed: frozenset[int]
    first: bool = False


@dataclass(frozen=True, slots=True)
class ConnectionLost(Event):
    """A poll failed: what is shown is the last data. Sent once for each new kind of failure."""

    error: CloudError


@dataclass(frozen=True, slots=True)
class ConnectionRestored(Event):
    """Polls work again, after `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class WatchEnded(Event):
    """A server that somebody asked to watch has no lock any more, or is gone."""

    server: Server
    gone: bool = False


# -- jobs --------------------------------------------------------------------------------------------------


class JobEventKind(StrEnum):
    """What happened to a job. The words are part of the JSON lines that are written for other programs."""

    QUEUED = "queued"
    WAITING = "waiting"
    SHUTTING_DOWN = "shutting_down"
    POWERING_OFF = "powering_off"
    SERVER_OFF = "server_off"
    REQUESTING = "requesting"
    OUTCOME_UNKNOWN = "outcome_unknown"
    FOUND = "found"
    NOT_FOUND = "not_found"
    CREATING = "creating"
    PROGRESS = "progress"
    SLOW = "slow"
    SNAPSHOT_DONE = "snapshot_done"
    POWERING_ON = "powering_on"
    SERVER_ON = "server_on"
    LEFT_ALONE = "left_alone"
    WATCHED = "watched"
    """A shutdown request may still take effect: the server is watched, and powered on if it goes off."""
    RETRYING = "retrying"
    RESUMED = "resumed"
    NEEDS_APPROVAL = "needs_approval"
    APPROVED = "approved"
    UNKNOWN = "unknown"
    DUPLICATE = "duplicate"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed or stands still, in Hetzner's words where there are any.

    `kind` is an `ErrorKind`, or a word of ours (`action_failed`, `still_on`, …); `correlation_id` names the
    request, for Hetzner's support; `request` is what Hetzner refused, as the API calls it, if it refused anything.
    """

    kind: str
    message: str
    advice: str = ""
    correlation_id: str | None = None
    request: str | None = None

    @classmethod
    def of(cls, error: CloudError, request: str | None = None) -> Failure:
        """The failure that an error of the cloud is; `request` is the request that failed, as the API calls it."""
        refused = request if error.code else None
        return cls(error.kind.value, error.message, error.advice, error.correlation_id, refused)


@dataclass(frozen=True, slots=True)
class JobEvent(Event):
    """A milestone of one job. Which of the optional fields are set depends on the kind.

    `percent` 0 to 100; `seconds` a duration (downtime, time since queued, …); `size` in GB; `holder` is the
    action that holds the server's lock; `note` is a sentence of ours about how something was found out. `job_kind`
    is the kind of the job (`jobs/core/kinds.py`); events of earlier versions, which knew one kind, name none.
    """

    kind: JobEventKind
    batch: str
    job: str
    server_id: int
    server_name: str
    percent: int | None = None
    seconds: float | None = None
    size: float | None = None
    action_id: int | None = None
    image_id: int | None = None
    lock_holder: str | None = None
    failure: Failure | None = None
    note: str | None = None
    job_kind: str = "snapshot"


@dataclass(frozen=True, slots=True)
class BatchQueued(Event):
    """A batch of jobs of one kind was written to the journal: from here on it survives this process."""

    batch: str
    jobs: int
    job_kind: str = "snapshot"


@dataclass(frozen=True, slots=True)
class BatchEnded(Event):
    """Every job of the batch has ended; counts by outcome."""

    batch: str
    done: int
    failed: int
    skipped: int
    cancelled: int
    seconds: float


class Role(StrEnum):
    """Whether this process sends for the project, or another one on this machine does."""

    LEADER = "leader"
    FOLLOWER = "follower"
    OBSERVER = "observer"
    """It never sends: `--read-only`."""


@dataclass(frozen=True, slots=True)
class RoleChanged(Event):
    """This process took over the sending, or found another one that does (`leader_pid`)."""

    role: Role
    leader_pid: int | None = None


@dataclass(frozen=True, slots=True)
class LeaderStalled(Event):
    """The process that sends stands still, since `since`: stopped, or blocked. Nobody else may send meanwhile."""

    pid: int | None
    since: datetime


@dataclass(frozen=True, slots=True)
class LeaderResponds(Event):
    """The process that sends works again."""

    pid: int | None


@dataclass(frozen=True, slots=True)
class SendingHalted(Event):
    """Nothing is sent until a person acts: no access, or the journal cannot be written. Jobs are kept."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class SendingResumed(Event):
    """The reason for `SendingHalted` is gone."""


@dataclass(frozen=True, slots=True)
class Notice(Event):
    """A sentence for the log that is about no job: what was resumed, a file set aside, a hint."""

    text: str
    warning: bool = False
