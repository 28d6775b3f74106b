"""The rate limit: a budget of requests that refills steadily, one bucket for each limit."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

#: How often the other client helps itself: in bursts, so that what is left jumps between two answers.
_BURST = timedelta(seconds=10)
_MICROSECOND = timedelta(microseconds=1)
#: Counted in whole numbers, so that nothing is lost by rounding: a request is as many units as an hour has
#: microseconds, and with each microsecond the bucket gains its limit.
_REQUEST = timedelta(hours=1) // _MICROSECOND


class RequestBudget:
    """Holds at most `limit` requests and gains `limit` an hour.

    `other_share` (0 to 1) is what another client of the same project takes: that share of the budget is gone
    from the start, and that share of what refills goes too, in a burst every ten seconds.
    """

    def __init__(self, limit: int, now: datetime, other_share: float = 0.0) -> None:
        self.limit = limit
        self._full = limit * _REQUEST
        self._ceiling = self._full - round(self._full * other_share)
        self._burst = round(limit * (_BURST // _MICROSECOND) * other_share)
        self._left = self._ceiling
        self._now = now
        self._next_burst = now + _BURST

    def take(self, now: datetime) -> bool:
        """Take one request out, and tell whether there was one."""
        self._refill(now)
        if self._left < _REQUEST:
            return False
        self._left -= _REQUEST
        return True

    def remaining(self, now: datetime) -> int:
        """Give how many requests are left."""
        self._refill(now)
        return self._left // _REQUEST

    def drain(self, now: datetime, leave: int = 0) -> None:
        """Let another client take all but `leave` requests."""
        self._refill(now)
        self._left = min(self._left, leave * _REQUEST)

    def headers(self, now: datetime) -> dict[str, str]:
        """Give the three headers that each answer carries; the reset is a Unix time."""
        left = self.remaining(now)
        full_again = now + (self._full - self._left) // self.limit * _MICROSECOND
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(left),
            "RateLimit-Reset": str(math.ceil(full_again.timestamp())),
        }

    def _refill(self, now: datetime) -> None:
        while self._burst and self._next_burst <= now:
            self._gain(self._next_burst)
            self._left = max(0, self._left - self._burst)
            self._next_burst += _BURST
        self._gain(now)

    def _gain(self, until: datetime) -> None:
        if until > self._now:
            self._left = min(self._ceiling, self._left + (until - self._now) // _MICROSECOND * self.limit)
            self._now = until
