"""Hetzner in memory, as far as one server goes: status, locks, actions and images, on a clock moved by hand."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hsnap_tui.cloud.errors import CloudError, Effect, ErrorKind
from hsnap_tui.cloud.model import Action, ActionStatus, ImageStatus, Resource, Server, ServerStatus, Snapshot
from hsnap_tui.jobs.core.model import JOB_LABEL, RequestKind
from hsnap_tui.jobs.core.observations import RequestAccepted

SERVER_ID = 7
COMMAND = {
    RequestKind.CREATE_IMAGE: "create_image",
    RequestKind.SHUTDOWN: "shutdown_server",
    RequestKind.POWER_OFF: "stop_server",
    RequestKind.POWER_ON: "start_server",
}


PAGE = 25
"""How many actions of a server one answer lists."""


@dataclass
class Plan:
    """How the next actions will go; durations in seconds. `acpi`: how long the guest takes to go off; none: it
    ignores ACPI. It may take minutes (services that stop slowly), longer than anybody waits for it."""

    snapshot: float = 60
    unlock_at: float = 0.05
    """The share of `snapshot` after which the lock is released."""
    label_lag: float = 0
    acpi: float | None = 5
    boot: float = 4
    fails: frozenset[str] = frozenset()
    failed_image: ImageStatus | None = ImageStatus.UNAVAILABLE
    """What a failed `create_image` leaves; none: nothing."""
    names_image: bool = False
    lock_lag: float = 0
    """How long a GET shows no lock yet, though requests are refused already."""


@dataclass(frozen=True)
class Refusal:
    """A route that carries nothing out. A 503 leaves open whether it did; `until` none: for ever."""

    kind: ErrorKind
    until: datetime | None = None
    retry_after: float | None = None

    @property
    def error(self) -> CloudError:
        """What the route answers."""
        carried = Effect.POSSIBLE if self.kind is ErrorKind.OUTCOME_UNKNOWN else Effect.NONE
        return CloudError(self.kind, "refused by the route", carried, self.kind.value, retry_after=self.retry_after)


@dataclass
class Work:
    """An action with what the API does not tell of it."""

    action: Action
    ours: bool
    began: datetime
    seconds: float


@dataclass
class Image:
    """A snapshot with the moment from which a list by label shows it."""

    snapshot: Snapshot
    job: str | None
    shows_at: datetime
    failed: bool = False


@dataclass
class Hetzner:
    """One server and its surroundings. `now` is the true time; Hetzner's clock is ahead of it by `offset`."""

    now: datetime
    offset: timedelta = timedelta(0)
    status: ServerStatus = ServerStatus.RUNNING
    plan: Plan = field(default_factory=Plan)
    deleted: bool = False
    works: list[Work] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    snapshots_deleted: bool = False
    locks: dict[int, datetime] = field(default_factory=dict)
    """Until when an action holds the server, by the action's ID (0: none that is listed)."""
    locked_since: datetime | None = None
    switched_by_us: bool = False
    """Whether it is off because of us; meaningless while it is on."""
    off_since: datetime | None = None
    switches: int = 0
    guest_goes_off_at: datetime | None = None
    """When the slowest guest that was asked to shut down does."""
    name: str = "web"
    routes: dict[RequestKind, Refusal] = field(default_factory=dict)
    """Routes that refuse our requests."""
    odd: tuple[ServerStatus, datetime | None] | None = None
    """A status that a GET shows in place of the true one, and until when (none: for ever)."""

    def __post_init__(self) -> None:
        self._ids = itertools.count(100)
        self._turns = itertools.count()
        self._planned: list[tuple[datetime, int, Callable[[], None]]] = []

    # -- time ---------------------------------------------------------------------------------------------------

    def advance(self, until: datetime) -> None:
        """Lets everything happen that is due until then."""
        while self._planned and self._planned[0][0] <= until:
            moment, _, happen = heapq.heappop(self._planned)
            self.now = max(self.now, moment)
            happen()
        self.now = max(self.now, until)

    def _after(self, seconds: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._planned, (self.now + timedelta(seconds=seconds), next(self._turns), happen))

    # -- what the API tells -------------------------------------------------------------------------------------

    @property
    def locked(self) -> bool:
        """Whether something holds the server."""
        return bool(self.locks) and max(self.locks.values()) > self.now

    def server(self) -> Server | None:
        """The server as a GET would show it."""
        if self.deleted:
            return None
        created = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
        shown = self.locked and self.locked_since is not None and self.now >= self.locked_since + self._lock_lag
        return Server("p", SERVER_ID, self.name, self.name, self.shown_status, shown, created, "cx22", "fsn1")

    @property
    def shown_status(self) -> ServerStatus:
        """The status that a GET shows."""
        if self.odd is not None and (self.odd[1] is None or self.odd[1] > self.now):
            return self.odd[0]
        return self.status

    def lock_holder(self) -> Action | None:
        """The running action that holds the lock."""
        return next((w.action for w in self.works if self.locks.get(w.action.id, self.now) > self.now), None)

    def actions(self) -> tuple[Action, ...]:
        """The server's newest actions, newest first."""
        return tuple(self._progressing(work) for work in reversed(self.works[-PAGE:]))

    def _progressing(self, work: Work) -> Action:
        passed = (self.now - work.began).total_seconds()
        return replace(work.action, progress=int(99 * passed / work.seconds)) if work.action.running else work.action

    def labelled(self, job: str) -> tuple[Snapshot, ...]:
        """What the list by label shows."""
        return tuple(i.snapshot for i in self.images if i.job == job and i.shows_at <= self.now)

    # -- requests -----------------------------------------------------------------------------------------------

    def post(self, request_kind: RequestKind, job: str | None, *, ours: bool) -> RequestAccepted:
        """Carries a request out. Raises `CloudError` when it is refused."""
        refusal = self.routes.get(request_kind)
        if ours and refusal is not None and (refusal.until is None or refusal.until > self.now):
            raise refusal.error
        if self.deleted:
            raise CloudError(ErrorKind.NOT_FOUND, "server not found")
        if self.locked:
            raise CloudError(ErrorKind.LOCKED, "cannot perform operation because server is locked", code="locked")
        match request_kind:
            case RequestKind.CREATE_IMAGE:
                return self._create_image(job, ours)
            case RequestKind.SHUTDOWN:
                return self._shutdown(ours)
            case RequestKind.POWER_OFF:
                return self._power_off(ours)
            case RequestKind.POWER_ON:
                return self._power_on(ours)
            case _:
                raise AssertionError(f"a snapshot job sends no {request_kind}")

    def hold(self, seconds: float) -> None:
        """Locks the server by something that no list shows."""
        self._lock(0, seconds)

    def refuse(
        self, request_kind: RequestKind, kind: ErrorKind, seconds: float | None, retry_after: float | None = None
    ) -> None:
        """From now on a route refuses our requests; for ever when no time is given."""
        self.routes[request_kind] = Refusal(kind, self._in(seconds), retry_after)

    def show(self, status: ServerStatus, seconds: float | None) -> None:
        """From now on a GET shows this status, whatever is true; for ever when no time is given."""
        self.odd = (status, self._in(seconds))

    def _in(self, seconds: float | None) -> datetime | None:
        return None if seconds is None else self.now + timedelta(seconds=seconds)

    def delete(self) -> None:
        """The server is gone; its snapshots stay."""
        self.deleted = True

    def delete_snapshots(self) -> None:
        """Somebody deletes all snapshots that are there."""
        kept = [image for image in self.images if image.snapshot.status is ImageStatus.CREATING]
        self.snapshots_deleted |= len(kept) < len(self.images)
        self.images = kept

    def _begin(
        self, request_kind: RequestKind, ours: bool, lock: float, seconds: float, end: Callable[[bool], None]
    ) -> Work:
        command = COMMAND[request_kind]
        begun = (self.now + self.offset).replace(microsecond=0)
        action = Action(
            next(self._ids), command, ActionStatus.RUNNING, 0, begun, resources=(Resource("server", SERVER_ID),)
        )
        work = Work(action, ours, self.now, seconds)
        self.works.append(work)
        self._lock(action.id, lock)
        fails = command in self.plan.fails

        def finish() -> None:
            status = ActionStatus.ERROR if fails else ActionStatus.SUCCESS
            message = "it failed at Hetzner" if fails else None
            work.action = replace(work.action, status=status, progress=100, error_message=message)
            self.locks.pop(action.id, None)
            end(not fails)

        self._after(seconds, finish)
        return work

    @property
    def _lock_lag(self) -> timedelta:
        return timedelta(seconds=self.plan.lock_lag)

    def _lock(self, action_id: int, seconds: float) -> None:
        if not self.locked:
            self.locked_since = self.now
        self.locks[action_id] = self.now + timedelta(seconds=seconds)

    def _create_image(self, job: str | None, ours: bool) -> RequestAccepted:
        plan = replace(self.plan)
        image_id = next(self._ids)

        def end(well: bool) -> None:
            if well:
                image.snapshot = replace(image.snapshot, status=ImageStatus.AVAILABLE, image_size=1.5)
                return
            image.failed = True
            if plan.failed_image is None and image in self.images:
                self.images.remove(image)
            else:
                image.snapshot = replace(image.snapshot, status=plan.failed_image or image.snapshot.status)

        work = self._begin(RequestKind.CREATE_IMAGE, ours, plan.snapshot * plan.unlock_at, plan.snapshot, end)
        if plan.names_image:
            work.action = replace(work.action, resources=(*work.action.resources, Resource("image", image_id)))
        labels = {JOB_LABEL: job} if job else {}
        snapshot = Snapshot(
            "p",
            image_id,
            "web-snapshot",
            ImageStatus.CREATING,
            work.action.started,
            labels=labels,
            server_id=SERVER_ID,
        )
        image = Image(snapshot, job, self.now + timedelta(seconds=plan.label_lag))
        self.images.append(image)
        return RequestAccepted(RequestKind.CREATE_IMAGE, work.action, snapshot)

    def _shutdown(self, ours: bool) -> RequestAccepted:
        acpi = self.plan.acpi

        def asked(well: bool) -> None:
            if not well or acpi is None or self.status is not ServerStatus.RUNNING:
                return
            asked_at = self.switches
            guest = self.now + timedelta(seconds=acpi)
            self.guest_goes_off_at = max(guest, self.guest_goes_off_at or guest)
            self._after(acpi, lambda: self._switch(ServerStatus.OFF, ours) if self.switches == asked_at else None)

        return RequestAccepted(RequestKind.SHUTDOWN, self._begin(RequestKind.SHUTDOWN, ours, 1, 1, asked).action)

    def _power_off(self, ours: bool) -> RequestAccepted:
        def done(well: bool) -> None:
            if well and self.status is not ServerStatus.OFF:
                self._switch(ServerStatus.OFF, ours)

        return RequestAccepted(RequestKind.POWER_OFF, self._begin(RequestKind.POWER_OFF, ours, 1, 1, done).action)

    def _power_on(self, ours: bool) -> RequestAccepted:
        was_off = self.status is ServerStatus.OFF

        def booted(well: bool) -> None:
            if was_off:
                self.status = ServerStatus.OFF
                if well:
                    self._switch(ServerStatus.RUNNING, ours)

        if was_off:
            self.status = ServerStatus.STARTING
        return RequestAccepted(
            RequestKind.POWER_ON,
            self._begin(RequestKind.POWER_ON, ours, self.plan.boot, self.plan.boot, booted).action,
        )

    def _switch(self, status: ServerStatus, ours: bool) -> None:
        self.status = status
        self.switched_by_us = ours
        self.off_since = self.now if status is ServerStatus.OFF else None
        self.switches += 1
