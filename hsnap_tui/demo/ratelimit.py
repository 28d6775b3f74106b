"""The rate limit: a budget of requests that refills steadily, one bucket for each limit."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

_HOUR = 3600.0
#: How often the other client helps itself: in bursts, so that what is left jumps between two answers.
_BURST_SECONDS = 10.0


class Bucket:
    """Holds at most `limit` requests and gains `limit` an hour.

    `other_share` (0 to 1) is what another client of the same project takes: that share of the budget is gone
    from the start, and that share of what refills goes too, in a burst every ten seconds.
    """

    def __init__(self, limit: int, now: datetime, other_share: float = 0.0) -> None:
        self.limit = limit
        self._rate = limit / _HOUR
        self._ceiling = limit * (1 - other_share)
        self._burst = other_share * self._rate * _BURST_SECONDS
        self._left = self._ceiling
        self._now = now
        self._next_burst = now + timedelta(seconds=_BURST_SECONDS)

    def take(self, now: datetime) -> bool:
        """Take one request out, and tell whether there was one."""
        self._refill(now)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def remaining(self, now: datetime) -> int:
        """Give how many requests are left."""
        self._refill(now)
        return math.floor(self._left)

    def drain(self, now: datetime, leave: int = 0) -> None:
        """Let another client take all but `leave` requests."""
        self._refill(now)
        self._left = min(self._left, float(leave))

    def headers(self, now: datetime) -> dict[str, str]:
        """Give the three headers that each answer carries; the reset is a Unix time."""
        left = self.remaining(now)
        seconds = (self.limit - self._left) / self._rate
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(left),
            "RateLimit-Reset": str(math.ceil(now.astimezone(UTC).timestamp() + seconds)),
        }

    def _refill(self, now: datetime) -> None:
        while self._burst and self._next_burst <= now:
            self._gain(self._next_burst)
            self._left = max(0.0, self._left - self._burst)
            self._next_burst += timedelta(seconds=_BURST_SECONDS)
        self._gain(now)

    def _gain(self, until: datetime) -> None:
        seconds = (until - self._now).total_seconds()
        if seconds <= 0:
            return
        self._left = min(self._ceiling, self._left + seconds * self._rate)
        self._now = until
