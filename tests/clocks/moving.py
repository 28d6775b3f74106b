"""One virtual time for sessions and the simulated cloud that they ask over real HTTP: it goes on by itself, without
a real wait, as soon as nothing is left to do at the present moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hsnap_tui.cloud.client import HetznerCloud
from tests.clocks.virtual import VirtualClock

LONGEST = 7 * 86_400.0
"""Virtual seconds after which a test that still waits has failed."""


class MovingClock(VirtualClock):
    """A virtual clock that moves while `begin` has been called more often than `end`.

    It stands still while requests are under way, except for as many as are `stalled`: those are never answered.
    """

    def __init__(self) -> None:
        super().__init__()
        self._clouds: list[HetznerCloud] = []
        self._threads: set[asyncio.Future[Any]] = set()
        self._moving: asyncio.Task[None] | None = None
        self._watchers: list[asyncio.Future[None]] = []
        self.busy = self._is_busy
        self.stalled = 0

    def begin(self, cloud: HetznerCloud) -> None:
        """From now on the time stands still while this client's requests are under way."""
        self._clouds.append(cloud)
        if self._moving is None:
            self._threads = counted_threads()
            self._moving = asyncio.create_task(self._move(asyncio.current_task()))

    def end(self, cloud: HetznerCloud) -> None:
        """This client asks nothing more; without any client the time stands still."""
        self._clouds.remove(cloud)
        if not self._clouds and self._moving is not None:
            self._moving.cancel()
            self._moving = None

    async def until(self, condition: Callable[[], bool]) -> None:
        """Returns at the first moment at which the condition holds and nothing is left to do."""
        while not condition():
            watcher: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._watchers.append(watcher)
            await watcher

    def _is_busy(self) -> bool:
        requests = sum(len(cloud._chain._executor._calls) for cloud in self._clouds)
        return bool(self._threads) or requests > self.stalled

    async def _move(self, test: asyncio.Task[Any] | None) -> None:
        latest = self.monotonic() + LONGEST
        while self.monotonic() < latest:
            await self.settle()
            watchers, self._watchers = self._watchers, []
            for watcher in watchers:
                if not watcher.done():
                    watcher.set_result(None)
            await self.settle()
            self.wake_next()
        if test is not None:
            test.cancel("what the test waits for has not come within a week of virtual time")


def counted_threads() -> set[asyncio.Future[Any]]:
    """What the running loop has given to threads and not got back yet."""
    loop, under_way = asyncio.get_running_loop(), set[asyncio.Future[Any]]()
    original = loop.run_in_executor

    def counted(*args: Any) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = original(*args)
        under_way.add(future)
        future.add_done_callback(under_way.discard)
        return future

    loop.run_in_executor = counted  # type: ignore[method-assign, assignment]
    return under_way
