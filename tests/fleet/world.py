"""A project in virtual time behind the cloud protocol, for tests of what is asked for and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil, inf

from hsnap_tui.cloud.api import Priority, RateLimitStatus, RecentActions
from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.cloud.model import Action, ActionStatus, Image, Server, Snapshot, StoragePrice, Submitted
from tests.clocks import VirtualClock
from tests.fleet.things import PROJECT, action, server


@dataclass
class Happening:
    """An action on a server from `start` to `end`, and a lock until `unlocked`."""

    id: int
    server_id: int
    start: float
    end: float
    command: str = "reboot_server"
    locks: bool = True
    unlocked: float = inf
    listed: bool = True

    def runs(self, now: float) -> bool:
        return self.start <= now < self.end

    def holds(self, now: float) -> bool:
        return self.locks and self.start <= now < min(self.end, self.unlocked)

    def action(self, now: float) -> Action:
        share = 100 * (now - self.start) / (self.end - self.start) if self.end < inf else 5
        status = ActionStatus.RUNNING if now < self.end else ActionStatus.SUCCESS
        one = action(self.id, self.server_id, command=self.command, started=self.start, status=status)
        return replace(one, progress=min(100, int(share)))


@dataclass
class Asked:
    """One call: when, what, with which priority, and how many requests it took."""

    at: float
    what: str
    priority: Priority
    requests: int


@dataclass
class World:
    """Servers 1 to `servers`. Each answer takes `latency` and shows what was true in its middle."""

    clock: VirtualClock
    servers: int = 20
    latency: float = 0.1
    limit: int = 3600
    remaining: float = inf
    others: float = 0.0
    happenings: list[Happening] = field(default_factory=list)
    deleted: dict[int, float] = field(default_factory=dict)
    snapshots: list[Snapshot] = field(default_factory=list)
    skip: set[int] = field(default_factory=set)
    skip_actions: set[int] = field(default_factory=set)
    hang: set[str] = field(default_factory=set)
    fail: Callable[[str], ErrorKind | None] = lambda _what: None
    retry_after: float | None = None
    asked: list[Asked] = field(default_factory=list)
    waiting: Priority | None = None
    project: str = PROJECT
    _filled: float = 0.0

    def __post_init__(self) -> None:
        self.remaining = min(self.remaining, self.limit)

    def lock(self, server_id: int, start: float, end: float = inf, **more: object) -> Happening:
        """Something holds the server."""
        happening = replace(Happening(1000 + len(self.happenings), server_id, start, end), **more)  # type: ignore[arg-type]
        self.happenings.append(happening)
        return happening

    def requests(self, since: float = 0.0, until: float = inf, what: str = "") -> int:
        """How many were made in that time."""
        return sum(one.requests for one in self.asked if since <= one.at < until and one.what.startswith(what))

    def calls(self, since: float = 0.0) -> Counter[str]:
        """How often what was asked for."""
        return Counter(one.what for one in self.asked if one.at >= since)

    @property
    def clock_offset(self) -> timedelta:
        return timedelta()

    def budget(self) -> RateLimitStatus:
        self._refill()
        reserve = ceil(self.limit / 50)
        held = frozenset() if self.waiting is None else frozenset({self.waiting})
        return RateLimitStatus(
            self.limit, self.remaining, reserve, self.limit / 3600, known=True, waiting=self.waiting, held=held
        )

    async def list_servers(self, priority: Priority, label_selector: str | None = None) -> Sequence[Server]:
        total = len(self._existing())
        now = await self._ask("servers", priority, max(1, ceil(total / 50)), 1 if total <= 50 else 2)
        found = [self._server(key, now) for key in self._existing() if key not in self.skip]
        self.skip.clear()
        return found

    async def get_server(self, server_id: int, priority: Priority) -> Server:
        now = await self._ask(f"server {server_id}", priority)
        if server_id not in self._existing():
            raise CloudError(ErrorKind.NOT_FOUND, "server not found")
        return self._server(server_id, now)

    async def list_running_actions(self, priority: Priority) -> Sequence[Action]:
        total = sum(one.listed and one.runs(self.clock.monotonic()) for one in self.happenings)
        now = await self._ask("running", priority, max(1, ceil(total / 50)), 1 if total <= 50 else 2)
        running = [one.action(now) for one in self.happenings if one.listed and one.runs(now)]
        running = [one for one in running if one.id not in self.skip_actions]
        self.skip_actions.clear()
        return running

    async def get_actions(self, action_ids: Iterable[int], priority: Priority) -> Mapping[int, Action]:
        wanted = set(action_ids)
        now = await self._ask("actions", priority, ceil(len(wanted) / 25))
        return {one.id: one.action(now) for one in self.happenings if one.id in wanted and one.start <= now}

    async def list_server_actions(self, server_id: int, priority: Priority) -> Sequence[Action]:
        raise NotImplementedError

    async def list_recent_actions(self, since: datetime, priority: Priority, most_pages: int) -> RecentActions:
        raise NotImplementedError

    async def list_snapshots(self, priority: Priority, label_selector: str | None = None) -> Sequence[Snapshot]:
        await self._ask("snapshots", priority, max(1, ceil(len(self.snapshots) / 50)))
        return list(self.snapshots)

    async def create_snapshot(
        self, server_id: int, description: str, labels: Mapping[str, str], priority: Priority
    ) -> Submitted:
        raise NotImplementedError

    async def shutdown(self, server_id: int, priority: Priority) -> Action:
        raise NotImplementedError

    async def power_off(self, server_id: int, priority: Priority) -> Action:
        raise NotImplementedError

    async def get_image(self, image_id: int, priority: Priority) -> Image:
        raise NotImplementedError

    async def storage_price(self, priority: Priority) -> StoragePrice:
        raise NotImplementedError

    async def delete_image(self, image_id: int, priority: Priority) -> None:
        raise NotImplementedError

    async def power_on(self, server_id: int, priority: Priority) -> Action:
        raise NotImplementedError

    async def close(self) -> None:
        return

    def _existing(self) -> list[int]:
        now = self.clock.monotonic()
        return [key for key in range(1, self.servers + 1) if now < self.deleted.get(key, inf)]

    def _server(self, server_id: int, now: float) -> Server:
        return server(server_id, locked=any(one.server_id == server_id and one.holds(now) for one in self.happenings))

    async def _ask(self, what: str, priority: Priority, requests: int = 1, round_trips: int = 1) -> float:
        await self._may_answer(priority, requests)
        self.asked.append(Asked(self.clock.monotonic(), what, priority, requests))
        self.remaining -= requests
        await self.clock.sleep(self.latency * (round_trips - 0.5))
        seen = self.clock.monotonic()
        await self.clock.sleep(self.latency / 2)
        if what in self.hang:
            await self.clock.sleep(1e9)
        failure = self.fail(what)
        if failure is not None:
            raise CloudError(failure, f"{what}: {failure}", retry_after=self.retry_after)
        return seen

    async def _may_answer(self, priority: Priority, requests: int) -> None:
        reserve = self.budget().reserve
        floor = {Priority.POWER_ON: 0.0, Priority.KEYPRESS: reserve / 4, Priority.POLL: reserve * 1.5}.get(
            priority, reserve
        )
        try:
            while self.budget().remaining < floor + requests:
                self.waiting = priority
                await self.clock.sleep(1.0)
        finally:
            self.waiting = None

    def _refill(self) -> None:
        now = self.clock.monotonic()
        self.remaining += (now - self._filled) * (self.limit / 3600 - self.others)
        self.remaining = max(0.0, min(float(self.limit), self.remaining))
        self._filled = now
