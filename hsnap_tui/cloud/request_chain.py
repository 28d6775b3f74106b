"""One request from its purpose to its outcome: leave from the gate, a place in a lane, the answer read."""

from __future__ import annotations

import re
import statistics
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar, cast

from hsnap_tui.cloud import parse
from hsnap_tui.cloud.api import Priority, RateLimitStatus
from hsnap_tui.cloud.error_mapping import map_error, map_stuck_worker, retry_after
from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.cloud.ratelimit.bucket import Permit
from hsnap_tui.cloud.ratelimit.limiter import RateLimiter
from hsnap_tui.cloud.ratelimit.plausible import Plausible
from hsnap_tui.cloud.transport.executor import RequestExecutor, WorkerGroup, WorkerStuckError
from hsnap_tui.cloud.transport.request_handle import RequestHandle
from hsnap_tui.cloud.transport.sdk import RawResponse, Sdk
from hsnap_tui.common.clock import Clock
from hsnap_tui.config.secret import Secret

T = TypeVar("T")

PATIENCE = 3.0
"""Seconds of attempts after which a GET that failed is not tried again."""
PASSING = (ErrorKind.UNREACHABLE, ErrorKind.CONFLICT)
"""What a GET is tried again after."""
REFUSALS = 3
"""How often a GET is tried again after a 429; the gate makes it wait each time."""
DATES = 61
"""How many of the last answers' `Date` headers tell Hetzner's clock: so many that a run of wrong ones is outvoted.
Our own clock makes no steps (`clock.SystemClock`), so the true difference hardly changes."""
SHORTEST_SCRUBBED = 8
"""Characters of a token below which it would be found by chance in ordinary words."""


@dataclass(frozen=True, slots=True)
class ApiRequest(Generic[T]):
    """One request and how its answer is read. `route` is the family that shares a rate limit."""

    priority: Priority
    method: str
    path: str
    route: str
    read: Callable[[object], T]
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None

    @property
    def worker_group(self) -> WorkerGroup:
        """Where it runs: what hangs holds up its own kind only."""
        if self.priority is Priority.KEYPRESS:
            return WorkerGroup.INTERACTIVE
        if self.priority is Priority.POWER_ON:
            return WorkerGroup.POWER_ON
        if self.method != "GET":
            return WorkerGroup.COMMANDS
        return WorkerGroup.POLLS if self.priority is Priority.POLL else WorkerGroup.LOOK_UPS


@dataclass(frozen=True, slots=True)
class _Outcome(Generic[T]):
    """What one attempt came to: a value, or an error; `seconds` is what it took."""

    result: T | None
    error: CloudError | None
    seconds: float

    @property
    def value(self) -> T:
        """The value of an attempt without an error."""
        return cast("T", self.result)


class RequestChain:
    """Sends the requests of one project, none longer than `bound` real seconds.

    `token` is only for taking it out of messages. Raises `CloudError` and nothing else.
    """

    def __init__(self, sdk: Sdk, token: Secret, clock: Clock, bound: float) -> None:
        self._sdk = sdk
        self._token = token
        self._clock = clock
        self._executor = RequestExecutor(bound)
        self._limiter = RateLimiter(clock)
        self._plausible = Plausible()
        self._offsets: deque[float] = deque(maxlen=DATES)
        self._closed = False

    @property
    def clock_offset(self) -> timedelta:
        """The median of what the last answers' `Date` was ahead of our clock."""
        return timedelta(seconds=statistics.median(self._offsets) if self._offsets else 0.0)

    def budget(self) -> RateLimitStatus:
        """The rate limit as it stands now."""
        return replace(self._limiter.view(), strange=self._plausible.strange)

    def close(self) -> None:
        """Ends all requests under way, and sends no more."""
        self._closed = True
        self._limiter.close()
        self._executor.close()
        self._sdk.close()

    async def get(self, request: ApiRequest[T]) -> T:
        """Sends a GET, which may be tried again; the only place where anything is."""
        pauses = [0.2] if request.priority is Priority.KEYPRESS else [0.2, 0.8]
        refusals, patience = 0, PATIENCE
        while True:
            outcome = await self._attempt(request)
            patience -= outcome.seconds
            if outcome.error is None:
                return outcome.value
            kind = outcome.error.kind
            if kind is ErrorKind.RATE_LIMITED and refusals < REFUSALS and not self._closed:
                refusals += 1
            elif kind in PASSING and pauses and patience > 0 and not self._closed:
                await self._clock.sleep(pauses.pop(0))
            else:
                raise outcome.error

    async def post(self, request: ApiRequest[T]) -> T:
        """Sends a POST, once."""
        outcome = await self._attempt(request)
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    async def _attempt(self, request: ApiRequest[T]) -> _Outcome[T]:
        """Sends once, when the gate gives leave."""
        permit = await self._limiter.acquire(request.priority, request.route)
        request_handle = RequestHandle()

        def work() -> tuple[RawResponse, T | None]:
            raw_response = self._sdk.send(request_handle, request.method, request.path, request.params, request.body)
            if not raw_response.succeeded:
                return raw_response, None
            try:
                return raw_response, request.read(raw_response.payload)
            except parse.MalformedError as error:
                return replace(raw_response, failure=error.with_traceback(None)), None

        raw_response, value = RawResponse(request_handle), None
        try:
            raw_response, value = await self._executor.run(
                request.worker_group, work, request_handle, abandon=request.method == "GET"
            )
        except WorkerStuckError:
            return _Outcome(None, map_stuck_worker(request.method, raw_response), PATIENCE)
        finally:
            self._settle(permit, raw_response)
        if value is not None:
            return _Outcome(value, None, raw_response.seconds)
        error = map_error(request.method, raw_response, self._clock.now())
        return _Outcome(None, self._scrubbed(error), raw_response.seconds)

    def _settle(self, permit: Permit, raw_response: RawResponse) -> None:
        """Hands the ticket back to the gate with what the answer's headers tell."""
        if raw_response.status is None:
            if raw_response.request_handle.sent:
                self._limiter.lost(permit)
            else:
                self._limiter.unsent(permit)
            return
        headers = raw_response.headers or {}
        self._note_date(headers.get("Date"))
        limit, left = self._plausible.judge(permit.route, *_limits(headers))
        if raw_response.status == 429:
            wait = retry_after(headers.get("Retry-After"), self._clock.now())
            self._limiter.refused(permit, limit, left, wait)
        else:
            self._limiter.answered(permit, limit, left)

    def _note_date(self, value: str | None) -> None:
        if value:
            try:
                date = parsedate_to_datetime(value)
            except (ValueError, TypeError, OverflowError):
                return
            date = date if date.tzinfo else date.replace(tzinfo=UTC)
            self._offsets.append((date - self._clock.now()).total_seconds())

    def _scrubbed(self, error: CloudError) -> CloudError:
        token = self._token.reveal()
        if len(token) >= SHORTEST_SCRUBBED:
            error.message = error.message.replace(token, "…")
        return error


def _limits(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Limit and remaining requests, both or neither."""
    limit, left = (_count(headers.get(f"RateLimit-{name}", "")) for name in ("Limit", "Remaining"))
    return (limit, left) if limit is not None and left is not None else (None, None)


def _count(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text.strip()) else None
