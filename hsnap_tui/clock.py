"""Time as something that is passed in, so that tests and drawn screenshots decide what time it is."""

from __future__ import annotations

import asyncio
import time
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


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """The wall time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """The machine's monotonic seconds."""
        return time.monotonic()

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
