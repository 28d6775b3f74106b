"""The polling loop: one poll at a time, as often as the rate limit and the conditions (focus, running work) allow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from typing import Any

from hsnap_tui.cloud import limits
from hsnap_tui.cloud.api import CloudApi, Priority
from hsnap_tui.cloud.errors import CloudError
from hsnap_tui.common.clock import Clock
from hsnap_tui.fleet import poll_rules
from hsnap_tui.fleet.poll import Part, Poll
from hsnap_tui.fleet.poll_health import PollHealth
from hsnap_tui.fleet.poll_interval import (
    Attention,
    PollConditions,
    PollInterval,
    allowance,
    full_list_interval,
    poll_interval,
    slow_rate,
)
from hsnap_tui.fleet.poll_planner import PollPlanner
from hsnap_tui.fleet.poll_targets import PollScope, PollTargets
from hsnap_tui.fleet.state import Fleet, Observation
from hsnap_tui.fleet.urgent_polls import UrgentPolls

BREATH = 0.3
"""Seconds between the end of a poll and the start of the next, at least."""
KEY_REPEAT = 1.0
"""Seconds between two refreshes by key: a key held down makes no burst."""
RECHECK = 30.0
"""Seconds after which a long pause is calculated again: the rate limit may have recovered."""
HUNG_AFTER = 8.0
"""Seconds after which a poll that hangs is given up for a new one; doubled each time that happens."""
MAX_HUNG_AFTER = 64.0
"""The longest such time in seconds; also the time for a poll that reads everything, since long lists take long."""
FULL_LIST_IN_POLL = 4
"""Pages of servers that a poll waits for; a longer list is read in the background."""
FULL_LIST, SNAPSHOTS = "full list", "snapshots"
"""Names of what is read in the background."""
SMOOTHING = 0.3
"""Weight of the newest poll in the average cost."""


class Watcher:
    """Keeps polling one project. `run` is the loop; the rest may be called on its event loop at any time.

    `fleet` gives the fleet with all observations applied that `on_observation` has been handed so far.
    `on_failure` is called once for each new kind of failure while polls fail, `on_recovery` with the seconds that
    it took when they get through again.
    """

    def __init__(
        self,
        cloud: CloudApi,
        clock: Clock,
        *,
        scope: PollScope,
        fleet: Callable[[], Fleet],
        targets: Callable[[], PollTargets],
        on_observation: Callable[[Observation], None],
        on_failure: Callable[[CloudError], None],
        on_recovery: Callable[[float], None],
    ) -> None:
        self._cloud = cloud
        self._clock = clock
        self._scope = scope
        self._fleet = fleet
        self._targets = targets
        self._emit = on_observation
        self._attention = Attention.FOCUSED if scope is PollScope.EVERYTHING else Attention.NO_SCREEN
        self._planner = PollPlanner(clock, scope, fleet)
        self._health = PollHealth(on_failure, on_recovery)
        self._urgent = UrgentPolls(
            cloud, clock, fleet=fleet, targets=targets, emit=on_observation, note=self._note_urgent
        )
        self._wake = asyncio.Event()
        self._refreshes: list[asyncio.Future[None]] = []
        self._current: tuple[Priority, asyncio.Task[None]] | None = None
        self._background: set[str] = set()
        self._asked_nothing = False
        self._cost = 1.0
        self._hung_after = HUNG_AFTER
        self._started = self._ended = self._last_busy = self._last_full_list = clock.monotonic()
        self._refreshed = float("-inf")

    @property
    def interval(self) -> PollInterval:
        """How often it polls at present, and why not more often."""
        return poll_interval(self._cloud.budget(), self._cost, self._conditions())

    @property
    def full_list_every(self) -> float:
        """Seconds between two lists of all servers; in between, only those are polled that actions run on."""
        pages, present = limits.pages(len(self._fleet().views)), self.interval
        if pages == 1:
            return present.interval
        return full_list_interval(self._cloud.budget(), pages, present, self._conditions())

    @property
    def next_poll_in(self) -> float:
        """Seconds until the next poll is due; 0 while one is under way."""
        return 0.0 if self._current is not None else max(0.0, self._due() - self._clock.monotonic())

    @property
    def failure(self) -> CloudError | None:
        """Why polls fail at present, or none."""
        return self._health.failure

    @property
    def stale_since(self) -> datetime | None:
        """While polls fail: when the last good one began, or the first failing one; none otherwise."""
        return self._health.stale_since

    def set_focus(self, focused: bool) -> None:
        """Sets whether the screen is watched; has no effect without a screen."""
        if self._scope is PollScope.EVERYTHING:
            self._attention = Attention.FOCUSED if focused else Attention.UNFOCUSED
            self._wake.set()

    def wake(self) -> None:
        """The targets changed: the time of the next poll is calculated again from them. Never a burst."""
        self._urgent.wake()
        self._wake.set()

    async def refresh(self) -> None:
        """Polls everything now, with the priority of a keypress; returns when that was done, or has failed."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._refreshes.append(done)
        self._cancel_held_poll(Priority.KEYPRESS)
        self._wake.set()
        await done

    async def run(self) -> None:
        """Polls until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._urgent.run())
                while True:
                    await self._poll_once(group)
                    await self._pause()
        finally:
            _resolve(self._refreshes)

    # -- when ----------------------------------------------------------------------------------------------

    async def _pause(self) -> None:
        while (left := self._due() - self._clock.monotonic()) > 0:
            self._wake.clear()
            woken = asyncio.ensure_future(self._wake.wait())
            try:
                await self._either(woken, min(left, RECHECK))
            finally:
                woken.cancel()

    async def _either(self, task: asyncio.Future[Any], seconds: float) -> None:
        """Returns when the task has ended or the time is over, whichever is first."""
        slept = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({task, slept}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            slept.cancel()

    def _due(self) -> float:
        if self._refreshes:
            return self._refreshed + KEY_REPEAT
        return max(self._started + self.interval.interval, self._ended + max(BREATH, self._health.backoff))

    def _conditions(self) -> PollConditions:
        targets = self._targets()
        busy = poll_rules.is_busy(self._fleet(), targets)
        return PollConditions(self._attention, busy, targets.urgent, self._clock.monotonic() - self._last_busy)

    def _cancel_held_poll(self, priority: Priority) -> None:
        """Ends a less urgent poll that waits for the rate limit, so that one of this priority can be next."""
        if self._current is not None and self._current[0] > priority and self._is_held(self._current[0]):
            self._current[1].cancel()

    def _is_held(self, priority: Priority) -> bool:
        """Whether requests of this priority wait for the rate limit."""
        return priority in self._cloud.budget().held

    # -- what ----------------------------------------------------------------------------------------------

    async def _poll_once(self, group: asyncio.TaskGroup) -> None:
        asked, self._refreshes = self._refreshes, []
        targets, first = self._targets(), self._fleet().listed_at is None
        poll = self._new_poll(self._priority(refresh=bool(asked)))
        self._started = self._clock.monotonic()
        began = self._clock.now()
        task = group.create_task(self._poll(poll, targets, group, refresh=bool(asked)))
        self._current = (poll.priority, task)
        try:
            await self._wait_for(task, poll, unhurried=bool(asked) or first)
        finally:
            self._current = None
            self._ended = self._clock.monotonic()
            _resolve(asked)
        self._asked_nothing = not (poll.answered or poll.errors)
        self._health.record(poll, began, self._clock.now())
        if poll_rules.is_busy(self._fleet(), self._targets()):
            self._last_busy = self._ended

    def _note_urgent(self, poll: Poll, began: datetime) -> None:
        """When they are the only polls, they alone show whether Hetzner can be reached and accepts the token."""
        if self._asked_nothing:
            self._health.record(poll, began, self._clock.now())
        else:
            self._health.note(poll)

    async def _wait_for(self, task: asyncio.Task[None], poll: Poll, *, unhurried: bool) -> None:
        """Waits for a poll to end; gives it up when it hangs, unless it waits for the rate limit."""
        while not task.done():
            await self._either(task, MAX_HUNG_AFTER if unhurried else self._hung_after)
            if not task.done() and not self._is_held(poll.priority):
                task.cancel()
                await asyncio.wait({task})
                poll.give_up()
                self._hung_after = min(2 * self._hung_after, MAX_HUNG_AFTER)
                return
        self._hung_after = max(HUNG_AFTER, self._hung_after / 2)

    async def _poll(self, poll: Poll, targets: PollTargets, group: asyncio.TaskGroup, *, refresh: bool) -> None:
        if refresh:
            self._refreshed = self._started
        first, due = self._fleet().listed_at is None, self._full_list_due()
        background = due and not refresh and limits.pages(len(self._fleet().views)) > FULL_LIST_IN_POLL
        if background:
            self._start_in_background(group, FULL_LIST, self._full_list_in_background())
        may = allowance(self._cloud.budget(), self._conditions())
        await self._planner.poll(poll, targets, everything=refresh, full_list=due and not background, allowance=may)
        if background or poll.requests[Part.FULL_LIST]:
            self._last_full_list = self._started
        self._learn_cost(poll, extra=refresh or first or due)
        if SNAPSHOTS not in self._background and (refresh or self._snapshots_due()):
            list_poll = self._new_poll(Priority.KEYPRESS if refresh else Priority.POLL)
            self._start_in_background(group, SNAPSHOTS, self._planner.read_snapshots(list_poll))

    def _priority(self, *, refresh: bool) -> Priority:
        first = self._fleet().listed_at is None
        if refresh or (first and self._scope is PollScope.EVERYTHING):
            return Priority.KEYPRESS
        return Priority.JOB if first else Priority.POLL

    def _new_poll(self, priority: Priority) -> Poll:
        return Poll(self._cloud, self._clock, self._fleet, self._emit, priority)

    def _snapshots_due(self) -> bool:
        return self._planner.snapshots_due(self._cloud.budget().refill, slow_rate(self._conditions()))

    def _full_list_due(self) -> bool:
        """Whether a full list of more than one page is due; a single page goes with each poll anyway."""
        fleet = self._fleet()
        if self._scope is PollScope.JOBS_ONLY or fleet.listed_at is None or FULL_LIST in self._background:
            return False
        if limits.pages(len(fleet.views)) == 1:
            return False
        return self._started - self._last_full_list >= self.full_list_every - BREATH

    def _learn_cost(self, poll: Poll, *, extra: bool) -> None:
        """Averages what a poll costs, without an extra list of a larger fleet, which has an interval of its own."""
        requests = poll.requests.total()
        if extra and poll.requests[Part.FULL_LIST] > 1:
            requests -= poll.requests[Part.FULL_LIST]
        if requests:
            self._cost += SMOOTHING * (requests - self._cost)

    def _start_in_background(self, group: asyncio.TaskGroup, name: str, work: Coroutine[None, None, None]) -> None:
        self._background.add(name)
        group.create_task(work, name=name).add_done_callback(lambda _: self._background.discard(name))

    async def _full_list_in_background(self) -> None:
        poll = self._new_poll(Priority.POLL)
        await self._planner.full_list(poll, PollTargets())
        self._health.note(poll)


def _resolve(refreshes: Iterable[asyncio.Future[None]]) -> None:
    for done in refreshes:
        if not done.done():
            done.set_result(None)
