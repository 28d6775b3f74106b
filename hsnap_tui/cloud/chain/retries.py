"""The step around all others: a GET may be tried again. The only place where anything is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.chain.request import ApiRequest, Attempt, OutcomeStep
from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.common.clock import Clock

T = TypeVar("T")

RETRY_SECONDS = 3.0
"""Seconds of attempts after which a GET that failed is not tried again."""
PASSING = (ErrorKind.UNREACHABLE, ErrorKind.CONFLICT)
"""What a GET is tried again after."""
REFUSALS = 3
"""How often a GET is tried again after a 429; the rate limiter makes it wait each time."""


class GetsRetried:
    """Sends a GET up to a few times, anything else once. After the end of `is_open`, nothing is tried again."""

    def __init__(self, clock: Clock, is_open: Callable[[], bool], following: OutcomeStep) -> None:
        self._clock = clock
        self._is_open = is_open
        self._next = following

    async def __call__(self, request: ApiRequest[T], /) -> T:
        """The result of the attempt that succeeded. Raises the `CloudError` of the last one."""
        pauses = _pauses(request)
        refusals = REFUSALS if request.only_reads else 0
        seconds_left = RETRY_SECONDS
        while True:
            outcome = await self._next(Attempt(request))
            if outcome.error is None:
                return outcome.value
            seconds_left -= outcome.seconds
            kind = outcome.error.kind
            if kind is ErrorKind.RATE_LIMITED and refusals and self._is_open():
                refusals -= 1
            elif kind in PASSING and pauses and seconds_left > 0 and self._is_open():
                await self._clock.sleep(pauses.pop(0))
            else:
                raise outcome.error


def _pauses(request: ApiRequest[T]) -> list[float]:
    """Seconds before each further attempt: a person who pressed a key gets the error sooner."""
    if not request.only_reads:
        return []
    return [0.2] if request.priority is Priority.KEYPRESS else [0.2, 0.8]
