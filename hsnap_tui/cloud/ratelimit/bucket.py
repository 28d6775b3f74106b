"""The arithmetic of the rate limit: what may be sent now, and if not, when. Pure; `limiter` does the waiting.

Hetzner counts requests for a whole project and refills steadily (API description, Rate Limiting). Answers tell what
was left, but they arrive in any order, other clients spend too, and requests under way may be counted in an answer
or not. The estimate is therefore a lower bound of what our own requests can have left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.limits import LONGEST_RETRY_AFTER_POWER_ON, RATE_LIMIT_FULL_AGAIN
from hsnap_tui.cloud.priorities import must_remain
from hsnap_tui.cloud.ratelimit.look_up_share import LookUpShare

ASSUMED_LIMIT = 3600
"""Requests an hour, for a server that shows no limit (API description, Rate Limiting)."""
UNPROVEN = 8
"""Requests of one priority under way at the same time before any answer has shown a limit."""
ROUNDING = 1e-6
LONGEST_PAUSE = 60.0
"""Seconds of pause after refusals in a row that do not say how long to wait."""


@dataclass(slots=True, eq=False)
class Permit:
    """The permit to send one request. `number` is its place in the order of admission."""

    number: int
    priority: Priority
    route: str


@dataclass(slots=True)
class _Observation:
    """What was left at `at`, as told by an answer that arrived after `admitted` permits had been given out."""

    left: float
    at: float
    admitted: int


@dataclass(slots=True, eq=False)
class Bucket:
    """One limit of Hetzner's, shared by all routes whose answers show it. Times are monotonic seconds.

    `admitted` always is how many permits have been given out so far: it orders events without a clock.
    """

    limit: int = ASSUMED_LIMIT
    known: bool = False
    under_way: set[Permit] = field(default_factory=set)
    _observations: list[_Observation] = field(default_factory=list)
    _uncounted: list[int] = field(default_factory=list)
    _refusals: int = 0
    _refused_after: int = 0
    _paused_until: float = -math.inf
    _refused_at: float = -math.inf
    _look_ups: LookUpShare = field(default_factory=LookUpShare)

    @property
    def refill(self) -> float:
        """Requests a second."""
        return self.limit / 3600

    def estimate(self, now: float) -> float:
        """A lower bound of the requests left, with those under way taken as not counted yet."""
        left = min((self._value(seen, now) for seen in self._observations), default=self.limit)
        return left - len(self.under_way)

    def begin(self, permit: Permit, now: float) -> None:
        """A request goes now."""
        self.under_way.add(permit)
        if permit.priority is Priority.LOOK_UP:
            self._look_ups.take(now, self.refill)

    def rationed(self, priority: Priority, now: float) -> float:
        """Seconds that a request of this priority waits because of the share that its kind may take at most."""
        return self._look_ups.wait(now, self.refill) if priority is Priority.LOOK_UP else 0.0

    def wait(self, priority: Priority, now: float) -> float:
        """Seconds until a request of this priority may be sent if nothing else happens; 0 for now.

        Infinity means: not before one of those under way has ended.
        """
        pause, trying = max(0.0, self._paused_until - now), self.under_way
        if priority is Priority.POWER_ON:
            pause = max(0.0, min(pause, self._refused_at + LONGEST_RETRY_AFTER_POWER_ON - now))
            trying = {permit for permit in trying if permit.priority is priority}
        if self._refusals and any(permit.number > self._refused_after for permit in trying):
            return math.inf
        if not self._observations:
            peers = sum(permit.priority is priority for permit in self.under_way)
            return pause if peers < UNPROVEN else math.inf
        short = must_remain(priority, self.limit) + 1 - self.estimate(now)
        return max(pause, short / self.refill if short > ROUNDING else 0.0)

    def answered(self, permit: Permit, left: float, now: float, admitted: int) -> None:
        """An answer told what was left."""
        # A request that ended after this one was admitted may be counted in this answer or not.
        left -= sum(ended >= permit.number for ended in self._uncounted)
        # Answers that had arrived before this request was admitted are older than it for sure. Of the others
        # any may be the last that Hetzner counted, so the lowest holds.
        lower = [
            seen for seen in self._observations if seen.admitted >= permit.number and self._value(seen, now) < left
        ]
        self._observations = [*lower, _Observation(left, now, admitted)]
        self.known = True

    def uncounted(self, now: float, admitted: int, *, answered: bool) -> None:
        """A request ended without telling what was left: it may be counted at Hetzner, so it counts here.

        A server that answers and shows no limit is taken to have the usual one.
        """
        if answered and not self._observations:
            self._observations = [_Observation(self.limit, now, admitted)]
        for seen in self._observations:
            seen.left, seen.at = self._value(seen, now) - 1, now
        oldest = min((permit.number for permit in self.under_way), default=admitted + 1)
        self._uncounted = [ended for ended in (*self._uncounted, admitted) if ended >= oldest]

    def accepted(self) -> None:
        """An answer that was no refusal for the rate."""
        self._refusals = 0

    def refused(self, now: float, admitted: int, retry_after: float | None) -> None:
        """A 429: nothing goes for a while, and then one request at a time until one is accepted."""
        self._refusals += 1
        self._refused_after, self._refused_at = admitted, now
        pause = min(retry_after or 0.0, RATE_LIMIT_FULL_AGAIN)
        pause = pause or min(LONGEST_PAUSE, 2.0 ** min(self._refusals - 1, 10))
        self._paused_until = max(self._paused_until, now + pause)

    def _value(self, seen: _Observation, now: float) -> float:
        return min(float(self.limit), seen.left + max(0.0, now - seen.at) * self.refill)
