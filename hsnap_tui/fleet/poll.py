"""One poll: sends its requests, emits each answer as an observation at once, counts requests and notes failures."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime
from enum import Enum

from hsnap_tui.cloud import limits
from hsnap_tui.cloud.api import CloudApi, Priority
from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.common.clock import Clock
from hsnap_tui.fleet import poll_rules
from hsnap_tui.fleet.state import Fleet, Observation

AT_THE_SAME_TIME = 8
"""Single servers asked for at the same time."""


class Part(Enum):
    """What a poll asks for; each part fails on its own."""

    RUNNING = "the running actions"
    ACTIONS = "actions by ID"
    FULL_LIST = "the list of servers"
    SERVERS = "single servers"
    SNAPSHOTS = "the list of snapshots"


class Poll:
    """The requests of one poll, all of the same priority; nothing is raised for a failure.

    `emit` must have applied each observation to `fleet` when it returns. Afterwards `requests` (by part, as far as
    the length of lists tells), `answered` and `errors` say how it went.
    """

    def __init__(
        self,
        cloud: CloudApi,
        clock: Clock,
        fleet: Callable[[], Fleet],
        emit: Callable[[Observation], None],
        priority: Priority,
    ) -> None:
        self._cloud = cloud
        self._clock = clock
        self._fleet = fleet
        self._emit = emit
        self.priority = priority
        self._begun: set[Part] = set()
        self.requests: Counter[Part] = Counter()
        self.answered: set[Part] = set()
        self.errors: dict[Part, CloudError] = {}

    def give_up(self) -> None:
        """Notes as failed what was requested and will no longer be waited for."""
        for part in self._begun - self.answered - self.errors.keys():
            self.errors[part] = CloudError(ErrorKind.UNREACHABLE, f"no answer about {part.value}")

    async def running(self) -> bool:
        """Reads all running actions; returns whether they are known. Without them locks have no known holder."""
        started = self._begin(Part.RUNNING)
        try:
            actions = await self._cloud.list_running_actions(self.priority)
        except CloudError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                self._ok(Part.RUNNING, 1)
            else:
                self._failed(Part.RUNNING, error)
            return False
        self._ok(Part.RUNNING, limits.pages(len(actions)))
        self._hand_out(Observation(started, running=tuple(actions)))
        return True

    async def actions(self, action_ids: Collection[int]) -> None:
        """These actions by their IDs."""
        wanted = frozenset(action_ids)
        if not wanted:
            return
        started = self._begin(Part.ACTIONS)
        try:
            found = await self._cloud.get_actions(sorted(wanted), self.priority)
        except CloudError as error:
            self._failed(Part.ACTIONS, error)
            return
        self._ok(Part.ACTIONS, limits.id_requests(len(wanted)))
        self._hand_out(Observation(started, actions=found, lost_actions=wanted - found.keys()))

    async def full_list(self) -> set[int] | None:
        """Reads all servers; returns known ones that are missing in the list, or None when reading failed."""
        started = self._begin(Part.FULL_LIST)
        try:
            servers = {server.id: server for server in await self._cloud.list_servers(self.priority)}
        except CloudError as error:
            self._failed(Part.FULL_LIST, error)
            return None
        self._ok(Part.FULL_LIST, limits.pages(len(servers)))
        seen = Observation(started, servers=servers, complete=True)
        first = self._fleet().listed_at is None
        if not first and self._holder_unknown(seen):
            await self.running()
        self._hand_out(seen)
        return poll_rules.missing_from(self._fleet(), started, servers.keys())

    async def servers(self, server_ids: Iterable[int]) -> None:
        """These servers one by one, several at the same time."""
        places = asyncio.Semaphore(AT_THE_SAME_TIME)

        async def one(server_id: int) -> Observation | None:
            async with places:
                return await self._server(server_id)

        holder_unknown = [seen for seen in await asyncio.gather(*map(one, server_ids)) if seen is not None]
        if holder_unknown:
            await self.running()
        for seen in holder_unknown:
            self._hand_out(seen)

    async def snapshots(self) -> int | None:
        """Reads all snapshots; returns how many there are, or None when reading failed."""
        started = self._begin(Part.SNAPSHOTS)
        try:
            found = tuple(await self._cloud.list_snapshots(self.priority))
        except CloudError as error:
            self._failed(Part.SNAPSHOTS, error)
            return None
        self._ok(Part.SNAPSHOTS, limits.pages(len(found)))
        self._hand_out(Observation(started, snapshots=found))
        return len(found)

    async def _server(self, server_id: int) -> Observation | None:
        """Hands out what became of the server, or gives it back when it shows a lock without a known holder."""
        started = self._begin(Part.SERVERS)
        try:
            server = await self._cloud.get_server(server_id, self.priority)
        except CloudError as error:
            if error.kind is not ErrorKind.NOT_FOUND:
                self._failed(Part.SERVERS, error)
                return None
            seen = Observation(started, gone=frozenset({server_id}))
        else:
            seen = Observation(started, servers={server.id: server})
        self._ok(Part.SERVERS, 1)
        if self._holder_unknown(seen):
            return seen
        self._hand_out(seen)
        return None

    def _holder_unknown(self, seen: Observation) -> bool:
        """Whether it shows a lock that is new, or has lost its holder: an action that began, or moved between two
        pages, while we asked. The list of running actions is then asked for again before the lock is shown."""
        fleet = self._fleet()
        for server in seen.servers.values():
            view = fleet.views.get(server.id)
            known_without = view is not None and view.server.locked and view.lock_holder is None
            if server.locked and not known_without and server.id not in fleet.actions.holders:
                return True
        return False

    def _hand_out(self, seen: Observation) -> None:
        self._emit(replace(seen, clock_offset=self._cloud.clock_offset))

    def _begin(self, part: Part) -> datetime:
        self._begun.add(part)
        return self._clock.now()

    def _ok(self, part: Part, requests: int) -> None:
        self.requests[part] += requests
        self.answered.add(part)

    def _failed(self, part: Part, error: CloudError) -> None:
        self.requests[part] += 1
        self.errors[part] = error
