"""The step that turns whatever failed into one of our errors, without the token in its message."""

from __future__ import annotations

from typing import TypeVar

from hsnap_tui.cloud.chain.request import Attempt, EventLoopStep, Outcome
from hsnap_tui.cloud.transport.error_mapping import map_error
from hsnap_tui.common.clock import Clock
from hsnap_tui.config.secret import Secret

T = TypeVar("T")

SHORTEST_SCRUBBED = 8
"""Characters of a token below which it would be found by chance in ordinary words."""


class FailuresMapped:
    """Gives the result of an attempt, or the error that it failed with."""

    def __init__(self, clock: Clock, token: Secret, following: EventLoopStep) -> None:
        self._clock = clock
        self._token = token
        self._next = following

    async def __call__(self, attempt: Attempt[T], /) -> Outcome[T]:
        """What the attempt came to. Raises `CloudError` when nothing may be sent any more."""
        answer = await self._next(attempt)
        if answer.result is not None:
            return Outcome(answer.result, None, answer.raw.seconds)
        error = map_error(attempt.request.method, answer.raw, self._clock.now())
        error.message = self._scrubbed(error.message)
        return Outcome(None, error, answer.raw.seconds)

    def _scrubbed(self, message: str) -> str:
        token = self._token.reveal()
        return message.replace(token, "…") if len(token) >= SHORTEST_SCRUBBED else message
