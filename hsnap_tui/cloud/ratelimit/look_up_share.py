"""The share of a rate limit that look-ups may take (pure): a few at once, and then a third of what refills.

Many look-ups come at once: one outage makes every job look up what became of its request. Jobs share the answers, so
they need few; the share keeps any other rush of look-ups from using up the whole limit.
"""

from __future__ import annotations

from dataclasses import dataclass

SHARE = 1 / 3
AT_ONCE = 24.0
"""Requests after a quiet time: all that one job asks for until a lost answer counts as settled, and more."""
_ROUNDING = 1e-6


@dataclass(slots=True)
class LookUpShare:
    """Fills as the limit does, by its share. Times are monotonic seconds, `refill` requests a second."""

    _left: float = AT_ONCE
    _at: float = 0.0

    def wait(self, now: float, refill: float) -> float:
        """Seconds until one more may go."""
        short = 1.0 - self._level(now, refill)
        return short / (SHARE * refill) if short > _ROUNDING else 0.0

    def take(self, now: float, refill: float) -> None:
        """One more goes."""
        self._left, self._at = self._level(now, refill) - 1.0, now

    def _level(self, now: float, refill: float) -> float:
        return min(AT_ONCE, self._left + max(0.0, now - self._at) * SHARE * refill)
