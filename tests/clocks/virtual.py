"""Time that stands still until the test moves it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

START = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


class VirtualClock:
    """A clock that only `advance` moves: sleepers wake in order, each at its own time, without a real wait.

    `busy` tells whether something outside the event loop, a thread with a request for one, is still at work: the
    time then stands still until it has come back.
    """

    def __init__(self, start: datetime = START, busy: Callable[[], bool] = lambda: False) -> None:
        self._start = start
        self._elapsed = 0.0
        self._numbers = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self.busy = busy

    def now(self) -> datetime:
        """The virtual wall time."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Virtual seconds since the start."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Waits until the test has moved the time so far."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + max(0.0, seconds), next(self._numbers), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Moves the time, letting everything run that comes due on the way, until nothing is left to run."""
        until = self._elapsed + seconds
        await self.settle()
        while self.wake_next(until):
            await self.settle()
        self._elapsed = until

    async def run(self, coroutine: Coroutine[Any, Any, T], at_most: float = 1e6) -> T:
        """Runs a coroutine to its end, moving the time as needed; fails when it would pass `at_most`."""
        task = asyncio.ensure_future(coroutine)
        while True:
            await self.settle()
            if task.done():
                return await task
            if not self.wake_next() or self._elapsed > at_most:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                raise TimeoutError(f"nothing ends it; the clock stands at {self._elapsed}")

    def wake_next(self, until: float = math.inf) -> bool:
        """Moves the time to the next sleeper that is due by then, and wakes it; gives whether there was one."""
        while self._sleepers and self._sleepers[0][0] <= until:
            at, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                self._elapsed = max(self._elapsed, at)
                woken.set_result(None)
                return True
        return False

    async def settle(self) -> None:
        """Returns when every task waits for something that only time or the outside can bring."""
        ready: object = True
        while ready or self.busy():
            await asyncio.sleep(0 if ready else 0.0005)
            ready = getattr(asyncio.get_running_loop(), "_ready", ())
