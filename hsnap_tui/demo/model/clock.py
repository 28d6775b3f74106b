"""Where the simulated cloud's time comes from."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

#: The moment at which a ManualClock starts unless told otherwise: fixed, so that screenshots never change.
FIXED_START = datetime(2026, 7, 15, 9, 30, tzinfo=UTC)


class SimulationClock(Protocol):
    """Tells the time; never goes back."""

    def now(self) -> datetime:
        """Give the present moment, in UTC."""
        ...


class RealClock:
    """Starts at the computer's time and then runs by its monotonic clock, `speed` times as fast."""

    def __init__(self, speed: float = 1.0) -> None:
        self._start = datetime.now(UTC)
        self._started = time.monotonic()
        self._speed = speed

    def now(self) -> datetime:
        """Give the present moment, in UTC."""
        return self._start + timedelta(seconds=(time.monotonic() - self._started) * self._speed)


class ManualClock:
    """Stands still until a test moves it on; may be used from several threads."""

    def __init__(self, start: datetime = FIXED_START) -> None:
        self._now = start
        self._mutex = threading.Lock()

    def now(self) -> datetime:
        """Give the present moment, in UTC."""
        return self._now

    def advance(self, seconds: float) -> datetime:
        """Move on by that many seconds and give the new time; ValueError when told to go back."""
        if seconds < 0:
            raise ValueError("a clock cannot go back")
        with self._mutex:
            self._now += timedelta(seconds=seconds)
            return self._now
