"""Polls the servers that are off because of us: in the background of all other polls, and with a higher priority."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from hsnap_tui.cloud import limits
from hsnap_tui.cloud.api import CloudApi, Priority, RateLimitStatus
from hsnap_tui.common.clock import Clock
from hsnap_tui.fleet.poll import Poll
from hsnap_tui.fleet.poll_targets import PollTargets
from hsnap_tui.fleet.state import Fleet, Observation

EVERY = 2.0
"""Seconds from the start of one poll to the start of the next, while the rate limit allows it."""
BREATH = 0.3
"""Seconds between the end of one and the start of the next, at least."""
HUNG_AFTER = 8.0
"""Seconds after which a poll that hangs is given up for a new one."""
SHARE = 0.5
"""The share of the refill that these polls may take when little is left: the power-on requests need the rest."""


class UrgentPolls:
    """The loop of these polls (`run`); `wake` makes it look at the targets again. `note` is called with each poll
    that has ended and the time at which it began."""

    def __init__(
        self,
        cloud: CloudApi,
        clock: Clock,
        *,
        fleet: Callable[[], Fleet],
        targets: Callable[[], PollTargets],
        emit: Callable[[Observation], None],
        note: Callable[[Poll, datetime], None],
    ) -> None:
        self._cloud = cloud
        self._clock = clock
        self._fleet = fleet
        self._targets = targets
        self._emit = emit
        self._note = note
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """The targets may have changed."""
        self._woken.set()

    async def run(self) -> None:
        """Polls as long as a server is off because of us, until cancelled."""
        while True:
            self._woken.clear()
            targets = self._targets()
            if not targets.urgent:
                await self._woken.wait()
                continue
            started, began = self._clock.monotonic(), self._clock.now()
            poll = Poll(self._cloud, self._clock, self._fleet, self._emit, Priority.POWER_ON)
            await self._wait_for(poll, targets)
            self._note(poll, began)
            pause = started + interval(self._cloud.budget(), poll.requests.total()) - self._clock.monotonic()
            await self._clock.sleep(max(BREATH, pause))

    async def _wait_for(self, poll: Poll, targets: PollTargets) -> None:
        """Waits for the answers; gives up a poll that hangs, unless it waits for the rate limit."""
        task = asyncio.ensure_future(self._ask(poll, targets))
        try:
            while not task.done():
                slept = asyncio.ensure_future(self._clock.sleep(HUNG_AFTER))
                await asyncio.wait({task, slept}, return_when=asyncio.FIRST_COMPLETED)
                slept.cancel()
                if not task.done() and poll.priority not in self._cloud.budget().held:
                    poll.give_up()
                    return
            task.result()
        finally:
            task.cancel()

    async def _ask(self, poll: Poll, targets: PollTargets) -> None:
        await asyncio.gather(self._servers(poll, targets), poll.actions(targets.switching))

    async def _servers(self, poll: Poll, targets: PollTargets) -> None:
        off = set(targets.off)
        if len(off) > limits.pages(len(self._fleet().views)) and self._fleet().listed_at is not None:
            missing = await poll.full_list()
            off = set() if missing is None else off & missing
        await poll.servers(sorted(off))


def interval(budget: RateLimitStatus, cost: int) -> float:
    """Seconds from the start of one poll of `cost` requests to the start of the next."""
    if budget.remaining >= 2 * budget.reserve or budget.refill <= 0:
        return EVERY
    return max(EVERY, cost / (SHARE * budget.refill))
