"""The present state of the project, worked out from servers and running actions, and what has changed (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hsnap_tui.cloud.model import Action, ImageStatus, Server, Snapshot
from hsnap_tui.events import Event, FleetUpdated, LockCleared, LockTaken, ServerAppeared, ServerChanged, ServerGone
from hsnap_tui.fleet.running_actions import RunningActions


@dataclass(frozen=True, slots=True)
class Observation:
    """What one request, or one list, saw. `started` is when its first request was sent: it says nothing about later.

    `servers` were seen in it; `gone` were asked by ID and are not known any more. `complete` is true when the whole
    list of servers was read. `running` is the whole list of running actions, or none when it was not asked for;
    `actions` were asked by ID (they may have ended); `lost_actions` were asked by ID and are not known.
    `clock_offset` is Hetzner's clock minus ours.
    """

    started: datetime
    servers: Mapping[int, Server] = field(default_factory=dict)
    gone: frozenset[int] = frozenset()
    complete: bool = False
    running: tuple[Action, ...] | None = None
    actions: Mapping[int, Action] = field(default_factory=dict)
    lost_actions: frozenset[int] = frozenset()
    snapshots: tuple[Snapshot, ...] | None = None
    clock_offset: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class ServerView:
    """A server with what holds it and what it has: one row of the table.

    `seen` is when the server itself was last asked for. `lock_holder` is its oldest running action, which holds
    the lock when the server is locked; a locked server without one is "locked, holder not listed". `held_by` is
    the last action that was seen to hold the present lock. `locked_since`, by our clock, is the start of that
    action, or when the lock was first seen. `newest_snapshot` and `snapshots` count the snapshots that are available.
    """

    server: Server
    seen: datetime
    lock_holder: Action | None = None
    locked_since: datetime | None = None
    newest_snapshot: datetime | None = None
    snapshots: int = 0
    held_by: Action | None = None


@dataclass(frozen=True, slots=True)
class Fleet:
    """The whole project as it was last seen; never changed in place.

    `running` are the running actions of all servers by their ID, and `actions` what they were worked out from.
    `updated` is when the newest observation was asked for, `listed_at` the newest complete list of servers (none: not
    yet one), `snapshots_seen` the list of snapshots. `gone` keeps when servers were found not to exist any more.
    """

    project: str
    views: Mapping[int, ServerView] = field(default_factory=dict)
    running: Mapping[int, Action] = field(default_factory=dict)
    snapshots: Mapping[int, Snapshot] = field(default_factory=dict)
    updated: datetime | None = None
    listed_at: datetime | None = None
    snapshots_seen: datetime | None = None
    gone: Mapping[int, datetime] = field(default_factory=dict)
    actions: RunningActions = field(default_factory=RunningActions)

    @property
    def locked(self) -> int:
        """How many servers are locked."""
        return sum(view.server.locked for view in self.views.values())


def with_project(fleet: Fleet, project: str) -> Fleet:
    """The same fleet once it is known which project it is."""
    views = {i: replace(view, server=replace(view.server, project=project)) for i, view in fleet.views.items()}
    snapshots = {i: replace(snapshot, project=project) for i, snapshot in fleet.snapshots.items()}
    return replace(fleet, project=project, views=views, snapshots=snapshots)


def apply(fleet: Fleet, observation: Observation, ours: Collection[int]) -> tuple[Fleet, tuple[Event, ...]]:
    """The fleet after one more observation, and what changed by it; `ours` are the IDs of our own jobs' actions.

    Observations may come late, twice and in any order: what was asked for earlier never replaces what was asked for
    later, and missing from a list is no news about a server. Nothing new: no events.
    """
    step = _Step(fleet, observation, ours)
    step.see_actions()
    step.see_servers()
    step.see_gone()
    step.see_snapshots()
    return step.result()


class _Step:
    """One call of `apply`: the parts of the new fleet as they come about."""

    def __init__(self, fleet: Fleet, observation: Observation, ours: Collection[int]) -> None:
        self._before = fleet
        self._seen = observation
        self._at = observation.started
        self._ours = ours
        self._actions = fleet.actions
        self._views = dict(fleet.views)
        self._gone = fleet.gone
        self._snapshots = fleet.snapshots
        self._snapshots_seen = fleet.snapshots_seen
        self._stats: Mapping[int, tuple[int, datetime]] | None = None
        self._changed: set[int] = set()
        self._events: list[Event] = []

    def see_actions(self) -> None:
        seen = self._seen
        if seen.running is None and not seen.actions and not seen.lost_actions:
            return
        self._actions = self._before.actions.observe(self._at, seen.running, seen.actions, seen.lost_actions)
        for server_id in self._actions.changed_since(self._before.actions):
            view = self._views.get(server_id)
            if view is None:
                continue
            lock_holder = self._actions.holders.get(server_id)
            if lock_holder is None and view.server.locked:
                # The lock was seen before the action ended: it stays the holder until the server is seen again.
                continue
            self._put(self._with_lock(view, view.server, view.seen, lock_holder), view)

    def see_servers(self) -> None:
        for server_id, server in self._seen.servers.items():
            view = self._views.get(server_id)
            if view is None:
                self._appear(server)
            elif self._at >= view.seen:
                self._see_again(view, server)

    def see_gone(self) -> None:
        for server_id in self._seen.gone:
            view = self._views.get(server_id)
            if view is not None and self._at < view.seen:
                continue
            known = self._gone.get(server_id)
            if known is None or self._at > known:
                self._gone = {**self._gone, server_id: self._at}
            if view is not None:
                del self._views[server_id]
                self._changed.add(server_id)
                self._events.append(ServerGone(self._at, self._before.project, view.server))

    def see_snapshots(self) -> None:
        listed, known_at = self._seen.snapshots, self._snapshots_seen
        if listed is None or (known_at is not None and self._at < known_at):
            return
        self._snapshots_seen = self._at
        snapshots = {snapshot.id: snapshot for snapshot in listed}
        if snapshots == self._snapshots:
            return
        self._snapshots = snapshots
        before, self._stats = _stats(self._before.snapshots.values()), _stats(listed)
        for server_id in before.keys() | self._stats.keys():
            view = self._views.get(server_id)
            if view is not None:
                count, newest = self._stats.get(server_id, (0, None))
                self._put(replace(view, snapshots=count, newest_snapshot=newest), view)

    def result(self) -> tuple[Fleet, tuple[Event, ...]]:
        before, seen = self._before, self._seen
        first = seen.complete and before.listed_at is None
        fleet = Fleet(
            project=before.project,
            views=self._views,
            running=self._actions.current,
            snapshots=self._snapshots,
            updated=_later(before.updated, self._at),
            listed_at=_later(before.listed_at, self._at) if seen.complete else before.listed_at,
            snapshots_seen=self._snapshots_seen,
            gone=self._gone,
            actions=self._actions,
        )
        if self._changed or first or fleet.running != before.running or fleet.snapshots is not before.snapshots:
            self._events.append(FleetUpdated(self._at, before.project, frozenset(self._changed), first))
        return fleet, tuple(self._events)

    def _appear(self, server: Server) -> None:
        gone_at = self._gone.get(server.id)
        if gone_at is not None and self._at <= gone_at:
            return
        if self._stats is None:
            self._stats = _stats(self._snapshots.values())
        count, newest = self._stats.get(server.id, (0, None))
        unlocked = ServerView(replace(server, locked=False), self._at, None, None, newest, count)
        self._views[server.id] = self._with_lock(unlocked, server, self._at, self._actions.holders.get(server.id))
        self._changed.add(server.id)
        if self._before.listed_at is not None:
            self._events.append(ServerAppeared(self._at, self._before.project, server))

    def _see_again(self, view: ServerView, server: Server) -> None:
        before, at, project = view.server, self._at, self._before.project
        lock_holder = self._actions.holders.get(server.id)
        if before == server and lock_holder == view.lock_holder:
            self._views[server.id] = ServerView(
                before, at, lock_holder, view.locked_since, view.newest_snapshot, view.snapshots, view.held_by
            )
            return
        now = self._with_lock(view, server, at, lock_holder)
        self._put(now, view)
        if replace(before, locked=server.locked) != server:
            self._events.append(ServerChanged(at, project, before, server))
        if server.locked and not before.locked:
            self._events.append(LockTaken(at, project, server, lock_holder, self._is_ours(lock_holder)))
        elif before.locked and not server.locked:
            seconds = max(0.0, (at - (view.locked_since or at)).total_seconds())
            self._events.append(LockCleared(at, project, server, view.held_by, self._is_ours(view.held_by), seconds))

    def _with_lock(self, view: ServerView, server: Server, seen: datetime, lock_holder: Action | None) -> ServerView:
        held_by, since = view.held_by, view.locked_since
        if not server.locked:
            held_by = since = None
        elif lock_holder is not None:
            start = min(lock_holder.started - self._seen.clock_offset, self._at)
            if since is None or (held_by is not None and held_by.id != lock_holder.id):
                since = start
            elif held_by is None:
                since = min(since, start)
            held_by = lock_holder
        elif since is None:
            since = self._at
        return ServerView(server, seen, lock_holder, since, view.newest_snapshot, view.snapshots, held_by)

    def _put(self, now: ServerView, before: ServerView) -> None:
        self._views[now.server.id] = now
        if now != replace(before, seen=now.seen):
            self._changed.add(now.server.id)

    def _is_ours(self, action: Action | None) -> bool:
        return action is not None and action.id in self._ours


def _stats(snapshots: Iterable[Snapshot]) -> dict[int, tuple[int, datetime]]:
    stats: dict[int, tuple[int, datetime]] = {}
    for snapshot in snapshots:
        if snapshot.server_id is not None and snapshot.status is ImageStatus.AVAILABLE:
            count, newest = stats.get(snapshot.server_id, (0, snapshot.created))
            stats[snapshot.server_id] = (count + 1, max(newest, snapshot.created))
    return stats


def _later(known: datetime | None, at: datetime) -> datetime:
    return at if known is None else max(known, at)
