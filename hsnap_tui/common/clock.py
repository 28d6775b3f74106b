"""Clocks. They are passed in everywhere, so that tests and screenshots decide what time it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A clock. Deadlines and the journal use `now`; durations within one run use `monotonic`."""

    def now(self) -> datetime:
        """The wall time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; only differences have a meaning."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits that many seconds of this clock."""
        ...


def seconds_with_sleep() -> float:
    """Monotonic seconds that include the time in which the machine slept: CLOCK_BOOTTIME, where there is one
    (Linux)."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


class SystemClock:
    """The machine's time: the wall clock is read once, then the monotonic clock is added to it.

    So a step of the machine's clock (by NTP or by a person) changes no deadline and no age of an observation. `wall`
    and `elapsed` are for tests.
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
        """The wall time in UTC at the creation of this clock, plus the time since then."""
        return self._start + timedelta(seconds=self._elapsed() - self._origin)

    def monotonic(self) -> float:
        """Seconds that never run backwards; sleep counts."""
        return self._elapsed()

    async def sleep(self, seconds: float) -> None:
        """Waits that many real seconds."""
        await asyncio.sleep(seconds)


class ScaledClock:
    """A clock that starts at `start` and runs `factor` times as fast as the machine's."""

    def __init__(self, factor: float, start: datetime | None = None) -> None:
        self._factor = factor
        self._start = start or datetime.now(UTC)
        self._origin = time.monotonic()

    def now(self) -> datetime:
        """The wall time of this clock in UTC."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Scaled seconds since the creation of this clock."""
        return (time.monotonic() - self._origin) * self._factor

    async def sleep(self, seconds: float) -> None:
        """Waits `seconds` of this clock, that is `seconds / factor` real ones."""
        await asyncio.sleep(seconds / self._factor)
