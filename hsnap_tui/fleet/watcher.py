"""The polling loop: one poll at a time, re-armed when it has ended, as often as budget and attention allow."""

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
"""Seconds between two refreshes by key: a key held down is one wish."""
RECHECK = 30.0
"""Seconds after which a long pause is reckoned anew: the budget may have recovered."""
PATIENCE = 8.0
"""Seconds after which a poll that hangs is given up for a new one; twice as long after each that was."""
LONGEST_PATIENCE = 64.0
"""The most of it, and what a poll has that reads everything: a long list takes its time."""
SWEEP_IN_POLL = 4
"""Pages of servers that a poll waits for; a longer list is read beside the polls."""
SMOOTHING = 0.3
"""Weight of the newest poll in the average cost."""


class Watcher:
    """Keeps looking at one project. `run` is the loop; the rest may be called on its event loop at any time.

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
        self._survey = PollPlanner(clock, scope, fleet)
        self._link = PollHealth(on_failure, on_recovery)
        self._urgent = UrgentPolls(
            cloud, clock, fleet=fleet, targets=targets, emit=on_observation, note=self._note_urgent
        )
        self._wake = asyncio.Event()
        self._refreshes: list[asyncio.Future[None]] = []
        self._current: tuple[Priority, asyncio.Task[None]] | None = None
        self._beside: set[str] = set()
        self._asked_nothing = False
        self._cost = 1.0
        self._patience = PATIENCE
        self._started = self._ended = self._moved = self._swept_at = clock.monotonic()
        self._refreshed = float("-inf")

    @property
    def pace(self) -> PollInterval:
        """How often it looks at present, and why not more often."""
        return poll_interval(self._cloud.budget(), self._cost, self._conditions())

    @property
    def full_list_every(self) -> float:
        """Seconds between two lists of all servers; between them, those are looked at that actions run on."""
        pages, present = limits.pages(len(self._fleet().views)), self.pace
        if pages == 1:
            return present.interval
        return full_list_interval(self._cloud.budget(), pages, present, self._conditions())

    @property
    def failure(self) -> CloudError | None:
        """Why polls fail at present, or none."""
        return self._link.failure

    @property
    def stale_since(self) -> datetime | None:
        """While polls fail: when the last good one began, or the first failing one; none otherwise."""
        return self._link.stale_since

    def attend(self, focused: bool) -> None:
        """Tells whether a person looks at the screen; without a screen it means nothing."""
        if self._scope is PollScope.EVERYTHING:
            self._attention = Attention.FOCUSED if focused else Attention.UNFOCUSED
            self._wake.set()

    def nudge(self) -> None:
        """The interests changed: the next poll comes when the present pace says, reckoned anew. Never a burst."""
        self._urgent.nudge()
        self._wake.set()

    async def refresh(self) -> None:
        """Looks at everything now, with a keypress's precedence; returns when that was done, or has failed."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._refreshes.append(done)
        self._free_way_for(Priority.KEYPRESS)
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
            _answer(self._refreshes)

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
        return max(self._started + self.pace.interval, self._ended + max(BREATH, self._link.backoff))

    def _conditions(self) -> PollConditions:
        targets = self._targets()
        busy = poll_rules.is_busy(self._fleet(), targets)
        return PollConditions(self._attention, busy, targets.urgent, self._clock.monotonic() - self._moved)

    def _free_way_for(self, priority: Priority) -> None:
        """Ends a less urgent poll that waits for the budget, so that one of this purpose can take its turn."""
        if self._current is not None and self._current[0] > priority and self._is_held(self._current[0]):
            self._current[1].cancel()

    def _is_held(self, priority: Priority) -> bool:
        """Whether requests of this purpose wait for the budget."""
        return priority in self._cloud.budget().held

    # -- what ----------------------------------------------------------------------------------------------

    async def _poll_once(self, group: asyncio.TaskGroup) -> None:
        asked, self._refreshes = self._refreshes, []
        targets, first = self._targets(), self._fleet().listed_at is None
        poll = self._new_poll(self._purpose(refresh=bool(asked)))
        self._started = self._clock.monotonic()
        began = self._clock.now()
        task = group.create_task(self._look(poll, targets, group, refresh=bool(asked)))
        self._current = (poll.priority, task)
        try:
            await self._see_through(task, poll, unhurried=bool(asked) or first)
        finally:
            self._current = None
            self._ended = self._clock.monotonic()
            _answer(asked)
        self._asked_nothing = not (poll.answered or poll.errors)
        self._link.record(poll, began, self._clock.now())
        if poll_rules.is_busy(self._fleet(), self._targets()):
            self._moved = self._ended

    def _note_urgent(self, poll: Poll, began: datetime) -> None:
        """When they are the only polls, they alone show whether Hetzner can be reached and accepts the token."""
        if self._asked_nothing:
            self._link.record(poll, began, self._clock.now())
        else:
            self._link.note(poll)

    async def _see_through(self, task: asyncio.Task[None], poll: Poll, *, unhurried: bool) -> None:
        """Waits for a poll to end; gives it up when it hangs, unless it is the budget that it waits for."""
        while not task.done():
            await self._either(task, LONGEST_PATIENCE if unhurried else self._patience)
            if not task.done() and not self._is_held(poll.priority):
                task.cancel()
                await asyncio.wait({task})
                poll.give_up()
                self._patience = min(2 * self._patience, LONGEST_PATIENCE)
                return
        self._patience = max(PATIENCE, self._patience / 2)

    async def _look(self, poll: Poll, targets: PollTargets, group: asyncio.TaskGroup, *, refresh: bool) -> None:
        if refresh:
            self._refreshed = self._started
        first, due = self._fleet().listed_at is None, self._sweep_due()
        beside = due and not refresh and limits.pages(len(self._fleet().views)) > SWEEP_IN_POLL
        if beside:
            self._start_beside(group, "sweep", self._sweep_beside())
        may = allowance(self._cloud.budget(), self._conditions())
        await self._survey.look(poll, targets, full=refresh, sweep=due and not beside, allowance=may)
        if beside or poll.requests[Part.FULL_LIST]:
            self._swept_at = self._started
        self._learn_cost(poll, extra=refresh or first or due)
        if "snapshots" not in self._beside and (refresh or self._snapshots_due()):
            list_poll = self._new_poll(Priority.KEYPRESS if refresh else Priority.POLL)
            self._start_beside(group, "snapshots", self._survey.read_snapshots(list_poll))

    def _purpose(self, *, refresh: bool) -> Priority:
        first = self._fleet().listed_at is None
        if refresh or (first and self._scope is PollScope.EVERYTHING):
            return Priority.KEYPRESS
        return Priority.JOB if first else Priority.POLL

    def _new_poll(self, priority: Priority) -> Poll:
        return Poll(self._cloud, self._clock, self._fleet, self._emit, priority)

    def _snapshots_due(self) -> bool:
        return self._survey.snapshots_due(self._cloud.budget().refill, slow_rate(self._conditions()))

    def _sweep_due(self) -> bool:
        """Whether a full list of more than one page is due; a single page goes with each poll anyway."""
        fleet = self._fleet()
        pages = limits.pages(len(fleet.views))
        if self._scope is PollScope.JOBS_ONLY or fleet.listed_at is None or pages == 1 or "sweep" in self._beside:
            return False
        return self._started - self._swept_at >= self.full_list_every - BREATH

    def _learn_cost(self, poll: Poll, *, extra: bool) -> None:
        """Averages what a poll costs, without an extra list of a larger fleet, which has a pace of its own."""
        requests = poll.requests.total()
        if extra and poll.requests[Part.FULL_LIST] > 1:
            requests -= poll.requests[Part.FULL_LIST]
        if requests:
            self._cost += SMOOTHING * (requests - self._cost)

    def _start_beside(self, group: asyncio.TaskGroup, name: str, work: Coroutine[None, None, None]) -> None:
        self._beside.add(name)
        group.create_task(work, name=name).add_done_callback(lambda _: self._beside.discard(name))

    async def _sweep_beside(self) -> None:
        poll = self._new_poll(Priority.POLL)
        await self._survey.full_list(poll, PollTargets())
        self._link.note(poll)


def _answer(refreshes: Iterable[asyncio.Future[None]]) -> None:
    for done in refreshes:
        if not done.done():
            done.set_result(None)
