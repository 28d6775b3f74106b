"""A clock that stands still until nothing is left to do, and then jumps to the next sleeper's time."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

SETTLED = 50
"""Turns of the loop after which everything that needs no time has happened."""


class VirtualClock:
    """Fits `Clock`; hours pass in no time, and always the same way."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """The wall time: it starts in 2026."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        """Seconds since it was made."""
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        """Waits until the clock has jumped far enough."""
        waker: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._seconds + seconds, next(self._order), waker))
        await waker

    async def run(self, coroutine: Coroutine[Any, Any, T], at_most: float = 1e6) -> T:
        """Runs a coroutine to its end, jumping as needed; fails when the clock would pass `at_most`."""
        task = asyncio.ensure_future(coroutine)
        while True:
            for _ in range(SETTLED):
                await asyncio.sleep(0)
            if task.done():
                return await task
            if not self._jump() or self._seconds > at_most:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                raise TimeoutError(f"nothing ends it; the clock stands at {self._seconds}")

    def _jump(self) -> bool:
        while self._sleepers:
            at, _, waker = heapq.heappop(self._sleepers)
            if not waker.done():
                self._seconds = max(self._seconds, at)
                waker.set_result(None)
                return True
        return False
