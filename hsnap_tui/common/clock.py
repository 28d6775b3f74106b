"""Time as something that is passed in, so that tests and drawn screenshots decide what time it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the program asks of time. Deadlines use `now`; durations within one run use `monotonic`."""

    def now(self) -> datetime:
        """The wall time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits that many seconds of this clock."""
        ...


def seconds_with_sleep() -> float:
    """Seconds that never run backwards and that go on while the machine sleeps, where it has such a clock (Linux)."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


class SystemClock:
    """The machine's own time: the wall clock is read once, and what has passed since is added to that.

    So a step of the machine's clock (an NTP correction, a person) changes no deadline, and makes no sight older or
    newer than it is. `wall` and `elapsed` are for tests.
    """

    def __init__(
        self,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        elapsed: Callable[[], float] = seconds_with_sleep,
    ) -> None:
        self._elapsed = elapsed
        self._start = wall()
        self._origin = elapsed()

    def now(self) -> datetime:
        """The wall time in UTC, as it was when this clock was made plus what has passed since."""
        return self._start + timedelta(seconds=self._elapsed() - self._origin)

    def monotonic(self) -> float:
        """Seconds that never run backwards; sleep counts."""
        return self._elapsed()

    async def sleep(self, seconds: float) -> None:
        """Really waits."""
        await asyncio.sleep(seconds)


class ScaledClock:
    """Time that runs `factor` times as fast as the machine's, from `start`: minutes pass in seconds."""

    def __init__(self, factor: float, start: datetime | None = None) -> None:
        self._factor = factor
        self._start = start or datetime.now(UTC)
        self._origin = time.monotonic()

    def now(self) -> datetime:
        """The wall time of this clock in UTC."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Scaled seconds since this clock was made."""
        return (time.monotonic() - self._origin) * self._factor

    async def sleep(self, seconds: float) -> None:
        """Waits `seconds` of this clock, that is `seconds / factor` real ones."""
        await asyncio.sleep(seconds / self._factor)
