"""What there is in the world of one job at a moment: the truth at Hetzner, our clocks, and what is under way.

`World` lets things happen to it; `promises` judges it. Times of the job are those of our clock; times of `Hetzner`
are true.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hsnap_tui.cloud.errors import CloudError
from hsnap_tui.cloud.model import Action, Server, Snapshot
from hsnap_tui.events import JobEvent
from hsnap_tui.jobs.core.model import HoldReason, JobState, Power, RequestKind, SnapshotJob, SnapshotOptions
from hsnap_tui.jobs.core.observations import RequestAccepted
from tests.jobs.core.access import Access
from tests.jobs.core.hetzner import COMMAND, SERVER_ID, Hetzner

START = datetime(2026, 7, 1, 12, 0, 0, 250_000, UTC)
JOB_ID = "job-1"
NO_TIME = timedelta(0)


def new_job(options: SnapshotOptions) -> SnapshotJob:
    """A job as it is queued."""
    return SnapshotJob(JOB_ID, "batch-1", "p", SERVER_ID, "web", "web-snapshot", START, options)


@dataclass
class Flight:
    """A request on its way; `outcome` once it was carried out or refused at Hetzner."""

    request_kind: RequestKind
    outcome: RequestAccepted | CloudError | None = None


@dataclass(frozen=True)
class View:
    """What Hetzner would have answered at one moment."""

    server: Server | None
    lock_holder: Action | None
    actions: tuple[Action, ...]
    snapshots: tuple[Snapshot, ...]


@dataclass
class WorldState:
    """One job, its journal, the requests under way, and Hetzner."""

    options: SnapshotOptions = field(default_factory=SnapshotOptions)
    hetzner: Hetzner = field(default_factory=lambda: Hetzner(START))
    known_offset: timedelta = NO_TIME
    """Hetzner's clock minus ours, as the answers' `Date` tells it."""

    def __post_init__(self) -> None:
        self.began = self.hetzner.now
        self.clock_error = NO_TIME
        """Our clock minus the true time."""
        self.clock_set_at = self.began
        self.date_error = NO_TIME
        """How much of `known_offset` is wrong."""
        self.access = Access.FULL
        self.happened: Counter[str] = Counter()
        """How often each thing that is hard to live with has really happened."""
        self.job = new_job(self.options)
        self.events: list[JobEvent] = []
        self.alive = True
        self.leaving = False
        self.may_send = True
        self.may_stop = True
        self.flight: Flight | None = None
        self.look_up: tuple[RequestKind, datetime, View] | None = None
        self.polls: list[tuple[datetime, View]] = []
        self.late: list[tuple[RequestKind, datetime, datetime]] = []
        self.sent: list[RequestKind] = []
        self.look_ups = 0
        self.looked_at: deque[datetime] = deque(maxlen=100)
        self.came_back_at: deque[datetime] = deque(maxlen=100)
        self.off_while_well = NO_TIME
        """How long all went well in all while the server was off because of us and could be switched on."""
        self.off_too_long = NO_TIME
        """How much of it was beyond what was allowed, since the last request to switch it on."""
        self.late_snapshots = 0
        """How many requests for a snapshot had their effect later than `LATEST_EFFECT`."""
        self.too_late_off = False
        """Whether a request that switches off had its effect later than that, and after the job had ended."""
        self.clock_leapt = False
        """Whether our clock was set ahead by more than a day while a late shutdown was still expected."""
        self.forgotten = False
        """Whether the job stopped expecting a late shutdown when it could not know better: after two days in
        which the status said nothing, or by a clock that was set days ahead while no process was there."""
        self.asked_off_at: datetime | None = None
        self.mistaken = False
        """Whether somebody else's action was taken for that of a request of ours whose answer was lost, as nobody can
        tell them apart: what ours does when it comes after all is then taken for somebody else's. So is a power-on of
        ours that has its effect later than the bound."""

    def stands(self, state: JobState, hold: HoldReason | None = None) -> bool:
        """Whether the job stands there now."""
        return self.job.state is state and self.job.hold is hold

    # -- time ---------------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """Our clock."""
        return self.hetzner.now + self.clock_error

    def true(self, moment: datetime) -> datetime:
        """The true time at which our clock showed, or will show, this."""
        return moment - self.clock_error

    def set_clock(self, seconds: float) -> None:
        """Our clock is set while no process is there."""
        self.clock_error += timedelta(seconds=seconds)
        self.known_offset -= timedelta(seconds=seconds)

    def date_is_wrong_by(self, seconds: float) -> None:
        """Hetzner's `Date` is wrong by so much from now on."""
        self.known_offset += timedelta(seconds=seconds) - self.date_error
        self.date_error = timedelta(seconds=seconds)
        if seconds:
            self.happened["the date was wrong" + (" while a server was off" if self.restore_pending else "")] += 1

    # -- what it is like ---------------------------------------------------------------------------------------

    @property
    def restore_pending(self) -> bool:
        """Whether the journal says that a server is or may be off because of us."""
        return self.job.power is Power.RESTORE_PENDING

    def view(self) -> View:
        """What Hetzner would answer now."""
        here = self.hetzner
        return View(here.server(), here.lock_holder(), here.actions(), here.labelled(JOB_ID))

    @property
    def can_switch_on(self) -> bool:
        """Whether a request to switch the server on would be carried out, and its state can be seen."""
        here = self.hetzner
        works = RequestKind.POWER_ON not in here.routes and COMMAND[RequestKind.POWER_ON] not in here.plan.fails
        routed = works and here.shown_status is here.status
        return self.access is Access.FULL and routed and not here.locked and not here.deleted
