"""The step that learns from the headers of each answer: Hetzner's clock and the rate limit."""

from __future__ import annotations

import re
import statistics
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

from hsnap_tui.cloud.chain.request import Answer, Attempt, EventLoopStep, RateLimitHeaders
from hsnap_tui.cloud.ratelimit.plausible import Plausible
from hsnap_tui.cloud.transport.error_mapping import retry_after
from hsnap_tui.common.clock import Clock

T = TypeVar("T")

DATES = 61
"""How many of the last answers' `Date` headers tell Hetzner's clock: so many that a run of wrong ones is outvoted.
Our own clock makes no steps (`clock.SystemClock`), so the true difference hardly changes."""


class ClockOffset:
    """How far Hetzner's clock is ahead of ours."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seconds: deque[float] = deque(maxlen=DATES)

    @property
    def median(self) -> timedelta:
        """The median of what the last answers' `Date` was ahead of our clock; zero before the first."""
        return timedelta(seconds=statistics.median(self._seconds) if self._seconds else 0.0)

    def note(self, date_header: str | None) -> None:
        """Learns from the `Date` of an answer that has just come; one that cannot be read tells nothing."""
        if not date_header:
            return
        try:
            date = parsedate_to_datetime(date_header)
        except (ValueError, TypeError, OverflowError):
            return
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        self._seconds.append((date - self._clock.now()).total_seconds())


class HeadersFedBack:
    """Adds to each answer what its headers tell about the rate limit, and notes its date."""

    def __init__(self, clock: Clock, offset: ClockOffset, plausible: Plausible, following: EventLoopStep) -> None:
        self._clock = clock
        self._offset = offset
        self._plausible = plausible
        self._next = following

    async def __call__(self, attempt: Attempt[T], /) -> Answer[T]:
        """The answer with its `rate_limit`, unless none came."""
        answer = await self._next(attempt)
        if answer.raw.status is None:
            return answer
        headers = answer.raw.headers or {}
        self._offset.note(headers.get("Date"))
        limit, left = self._plausible.judge(attempt.request.route, *_limit_and_left(headers))
        wait = retry_after(headers.get("Retry-After"), self._clock.now())
        return replace(answer, rate_limit=RateLimitHeaders(limit, left, wait))


def _limit_and_left(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Limit and remaining requests, both or neither (API description, Rate Limiting)."""
    limit, left = (_count(headers.get(f"RateLimit-{name}", "")) for name in ("Limit", "Remaining"))
    return (limit, left) if limit is not None and left is not None else (None, None)


def _count(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text.strip()) else None
