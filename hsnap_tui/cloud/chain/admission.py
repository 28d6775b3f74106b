"""The step that waits for the rate limiter's permit, and hands it back with what the answer told."""

from __future__ import annotations

from typing import TypeVar

from hsnap_tui.cloud.chain.request import Answer, Attempt, EventLoopStep
from hsnap_tui.cloud.ratelimit.bucket import Permit
from hsnap_tui.cloud.ratelimit.limiter import RateLimiter

T = TypeVar("T")


class Admitted:
    """Lets an attempt through when the rate limit allows it; its permit is handed back exactly once, also when what
    follows raises or is cancelled."""

    def __init__(self, limiter: RateLimiter, following: EventLoopStep) -> None:
        self._limiter = limiter
        self._next = following

    async def __call__(self, attempt: Attempt[T], /) -> Answer[T]:
        """What came back. Raises `CloudError` when the limiter is closed."""
        permit = await self._limiter.acquire(attempt.request.priority, attempt.request.route)
        answer: Answer[T] | None = None
        try:
            answer = await self._next(attempt)
            return answer
        finally:
            self._hand_back(permit, answer, sent=attempt.handle.sent)

    def _hand_back(self, permit: Permit, answer: Answer[T] | None, *, sent: bool) -> None:
        if answer is not None and answer.rate_limit is not None:
            shown = answer.rate_limit
            if answer.raw.status == 429:
                self._limiter.refused(permit, shown.limit, shown.left, shown.retry_after)
            else:
                self._limiter.answered(permit, shown.limit, shown.left)
        elif sent:
            self._limiter.lost(permit)
        else:
            self._limiter.unsent(permit)
