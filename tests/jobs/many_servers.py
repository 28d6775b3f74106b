"""A project of many servers in memory, behind the real rate limiter: what jobs send is lost or refused as planned."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hsnap_tui.cloud import limits
from hsnap_tui.cloud.api import Priority, RecentActions
from hsnap_tui.cloud.errors import CloudError, Effect, ErrorKind
from hsnap_tui.cloud.model import (
    Action,
    ActionStatus,
    ImageStatus,
    Resource,
    Server,
    ServerStatus,
    Snapshot,
    Submitted,
)
from hsnap_tui.cloud.ratelimit.limiter import RateLimiter
from hsnap_tui.fleet.state import Fleet, Observation, apply
from hsnap_tui.jobs.core.model import JOB_LABEL
from tests.clocks import VirtualClock
from tests.fleet.things import at, server

BUSY = 20.0
"""Seconds that each action takes; only `create_image` locks its server for as long."""


@dataclass(frozen=True)
class Asked:
    """A request as it was admitted."""

    at: float
    priority: Priority
    reads: bool


@dataclass
class ManyServers:
    """Fits `CloudApi` as far as jobs go. `outcomes` tells of one POST after the other what becomes of it as long as
    the project is ill: `"done"`, `"lost"` (carried out, but the answer is lost), `"vanished"` (not carried out) or
    a kind of error. `blind`: GETs get no answer."""

    clock: VirtualClock
    count: int
    limit: int
    left: float
    latency: float
    outcomes: Iterator[str]
    ill: bool = True
    blind: bool = False
    project: str = "p"
    clock_offset: timedelta = timedelta()
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.limiter = RateLimiter(self.clock)
        self.fleet = Fleet(self.project)
        self.snapshots: list[Snapshot] = []
        self._actions: dict[int, Action] = {}
        self._of_server: dict[int, list[Action]] = {}
        self._busy_until: dict[int, datetime] = {}
        self._off: set[int] = set()
        self._ids = itertools.count(10_000)
        self._counted_at = 0.0

    async def learn(self) -> None:
        """The rate limiter hears what is left."""
        permit = await self.limiter.acquire(Priority.POLL, "/servers")
        self.limiter.answered(permit, self.limit, math.floor(self.left))

    def poll(self, action_ids: Collection[int] = ()) -> Observation:
        """What a poll sees now, applied to the fleet; its requests count for nothing here."""
        actions = {action_id: self._now(self._actions[action_id]) for action_id in action_ids}
        servers = {one.id: one for one in map(self._server, range(1, self.count + 1))}
        seen = Observation(self.clock.now(), servers=servers, complete=True, actions=actions)
        self.fleet, _ = apply(self.fleet, seen, ())
        return seen

    # -- the reads ----------------------------------------------------------------------------------------------

    async def list_servers(self, priority: Priority, label_selector: str | None = None) -> Sequence[Server]:
        await self._read(priority, limits.pages(self.count))
        return [self._server(number) for number in range(1, self.count + 1)]

    async def get_server(self, server_id: int, priority: Priority) -> Server:
        await self._read(priority, 1)
        return self._server(server_id)

    async def list_server_actions(self, server_id: int, priority: Priority) -> Sequence[Action]:
        await self._read(priority, 1)
        return [self._now(action) for action in reversed(self._of_server.get(server_id, []))]

    async def list_recent_actions(self, since: datetime, priority: Priority, most_pages: int) -> RecentActions:
        newest_first = reversed(self._actions.values())
        found = [self._now(action) for action in itertools.takewhile(lambda one: one.started >= since, newest_first)]
        pages = min(most_pages, limits.pages(len(found)))
        await self._read(priority, pages)
        return RecentActions(tuple(found[: pages * limits.PER_PAGE]), since if pages < most_pages else None)

    async def list_snapshots(self, priority: Priority, label_selector: str | None = None) -> Sequence[Snapshot]:
        await self._read(priority, 1)
        named = (label_selector or "").replace("(", ",").replace(")", ",").replace("=", ",").split(",")
        return [self._snapshot(one) for one in self.snapshots if one.labels[JOB_LABEL] in named]

    # -- the commands -------------------------------------------------------------------------------------------

    async def create_snapshot(
        self, server_id: int, description: str, labels: Mapping[str, str], priority: Priority
    ) -> Submitted:
        made = await self._command("create_image", server_id, priority, labels)
        return Submitted(made, next(one for one in self.snapshots if one.id == made.id))

    async def shutdown(self, server_id: int, priority: Priority) -> Action:
        return await self._command("shutdown_server", server_id, priority)

    async def power_on(self, server_id: int, priority: Priority) -> Action:
        return await self._command("start_server", server_id, priority)

    # -- within -------------------------------------------------------------------------------------------------

    async def _read(self, priority: Priority, requests: int) -> None:
        for _ in range(requests):
            await self._send(priority, reads=True, answered=not self.blind)
            if self.blind:
                raise CloudError(ErrorKind.UNREACHABLE, "no answer")

    async def _command(
        self, command: str, server_id: int, priority: Priority, labels: Mapping[str, str] | None = None
    ) -> Action:
        outcome = next(self.outcomes) if self.ill else "done"
        await self._send(priority, reads=False, answered=outcome not in ("lost", "vanished"))
        if outcome in ("done", "lost"):
            made = self._carry_out(command, server_id, labels)
        if outcome == "done":
            return made
        if outcome in ("lost", "vanished"):
            raise CloudError(ErrorKind.OUTCOME_UNKNOWN, "no answer", Effect.POSSIBLE)
        raise CloudError(ErrorKind(outcome), outcome)

    async def _send(self, priority: Priority, *, reads: bool, answered: bool) -> None:
        permit = await self.limiter.acquire(priority, "/servers")
        self.asked.append(Asked(self.clock.monotonic(), priority, reads))
        await self.clock.sleep(self.latency / 2)
        now = self.clock.monotonic()
        self.left = min(float(self.limit), self.left + (now - self._counted_at) * self.limit / 3600) - 1
        self._counted_at = now
        assert self.left >= 0, "it was sent though nothing was left"
        left = math.floor(self.left)
        await self.clock.sleep(self.latency / 2)
        if answered:
            self.limiter.answered(permit, self.limit, left)
        else:
            self.limiter.lost(permit)

    def _carry_out(self, command: str, server_id: int, labels: Mapping[str, str] | None) -> Action:
        if self._busy(server_id):
            raise CloudError(ErrorKind.LOCKED, "server is locked", code="locked")
        resources = (Resource("server", server_id),)
        made = Action(next(self._ids), command, ActionStatus.RUNNING, 0, self._second(), resources=resources)
        self._actions[made.id] = made
        self._of_server.setdefault(server_id, []).append(made)
        self._busy_until[server_id] = made.started + self._lasts(made)
        if labels is not None:
            self.snapshots.append(Snapshot("p", made.id, "d", ImageStatus.CREATING, made.started, labels=labels))
        elif command == "shutdown_server":
            self._off.add(server_id)
        elif command == "start_server":
            self._off.discard(server_id)
        return made

    def _second(self) -> datetime:
        return at(math.floor(self.clock.monotonic()))

    def _lasts(self, action: Action) -> timedelta:
        return timedelta(seconds=BUSY if action.command == "create_image" else 1.0)

    def _now(self, action: Action) -> Action:
        ended = self.clock.now() >= action.started + self._lasts(action)
        return replace(action, status=ActionStatus.SUCCESS, progress=100) if ended else action

    def _busy(self, server_id: int) -> bool:
        until = self._busy_until.get(server_id)
        return until is not None and self.clock.now() < until

    def _server(self, number: int) -> Server:
        status = ServerStatus.OFF if number in self._off else ServerStatus.RUNNING
        return server(number, locked=self._busy(number), status=status)

    def _snapshot(self, snapshot: Snapshot) -> Snapshot:
        done = self.clock.now() >= snapshot.created + timedelta(seconds=BUSY)
        return replace(snapshot, status=ImageStatus.AVAILABLE, image_size=1.0) if done else snapshot
