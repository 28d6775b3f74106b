"""What a job can be told, and what it can ask for: the two alphabets of the state machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from hsnap_tui.cloud.errors import CloudError
from hsnap_tui.cloud.model import Action, Image, Server, Snapshot
from hsnap_tui.events import Failure, JobEvent
from hsnap_tui.jobs.core.model import HoldReason, Job, RequestKind

JobT_co = TypeVar("JobT_co", bound=Job, covariant=True)


@dataclass(frozen=True, slots=True)
class ServerSeen:
    """A poll that began at `started` saw the job's server, or that it is gone (`server` is none)."""

    started: datetime
    server: Server | None
    lock_holder: Action | None = None


@dataclass(frozen=True, slots=True)
class ActionSeen:
    """The action that makes the job's snapshot, as it is now."""

    action: Action


@dataclass(frozen=True, slots=True)
class ActionLost:
    """The API no longer knows the action of that ID."""

    action_id: int


@dataclass(frozen=True, slots=True)
class RequestAccepted:
    """A request was answered with an action, `create_image` with a snapshot too."""

    request_kind: RequestKind
    action: Action
    snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class RequestDone:
    """A request was carried out at once: its answer has no action."""

    request_kind: RequestKind


@dataclass(frozen=True, slots=True)
class RequestRefused:
    """A request surely had no effect."""

    request_kind: RequestKind
    error: CloudError


@dataclass(frozen=True, slots=True)
class AnswerLost:
    """Nobody can tell from the answer whether the request had an effect, or will have one."""

    request_kind: RequestKind
    error: CloudError


@dataclass(frozen=True, slots=True)
class LookedUp:
    """Fresh answers, all asked for after `started`: snapshots with the job's label (asked for `create_image` only),
    the newest actions of the server, and the server itself (none: it is gone)."""

    request_kind: RequestKind
    started: datetime
    server: Server | None
    actions: tuple[Action, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageLookedUp:
    """What a request for one image by its ID said, asked after `started`; none: there is no such image."""

    request_kind: RequestKind
    started: datetime
    image: Image | None


@dataclass(frozen=True, slots=True)
class LookUpFailed:
    """A look-up could not be done; it says nothing."""

    error: CloudError


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """A person wants it to end without a snapshot."""


@dataclass(frozen=True, slots=True)
class Hold:
    """What makes others of its batch or project impossible for now: it must not be started either.

    `failure` is what happened to the other job.
    """

    reason: HoldReason
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A person's yes for a held job."""


@dataclass(frozen=True, slots=True)
class Retry:
    """A person wants a failed or unknown job tried again."""


JobObservation = (
    ServerSeen
    | ActionSeen
    | ActionLost
    | RequestAccepted
    | RequestDone
    | RequestRefused
    | AnswerLost
    | LookedUp
    | ImageLookedUp
    | LookUpFailed
    | Tick
    | Cancel
    | Hold
    | Release
    | Retry
)


@dataclass(frozen=True, slots=True)
class Send:
    """Send this once; the intent must be in the journal before."""

    request_kind: RequestKind


@dataclass(frozen=True, slots=True)
class LookUp:
    """Find out what became of requests of this kind."""

    request_kind: RequestKind


Command = Send | LookUp


@dataclass(frozen=True, slots=True)
class StepContext:
    """The circumstances of a step.

    `may_send`: new work may be started (switching on again is always allowed). `may_create`: a snapshot may be asked
    for; false while another job tries whether Hetzner takes any. `may_stop`: one more server of the batch may go off.
    `leaving`: the program is about to end. `clock_offset`: Hetzner's clock minus ours.
    """

    now: datetime
    may_send: bool = True
    may_stop: bool = True
    leaving: bool = False
    clock_offset: timedelta = timedelta(0)
    may_create: bool = True


@dataclass(frozen=True, slots=True)
class Step(Generic[JobT_co]):
    """What a step gives: the job as it is now, at most one command, and what is to be told."""

    job: JobT_co
    command: Command | None = None
    events: tuple[JobEvent, ...] = ()
