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

from hsnap_tui.clock import Clock
from hsnap_tui.cloud import parse
from hsnap_tui.cloud.api import BudgetView, Purpose
from hsnap_tui.cloud.budget import Ticket
from hsnap_tui.cloud.classify import classify, lost, retry_after
from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.cloud.gate import Gate
from hsnap_tui.cloud.guard import Guard
from hsnap_tui.cloud.lanes import Lane, Lanes, LostError
from hsnap_tui.cloud.plausible import Plausible
from hsnap_tui.cloud.sdk import Exchange, Sdk
from hsnap_tui.settings import Secret

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
class Request(Generic[T]):
    """One request and how its answer is read. `route` is the family that shares a rate limit."""

    purpose: Purpose
    method: str
    path: str
    route: str
    read: Callable[[object], T]
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None

    @property
    def lane(self) -> Lane:
        """Where it runs: what hangs holds up its own kind only."""
        if self.purpose is Purpose.KEYPRESS:
            return Lane.INTERACTIVE
        if self.purpose is Purpose.POWER_ON:
            return Lane.POWER_ON
        if self.method != "GET":
            return Lane.COMMANDS
        return Lane.POLLS if self.purpose is Purpose.POLL else Lane.LOOK_UPS


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


class Sender:
    """Sends the requests of one project, none longer than `bound` real seconds.

    `token` is only for taking it out of messages. Raises `CloudError` and nothing else.
    """

    def __init__(self, sdk: Sdk, token: Secret, clock: Clock, bound: float) -> None:
        self._sdk = sdk
        self._token = token
        self._clock = clock
        self._lanes = Lanes(bound)
        self._gate = Gate(clock)
        self._plausible = Plausible()
        self._offsets: deque[float] = deque(maxlen=DATES)
        self._closed = False

    @property
    def clock_offset(self) -> timedelta:
        """The median of what the last answers' `Date` was ahead of our clock."""
        return timedelta(seconds=statistics.median(self._offsets) if self._offsets else 0.0)

    def budget(self) -> BudgetView:
        """The rate limit as it stands now."""
        return replace(self._gate.view(), strange=self._plausible.strange)

    def close(self) -> None:
        """Ends all requests under way, and sends no more."""
        self._closed = True
        self._gate.close()
        self._lanes.close()
        self._sdk.close()

    async def get(self, request: Request[T]) -> T:
        """Sends a GET, which may be tried again; the only place where anything is."""
        pauses = [0.2] if request.purpose is Purpose.KEYPRESS else [0.2, 0.8]
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

    async def post(self, request: Request[T]) -> T:
        """Sends a POST, once."""
        outcome = await self._attempt(request)
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    async def _attempt(self, request: Request[T]) -> _Outcome[T]:
        """Sends once, when the gate gives leave."""
        ticket = await self._gate.admit(request.purpose, request.route)
        guard = Guard()

        def work() -> tuple[Exchange, T | None]:
            exchange = self._sdk.send(guard, request.method, request.path, request.params, request.body)
            if not exchange.succeeded:
                return exchange, None
            try:
                return exchange, request.read(exchange.payload)
            except parse.MalformedError as error:
                return replace(exchange, failure=error.with_traceback(None)), None

        exchange, value = Exchange(guard), None
        try:
            exchange, value = await self._lanes.run(request.lane, work, guard, abandon=request.method == "GET")
        except LostError:
            return _Outcome(None, lost(request.method, exchange), PATIENCE)
        finally:
            self._settle(ticket, exchange)
        if value is not None:
            return _Outcome(value, None, exchange.seconds)
        error = classify(request.method, exchange, self._clock.now())
        return _Outcome(None, self._scrubbed(error), exchange.seconds)

    def _settle(self, ticket: Ticket, exchange: Exchange) -> None:
        """Hands the ticket back to the gate with what the answer's headers tell."""
        if exchange.status is None:
            if exchange.guard.sent:
                self._gate.lost(ticket)
            else:
                self._gate.unsent(ticket)
            return
        headers = exchange.headers or {}
        self._note_date(headers.get("Date"))
        limit, left = self._plausible.judge(ticket.route, *_limits(headers))
        if exchange.status == 429:
            wait = retry_after(headers.get("Retry-After"), self._clock.now())
            self._gate.refused(ticket, limit, left, wait)
        else:
            self._gate.answered(ticket, limit, left)

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
