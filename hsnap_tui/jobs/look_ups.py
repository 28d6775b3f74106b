"""Finding out what became of requests: jobs that look up at about the same time share the answers.

One outage makes hundreds of jobs look up at once. Each of them needs its server, the server's newest actions and the
snapshots with its label: for many together, a list of servers, the newest actions of all servers and one selector
that names all their labels tell the same for a few requests. What is asked for, is asked for after all have joined;
those who come later join the next time, which begins when the answers are there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hsnap_tui.cloud import limits
from hsnap_tui.cloud.api import CloudApi, Priority, RecentActions
from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.cloud.model import Action, Server, Snapshot
from hsnap_tui.common.clock import Clock
from hsnap_tui.jobs.core.model import JOB_LABEL, Job, RequestKind
from hsnap_tui.jobs.core.observations import LookedUp
from hsnap_tui.jobs.core.request_priority import priority_of_look_up

GATHERED_WITHIN: Mapping[Priority, float] = {Priority.POWER_ON: 0.05, Priority.LOOK_UP: 0.3}
"""Seconds that the first waits for others to join; a server that is off waits less."""

FEW = 2
"""So many jobs ask for themselves: that is as cheap, and tells more of each server."""

SLACK = timedelta(minutes=1)
"""How much further back than the first intent the shared list of actions must reach: IDs need not rise with time to
the second, and Hetzner's clock is known to a second or two."""


PATIENCE = 10.0
"""Seconds after which those who have joined wait no longer for the answers that others wait for."""

NOTHING_RECENT = RecentActions((), None)


@dataclass(frozen=True, slots=True)
class _Asked:
    job: Job
    request_kind: RequestKind
    answer: asyncio.Future[LookedUp]


@dataclass(frozen=True, slots=True)
class _Shared:
    """What was asked for once for all; what is not in it, each asks for itself."""

    servers: Mapping[int, Server] = field(default_factory=dict)
    actions: RecentActions = NOTHING_RECENT
    snapshots: Sequence[Snapshot] | None = None

    def actions_of(self, job: Job, offset: timedelta) -> tuple[Action, ...] | None:
        """The actions of the job's server, newest first; none when one that matters may be missing."""
        first = _first_intent(job)
        if first is None or self.actions.since is None or self.actions.since > first + offset - SLACK:
            return None
        return tuple(action for action in self.actions.actions if job.server_id in action.server_ids)

    def snapshots_of(self, job: Job) -> tuple[Snapshot, ...] | None:
        """The snapshots with the job's label; none when they were not asked for."""
        if self.snapshots is None:
            return None
        return tuple(snapshot for snapshot in self.snapshots if snapshot.labels.get(JOB_LABEL) == job.id)


class LookUps:
    """Looks up for many jobs. `servers` tells how many servers the project has, as far as known."""

    def __init__(self, cloud: CloudApi, clock: Clock, servers: Callable[[], int]) -> None:
        self._cloud = cloud
        self._clock = clock
        self._servers_known = servers
        self._joining: dict[Priority, list[_Asked]] = {}
        self._newest: dict[Priority, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, job: Job, request_kind: RequestKind) -> LookedUp:
        """What became of requests of this kind. Raises `CloudError` unless everything was answered."""
        priority = priority_of_look_up(job)
        answer: asyncio.Future[LookedUp] = asyncio.get_running_loop().create_future()
        joined = self._joining.setdefault(priority, [])
        joined.append(_Asked(job, request_kind, answer))
        if len(joined) == 1:
            task = asyncio.create_task(self._gather(priority, self._newest.get(priority)))
            self._newest[priority] = task
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    def abandon(self) -> None:
        """Waits for no answer any more."""
        for task in self._tasks:
            task.cancel()

    async def _gather(self, priority: Priority, before: asyncio.Task[None] | None) -> None:
        await self._clock.sleep(GATHERED_WITHIN[priority])
        if before is not None and priority is not Priority.POWER_ON:
            await self._ended(before)
        asked = self._joining.pop(priority)
        started = self._clock.now()
        try:
            shared = await self._share(asked, priority) if len(asked) > FEW else _Shared()
        except Exception as error:  # noqa: BLE001 - it belongs to those who wait
            for one in asked:
                _deliver(one.answer, error)
            return
        await asyncio.gather(*(self._complete(one, started, shared, priority) for one in asked))

    async def _ended(self, before: asyncio.Task[None]) -> None:
        """Returns when the task has ended, or `PATIENCE` is over."""
        slept = asyncio.ensure_future(self._clock.sleep(PATIENCE))
        try:
            await asyncio.wait({before, slept}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            slept.cancel()

    async def _share(self, asked: Sequence[_Asked], priority: Priority) -> _Shared:
        labels = [one.job.id for one in asked if one.request_kind is RequestKind.CREATE_IMAGE]
        servers, actions, snapshots = await asyncio.gather(
            self._all_servers(asked, priority),
            self._newest_actions(asked, priority),
            self._labelled(labels, priority),
        )
        return _Shared(servers, actions, snapshots)

    async def _all_servers(self, asked: Sequence[_Asked], priority: Priority) -> Mapping[int, Server]:
        if len({one.job.server_id for one in asked}) * limits.PER_PAGE <= self._servers_known():
            return {}
        return {server.id: server for server in await self._cloud.list_servers(priority)}

    async def _newest_actions(self, asked: Sequence[_Asked], priority: Priority) -> RecentActions:
        intents = [first for one in asked if (first := _first_intent(one.job)) is not None]
        if not intents:
            return NOTHING_RECENT
        since = min(intents) + self._cloud.clock_offset - SLACK
        return await self._cloud.list_recent_actions(since, priority, max(1, len(asked) // 2))

    async def _labelled(self, job_ids: Sequence[str], priority: Priority) -> Sequence[Snapshot]:
        chunks = limits.split(job_ids, limits.LABELS_A_REQUEST)
        selectors = [f"{JOB_LABEL} in ({','.join(chunk)})" for chunk in chunks]
        lists = await asyncio.gather(*(self._cloud.list_snapshots(priority, selector) for selector in selectors))
        return [snapshot for found in lists for snapshot in found]

    async def _complete(self, one: _Asked, started: datetime, shared: _Shared, priority: Priority) -> None:
        try:
            server, actions, snapshots = await asyncio.gather(
                self._server(one.job, shared, priority),
                self._actions(one.job, shared, priority),
                self._snapshots(one, shared, priority),
            )
        except Exception as error:  # noqa: BLE001 - it belongs to the one who waits
            _deliver(one.answer, error)
            return
        _deliver(one.answer, LookedUp(one.request_kind, started, server, actions, snapshots))

    async def _server(self, job: Job, shared: _Shared, priority: Priority) -> Server | None:
        if job.server_id in shared.servers:
            return shared.servers[job.server_id]
        try:
            return await self._cloud.get_server(job.server_id, priority)
        except CloudError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                return None
            raise

    async def _actions(self, job: Job, shared: _Shared, priority: Priority) -> tuple[Action, ...]:
        known = shared.actions_of(job, self._cloud.clock_offset)
        if known is not None:
            return known
        try:
            return tuple(await self._cloud.list_server_actions(job.server_id, priority))
        except CloudError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                return ()
            raise

    async def _snapshots(self, one: _Asked, shared: _Shared, priority: Priority) -> tuple[Snapshot, ...]:
        if one.request_kind is not RequestKind.CREATE_IMAGE:
            return ()
        known = shared.snapshots_of(one.job)
        if known is not None:
            return known
        return tuple(await self._cloud.list_snapshots(priority, f"{JOB_LABEL}=={one.job.id}"))


def _first_intent(job: Job) -> datetime | None:
    """When the first request of the job that changes anything can have been sent."""
    moments: Iterable[datetime | None] = (
        moment for request in job.requests for moment in (request.first_intent, request.unknown_since)
    )
    return min((moment for moment in moments if moment is not None), default=None)


def _deliver(answer: asyncio.Future[LookedUp], outcome: LookedUp | Exception) -> None:
    """Hands the outcome to the one who waits, if it still does."""
    if answer.done():
        return
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
