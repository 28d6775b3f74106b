"""Time that a test sets."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from tests.clocks.virtual import START


class FixedClock:
    """Shows `present`, and moves on by `leap` seconds whenever somebody looks at the seconds that have passed."""

    def __init__(self, now: datetime = START) -> None:
        self._start = now
        self.present = now
        self.leap = 0.0

    def now(self) -> datetime:
        """What the test has set."""
        return self.present

    def monotonic(self) -> float:
        """Seconds since the time that it was made with."""
        self.present += timedelta(seconds=self.leap)
        return (self.present - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Never ends."""
        await asyncio.Event().wait()
