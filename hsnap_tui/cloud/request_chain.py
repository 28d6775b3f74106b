"""The way of each request, put together from its steps in `cloud.chain`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from hsnap_tui.cloud.api import RateLimitStatus
from hsnap_tui.cloud.chain.admission import Admitted
from hsnap_tui.cloud.chain.failures import FailuresMapped
from hsnap_tui.cloud.chain.header_feedback import ClockOffset, HeadersFedBack
from hsnap_tui.cloud.chain.request import ApiRequest
from hsnap_tui.cloud.chain.retries import GetsRetried
from hsnap_tui.cloud.chain.sending import Parsed, SentBySdk
from hsnap_tui.cloud.chain.worker_thread import OnWorkerThread
from hsnap_tui.cloud.ratelimit.limiter import RateLimiter
from hsnap_tui.cloud.ratelimit.plausible import Plausible
from hsnap_tui.cloud.transport.executor import RequestExecutor
from hsnap_tui.cloud.transport.sdk import Sdk
from hsnap_tui.common.clock import Clock
from hsnap_tui.config.secret import Secret

T = TypeVar("T")


class RequestChain:
    """Sends the requests of one project, none longer than `bound` real seconds.

    A request is admitted by the rate limiter, run on a worker thread with a deadline, sent by the SDK, its answer
    parsed, its headers fed back and its failure mapped; around that, a GET is tried again. `token` is only for taking
    it out of messages.
    """

    def __init__(self, sdk: Sdk, token: Secret, clock: Clock, bound: float) -> None:
        self._sdk = sdk
        self._executor = RequestExecutor(bound)
        self._limiter = RateLimiter(clock)
        self._plausible = Plausible()
        self._offset = ClockOffset(clock)
        self._closed = False
        on_thread = OnWorkerThread(self._executor, Parsed(SentBySdk(sdk)))
        admitted = Admitted(self._limiter, HeadersFedBack(clock, self._offset, self._plausible, on_thread))
        self._send = GetsRetried(clock, lambda: not self._closed, FailuresMapped(clock, token, admitted))

    @property
    def clock_offset(self) -> timedelta:
        """Hetzner's clock minus ours: the median of the last answers' `Date`."""
        return self._offset.median

    def budget(self) -> RateLimitStatus:
        """The rate limit as it stands now."""
        return replace(self._limiter.view(), strange=self._plausible.strange)

    async def send(self, request: ApiRequest[T]) -> T:
        """The result of a request; a GET may be sent again, anything else is sent once.

        Raises `CloudError` and nothing else.
        """
        return await self._send(request)

    def close(self) -> None:
        """Ends all requests under way, and sends no more."""
        self._closed = True
        self._limiter.close()
        self._executor.close()
        self._sdk.close()
