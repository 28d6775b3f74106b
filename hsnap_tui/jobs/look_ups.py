"""Looks up whether lost requests took effect. Jobs that look up at about the same time share the requests for that.

One outage makes hundreds of jobs look up at once. Each needs its server, the server's newest actions and the
snapshots with its label. For many jobs together a few requests give the same: the list of servers, the newest
actions of all servers, and one label selector with the labels of all jobs. They are sent only after all jobs have
joined, so that the answers are newer than each job's question. Jobs that come later wait for the next round.
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

GATHER_SECONDS: Mapping[Priority, float] = {Priority.POWER_ON: 0.05, Priority.LOOK_UP: 0.3}
"""Seconds for which the first job waits for others to join; less for a server that is off."""

FEW_JOBS = 2
"""Up to so many jobs send their own requests: that costs no more, and gives more actions of each server."""

CLOCK_SLACK = timedelta(minutes=1)
"""How much further back than a job's first request the shared list of actions must reach: action IDs need not be in
order of time to the second, and the offset of Hetzner's clock is known only to a second or two."""


JOIN_TIMEOUT = 10.0
"""Seconds after which the next round begins although the round before it has not ended."""

NOTHING_RECENT = RecentActions((), None)


@dataclass(frozen=True, slots=True)
class _PendingLookUp:
    job: Job
    request_kind: RequestKind
    answer: asyncio.Future[LookedUp]


@dataclass(frozen=True, slots=True)
class _Shared:
    """The answers that all jobs of a round share. What is missing here, each job requests for itself."""

    servers: Mapping[int, Server] = field(default_factory=dict)
    actions: RecentActions = NOTHING_RECENT
    snapshots: Sequence[Snapshot] | None = None

    def actions_of(self, job: Job, offset: timedelta) -> tuple[Action, ...] | None:
        """The actions of the job's server, newest first; None when the list does not reach back far enough."""
        first = _first_intent(job)
        if first is None or self.actions.since is None or self.actions.since > first + offset - CLOCK_SLACK:
            return None
        return tuple(action for action in self.actions.actions if job.server_id in action.server_ids)

    def snapshots_of(self, job: Job) -> tuple[Snapshot, ...] | None:
        """The snapshots with the job's label; None when they were not requested."""
        if self.snapshots is None:
            return None
        return tuple(snapshot for snapshot in self.snapshots if snapshot.labels.get(JOB_LABEL) == job.id)


class LookUps:
    """Looks up for many jobs. `servers` returns how many servers the project has, as far as known."""

    def __init__(self, cloud: CloudApi, clock: Clock, servers: Callable[[], int]) -> None:
        self._cloud = cloud
        self._clock = clock
        self._servers_known = servers
        self._joining: dict[Priority, list[_PendingLookUp]] = {}
        self._newest: dict[Priority, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def look_up(self, job: Job, request_kind: RequestKind) -> LookedUp:
        """What shows whether the job's requests of this kind took effect. Raises `CloudError` when a request for that
        fails."""
        priority = priority_of_look_up(job)
        answer: asyncio.Future[LookedUp] = asyncio.get_running_loop().create_future()
        joining = self._joining.setdefault(priority, [])
        joining.append(_PendingLookUp(job, request_kind, answer))
        if len(joining) == 1:
            task = asyncio.create_task(self._gather(priority, self._newest.get(priority)))
            self._newest[priority] = task
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    def cancel_all(self) -> None:
        """Cancels all look-ups."""
        for task in self._tasks:
            task.cancel()

    async def _gather(self, priority: Priority, before: asyncio.Task[None] | None) -> None:
        await self._clock.sleep(GATHER_SECONDS[priority])
        if before is not None and priority is not Priority.POWER_ON:
            await self._wait_for(before)
        pending = self._joining.pop(priority)
        started = self._clock.now()
        try:
            shared = await self._share(pending, priority) if len(pending) > FEW_JOBS else _Shared()
        except Exception as error:  # noqa: BLE001 - raised in each job that waits
            for one in pending:
                _deliver(one.answer, error)
            return
        await asyncio.gather(*(self._complete(one, started, shared, priority) for one in pending))

    async def _wait_for(self, before: asyncio.Task[None]) -> None:
        """Returns when the task has ended, or `JOIN_TIMEOUT` seconds are over."""
        slept = asyncio.ensure_future(self._clock.sleep(JOIN_TIMEOUT))
        try:
            await asyncio.wait({before, slept}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            slept.cancel()

    async def _share(self, pending: Sequence[_PendingLookUp], priority: Priority) -> _Shared:
        labels = [one.job.id for one in pending if one.request_kind is RequestKind.CREATE_IMAGE]
        servers, actions, snapshots = await asyncio.gather(
            self._all_servers(pending, priority),
            self._newest_actions(pending, priority),
            self._labelled(labels, priority),
        )
        return _Shared(servers, actions, snapshots)

    async def _all_servers(self, pending: Sequence[_PendingLookUp], priority: Priority) -> Mapping[int, Server]:
        if len({one.job.server_id for one in pending}) * limits.PER_PAGE <= self._servers_known():
            return {}
        return {server.id: server for server in await self._cloud.list_servers(priority)}

    async def _newest_actions(self, pending: Sequence[_PendingLookUp], priority: Priority) -> RecentActions:
        intents = [first for one in pending if (first := _first_intent(one.job)) is not None]
        if not intents:
            return NOTHING_RECENT
        since = min(intents) + self._cloud.clock_offset - CLOCK_SLACK
        return await self._cloud.list_recent_actions(since, priority, max(1, len(pending) // 2))

    async def _labelled(self, job_ids: Sequence[str], priority: Priority) -> Sequence[Snapshot]:
        chunks = limits.split(job_ids, limits.LABELS_A_REQUEST)
        selectors = [f"{JOB_LABEL} in ({','.join(chunk)})" for chunk in chunks]
        lists = await asyncio.gather(*(self._cloud.list_snapshots(priority, selector) for selector in selectors))
        return [snapshot for found in lists for snapshot in found]

    async def _complete(self, one: _PendingLookUp, started: datetime, shared: _Shared, priority: Priority) -> None:
        try:
            server, actions, snapshots = await asyncio.gather(
                self._server(one.job, shared, priority),
                self._actions(one.job, shared, priority),
                self._snapshots(one, shared, priority),
            )
        except Exception as error:  # noqa: BLE001 - raised in the job that waits
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

    async def _snapshots(self, one: _PendingLookUp, shared: _Shared, priority: Priority) -> tuple[Snapshot, ...]:
        if one.request_kind is not RequestKind.CREATE_IMAGE:
            return ()
        known = shared.snapshots_of(one.job)
        if known is not None:
            return known
        return tuple(await self._cloud.list_snapshots(priority, f"{JOB_LABEL}=={one.job.id}"))


def _first_intent(job: Job) -> datetime | None:
    """The earliest time at which a request of the job that changes something can have been sent."""
    moments: Iterable[datetime | None] = (
        moment for request in job.requests for moment in (request.first_intent, request.unknown_since)
    )
    return min((moment for moment in moments if moment is not None), default=None)


def _deliver(answer: asyncio.Future[LookedUp], outcome: LookedUp | Exception) -> None:
    """Gives the outcome to the waiting job, unless it waits no longer."""
    if answer.done():
        return
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
