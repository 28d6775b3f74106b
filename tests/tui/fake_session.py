"""A console without a cloud: a fixed clock, a fleet of every kind, and jobs that tests move by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hsnap_tui.cloud.api import RateLimitStatus
from hsnap_tui.cloud.model import Action, ActionStatus, ImageStatus, Resource, Server, ServerStatus, Snapshot
from hsnap_tui.events import Event, Failure, FleetUpdated, LockCleared, WatchEnded
from hsnap_tui.fleet.state import Fleet, ServerView
from hsnap_tui.jobs.core.model import (
    HoldReason,
    JobState,
    Phase,
    RequestKind,
    SnapshotJob,
    SnapshotOptions,
    TrackedRequest,
)
from hsnap_tui.session.event_listeners import EventListeners
from hsnap_tui.session.interface import ConnectionStatus
from tests.clocks.fixed import FixedClock
from tests.tui.fake_jobs import FakeJobs

NOW = datetime(2026, 7, 11, 14, 3, 7, tzinfo=UTC)
PROJECT = "test"

HOSTILE = ("[red]x", "[/foo]", "[@click=app.quit]x[/]", "日本語サーバー", "[bold", "{name}", "%s$(id)", "[/]")


def server(number: int, name: str, **others: object) -> Server:
    """A server with believable values."""
    base = Server(
        project=PROJECT,
        id=40_000_000 + number,
        name=name,
        raw_name=name,
        status=ServerStatus.RUNNING,
        locked=False,
        created=NOW - timedelta(days=20 + number),
        type=("cpx21", "cx32", "ccx13", "cax41")[number % 4],
        location=("fsn1", "nbg1", "hel1", "ash")[number % 4],
        ipv4=f"203.0.113.{number % 250}",
        ipv6=f"2001:db8:{number:x}::/64",
        labels={"env": ("prod", "staging")[number % 2], "team": "web"},
        disk=80,
    )
    return replace(base, **others)  # type: ignore[arg-type]


def lock_holder(server_id: int, command: str, progress: int, ago: timedelta) -> Action:
    """A running action that holds a server's lock."""
    resources = (Resource("server", server_id),)
    return Action(900_000 + server_id % 1000, command, ActionStatus.RUNNING, progress, NOW - ago, None, resources)


def view(server_: Server, held: Action | None = None, **others: object) -> ServerView:
    """A row's data; locked when somebody holds it."""
    if held:
        server_ = replace(server_, locked=True)
    base = ServerView(
        server=server_,
        seen=NOW - timedelta(seconds=2),
        lock_holder=held,
        locked_since=held.started if held else None,
        newest_snapshot=NOW - timedelta(days=server_.id % 9 + 1),
        snapshots=server_.id % 5 + 1,
    )
    return replace(base, **others)  # type: ignore[arg-type]


def a_fleet() -> Fleet:
    """About twenty servers of every kind."""
    web = [server(n, f"web-{n}.example.com") for n in range(1, 9)]
    minutes = timedelta(minutes=1)
    views = [
        view(web[0], lock_holder(web[0].id, "create_image", 42, 2 * minutes)),
        view(web[1], lock_holder(web[1].id, "change_protection_level", 7, 65 * minutes)),
        view(replace(web[2], locked=True), locked_since=NOW - timedelta(seconds=31)),
        view(replace(web[3], status=ServerStatus.OFF)),
        view(replace(web[4], ipv4=None)),
        view(replace(web[5], ipv4=None, ipv6=None, labels={})),
        view(replace(web[6], volumes=(11, 12)), newest_snapshot=None, snapshots=0),
        view(
            replace(web[7], status=ServerStatus.INITIALIZING),
            lock_holder(web[7].id, "create_server", 80, minutes / 4),
        ),
    ]
    views += [view(server(20 + n, name)) for n, name in enumerate(HOSTILE)]
    views += [view(server(40 + n, f"db-{n}")) for n in (1, 2, 3, 10)]
    views.append(view(server(60, "a-rather-long-name-of-a-server-that-goes-on.internal.example.com")))
    by_id = {entry.server.id: entry for entry in views}
    running = {entry.lock_holder.id: entry.lock_holder for entry in views if entry.lock_holder}
    snapshots = {n: snapshot(n, web[0], NOW - timedelta(days=n)) for n in (1, 2)}
    return Fleet(PROJECT, by_id, running, snapshots, NOW)


def snapshot(number: int, of: Server, created: datetime) -> Snapshot:
    """A snapshot with a hostile description."""
    return Snapshot(
        PROJECT,
        70_000 + number,
        "[red]before[/foo]",
        ImageStatus.AVAILABLE,
        created,
        3.25 * number,
        80,
        of.id,
        of.name,
    )


def job(number: int, of: Server, state: JobState, **others: object) -> SnapshotJob:
    """A job in some state."""
    phases = {
        JobState.REQUESTING: Phase.SENT,
        JobState.CHECKING: Phase.OUTCOME_UNKNOWN,
        JobState.CREATING: Phase.ACCEPTED,
        JobState.POWERING_ON: Phase.ACCEPTED,
        JobState.DONE: Phase.ACCEPTED,
    }
    base = SnapshotJob(
        id=f"j{number}",
        batch="b1",
        project=PROJECT,
        server_id=of.id,
        server_name=of.name,
        description=f"{of.name}-snapshot",
        options=SnapshotOptions(),
        created=NOW - timedelta(minutes=3),
        state=state,
        create_image=TrackedRequest(RequestKind.CREATE_IMAGE, phases.get(state, Phase.READY)),
        ended=NOW if state.ended else None,
    )
    return replace(base, **others)  # type: ignore[arg-type]


LIMIT = Failure(
    "limit_reached",
    "image limit exceeded [red]x",
    "Delete snapshots that are not needed, or ask Hetzner for more.",
    "f21b9dc9d1535310",
)


def jobs_in_every_state(fleet: Fleet) -> dict[str, SnapshotJob]:
    """One job for each state, each on a server of its own."""
    found = {}
    for number, (state, entry) in enumerate(zip(JobState, list(fleet.views.values())[4:], strict=False)):
        made = job(number, entry.server, state)
        if state is JobState.CREATING:
            made = replace(made, percent=62, image_id=70_100)
        if state is JobState.WAITING:
            made = replace(made, waiting_since=NOW - timedelta(minutes=2))
        if state is JobState.NEEDS_APPROVAL:
            made = replace(made, hold=HoldReason.LIMIT, failure=LIMIT)
        if state is JobState.FAILED:
            made = replace(made, failure=LIMIT)
        found[made.id] = made
    return found


class FakeSession:
    """Fits `SessionInterface`; `jobs` remembers what was asked for."""

    def __init__(self, fleet: Fleet | None = None, jobs: Mapping[str, SnapshotJob] | None = None) -> None:
        self.title = "prod"
        self.clock = FixedClock(NOW)
        self.read_only = False
        self.fleet = a_fleet() if fleet is None else fleet
        self.jobs = FakeJobs(self, PROJECT, jobs or {})
        self.connection = ConnectionStatus(2.0)
        self.watched: frozenset[int] = frozenset()
        self.budget_view = RateLimitStatus(3600, 3412, 60, 1.0, known=True)
        self.actions: Sequence[Action] = ()
        self.actions_error: Exception | None = None
        self.focus_changes: list[bool] = []
        self.refreshed = 0
        self.run_error: Exception | None = None
        self._listeners = EventListeners()

    def budget(self) -> RateLimitStatus:
        return self.budget_view

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        return self._listeners.subscribe(listener)

    def emit(self, *events: Event) -> None:
        for event in events:
            self._listeners.publish(event)

    async def run(self) -> None:
        if self.run_error:
            raise self.run_error
        await asyncio.Event().wait()

    def watch(self, server_id: int) -> bool:
        self.watched ^= {server_id}
        return server_id in self.watched

    async def refresh(self) -> None:
        self.refreshed += 1

    async def server_actions(self, server_id: int) -> Sequence[Action]:
        if self.actions_error:
            raise self.actions_error
        return self.actions

    def set_focus(self, focused: bool) -> None:
        self.focus_changes.append(focused)

    # -- what tests move -----------------------------------------------------------------------------------------

    def put(self, *views: ServerView) -> None:
        """Shows new rows, as a poll does."""
        changed = {entry.server.id: entry for entry in views}
        self.fleet = replace(self.fleet, views={**self.fleet.views, **changed})
        self.emit(FleetUpdated(self.clock.now(), PROJECT, frozenset(changed)))

    def remove(self, *server_ids: int) -> None:
        """Servers that are gone."""
        views = {key: entry for key, entry in self.fleet.views.items() if key not in server_ids}
        self.fleet = replace(self.fleet, views=views)
        self.emit(FleetUpdated(self.clock.now(), PROJECT, frozenset(server_ids)))

    def unlock(self, server_id: int) -> None:
        """A lock that clears."""
        before = self.fleet.views[server_id]
        self.put(view(replace(before.server, locked=False)))
        self.emit(LockCleared(self.clock.now(), PROJECT, before.server, before.lock_holder, False, 120.0))
        if server_id in self.watched:
            self.watched -= {server_id}
            self.emit(WatchEnded(self.clock.now(), PROJECT, before.server))
