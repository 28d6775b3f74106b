"""A Hetzner Cloud project over the official SDK: asynchronous, bounded, within the rate limit."""

from __future__ import annotations

import asyncio
import os
import re
import statistics
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Generic, Protocol, TypeVar, cast

from hsnap_tui.clock import Clock, SystemClock
from hsnap_tui.cloud import parse
from hsnap_tui.cloud.api import BudgetView, Purpose
from hsnap_tui.cloud.budget import Ticket
from hsnap_tui.cloud.classify import classify, lost, retry_after
from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.cloud.gate import Gate
from hsnap_tui.cloud.guard import Guard
from hsnap_tui.cloud.lanes import Lane, Lanes, LostError
from hsnap_tui.cloud.model import Action, Server, Snapshot, Submitted
from hsnap_tui.cloud.sdk import Exchange, Sdk
from hsnap_tui.cloud.surroundings import surroundings
from hsnap_tui.settings import Secret

T = TypeVar("T")

PER_PAGE = 50
"""The API's largest page."""
IDS_A_REQUEST = 25
"""`GET /actions?id=…` answers at most so many; beyond that actions may silently be missing."""
MOST_PAGES = 1000
"""Pages of a list after which a server that always names a next one is not believed."""
PATIENCE = 3.0
"""Seconds of attempts after which a GET that failed is not tried again."""
SHORTEST_SCRUBBED = 8
"""Characters of a token below which it would be found by chance in ordinary words."""
PASSING = (ErrorKind.UNREACHABLE, ErrorKind.CONFLICT)
"""What a GET is tried again after."""
REFUSALS = 3
"""How often a GET is tried again after a 429; the gate makes it wait each time."""


class Identified(Protocol):
    """Anything of the API with an ID."""

    @property
    def id(self) -> int:
        """Unique within its kind."""
        ...


I = TypeVar("I", bound=Identified)  # noqa: E741


@dataclass(frozen=True, slots=True)
class _Request(Generic[T]):
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
        if self.method != "GET":
            return Lane.POWER_ON if self.purpose is Purpose.POWER_ON else Lane.COMMANDS
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


class HetznerCloud:
    """Fits `api.CloudApi`. To be made inside the event loop that uses it; time-outs in real seconds.

    A whole request is bounded by `connect_timeout` plus twice `read_timeout`, however slowly bytes drip in.
    """

    def __init__(
        self,
        endpoint: str,
        token: Secret,
        project: str,
        clock: Clock | None = None,
        *,
        connect_timeout: float = 5.0,
        read_timeout: float = 15.0,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        around = surroundings(endpoint, os.environ if environ is None else environ)
        self._clock = clock or SystemClock()
        self._project = project
        self._token = token
        self._sdk = Sdk(endpoint, token, connect_timeout, read_timeout, around)
        self._lanes = Lanes(connect_timeout + 2 * read_timeout)
        self._gate = Gate(self._clock)
        self._offsets: deque[float] = deque(maxlen=7)
        self._closed = False

    @property
    def project(self) -> str:
        """The key of the project that all objects handed out carry."""
        return self._project

    @property
    def clock_offset(self) -> timedelta:
        """Hetzner's clock minus ours, the median of the last answers' `Date`; good to a second or two."""
        return timedelta(seconds=statistics.median(self._offsets) if self._offsets else 0.0)

    def budget(self) -> BudgetView:
        """The rate limit as it stands now."""
        return self._gate.view()

    async def list_servers(self, purpose: Purpose, label_selector: str | None = None) -> Sequence[Server]:
        """All servers, or those that the selector matches; pages after the first are fetched side by side."""
        chosen = {"label_selector": label_selector} if label_selector else {}
        return await self._list(purpose, "/servers", lambda raw: parse.servers(raw, self._project), chosen)

    async def get_server(self, server_id: int, purpose: Purpose) -> Server:
        """One server; `NOT_FOUND` when it is gone."""
        path = f"/servers/{server_id}"
        return await self._get(
            _Request(purpose, "GET", path, "/servers/{id}", lambda raw: parse.server(raw, self._project))
        )

    async def list_running_actions(self, purpose: Purpose) -> Sequence[Action]:
        """All running actions of all servers of the project."""
        return await self._list(purpose, "/servers/actions", parse.actions, {"status": "running"})

    async def get_actions(self, action_ids: Iterable[int], purpose: Purpose) -> Mapping[int, Action]:
        """The actions of these IDs, at most 25 a request; IDs that the API no longer knows are missing."""
        wanted = sorted(set(action_ids))
        chunks = [wanted[start : start + IDS_A_REQUEST] for start in range(0, len(wanted), IDS_A_REQUEST)]
        answers = await self._side_by_side(
            _Request(purpose, "GET", "/actions", "/actions", parse.actions, {"id": chunk}) for chunk in chunks
        )
        found: dict[int, Action] = {action.id: action for answer in answers for action in answer}
        return {action_id: found[action_id] for action_id in wanted if action_id in found}

    async def list_server_actions(self, server_id: int, purpose: Purpose) -> Sequence[Action]:
        """The newest 50 actions of one server, newest first."""
        request = _Request(
            purpose,
            "GET",
            f"/servers/{server_id}/actions",
            "/servers/{id}/actions",
            parse.actions,
            {"sort": "id:desc", "per_page": PER_PAGE},
        )
        newest = await self._get(request)
        return sorted(newest, key=lambda action: action.id, reverse=True)

    async def list_snapshots(self, purpose: Purpose, label_selector: str | None = None) -> Sequence[Snapshot]:
        """All images of type snapshot, `creating` ones too, or those that the selector matches."""
        params = {"type": "snapshot"} | ({"label_selector": label_selector} if label_selector else {})
        return await self._list(purpose, "/images", lambda raw: parse.snapshots(raw, self._project), params)

    async def create_snapshot(
        self, server_id: int, description: str, labels: Mapping[str, str], purpose: Purpose
    ) -> Submitted:
        """`create_image` of type snapshot; sent once, never retried."""
        body = {"type": "snapshot", "description": description, "labels": dict(labels)}
        return await self._command(
            purpose, server_id, "create_image", lambda raw: parse.submitted(raw, self._project), body
        )

    async def shutdown(self, server_id: int, purpose: Purpose) -> Action:
        """Asks the system to shut down by ACPI; sent once. Success of the action does not mean off."""
        return await self._command(purpose, server_id, "shutdown", parse.action)

    async def power_off(self, server_id: int, purpose: Purpose) -> Action:
        """Cuts the power; sent once."""
        return await self._command(purpose, server_id, "poweroff", parse.action)

    async def power_on(self, server_id: int, purpose: Purpose) -> Action:
        """Starts the server; sent once."""
        return await self._command(purpose, server_id, "poweron", parse.action)

    async def close(self) -> None:
        """Ends all requests under way at once and frees the threads; returns within 0.2 s."""
        self._closed = True
        self._gate.close()
        self._lanes.close()
        self._sdk.close()

    async def _command(
        self,
        purpose: Purpose,
        server_id: int,
        command: str,
        read: Callable[[object], T],
        body: Mapping[str, Any] | None = None,
    ) -> T:
        path = f"/servers/{server_id}/actions/{command}"
        route = f"/servers/{{id}}/actions/{command}"
        return await self._post(_Request(purpose, "POST", path, route, read, body=body))

    async def _list(
        self, purpose: Purpose, path: str, read: Callable[[object], list[I]], params: Mapping[str, Any]
    ) -> list[I]:
        """All pages of a list, each entry once: pages shift while a list changes."""

        def read_page(raw: object) -> _Page[I]:
            return _Page(read(raw), parse.last_page(raw), parse.next_page(raw))

        def page(number: int) -> _Request[_Page[I]]:
            query = {**params, "page": number, "per_page": PER_PAGE}
            return _Request(purpose, "GET", path, path, read_page, query)

        pages = [await self._get(page(1))]
        last = min(pages[0].last or 1, MOST_PAGES)
        pages += await self._side_by_side(map(page, range(2, last + 1)))
        while (following := pages[-1].following) is not None and len(pages) < following <= MOST_PAGES:
            pages.append(await self._get(page(following)))
        return list({entry.id: entry for got in pages for entry in got.entries}.values())

    async def _side_by_side(self, requests: Iterable[_Request[T]]) -> list[T]:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._get(request)) for request in requests]
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _get(self, request: _Request[T]) -> T:
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

    async def _post(self, request: _Request[T]) -> T:
        """Sends a POST, once."""
        outcome = await self._attempt(request)
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    async def _attempt(self, request: _Request[T]) -> _Outcome[T]:
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
        limit, left = _limits(headers)
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


@dataclass(frozen=True, slots=True)
class _Page(Generic[I]):
    """One page of a list: `last` and `following` are page numbers, where the API tells them."""

    entries: list[I]
    last: int | None
    following: int | None


def _limits(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Limit and remaining requests, both or neither."""
    limit, left = (_count(headers.get(f"RateLimit-{name}", "")) for name in ("Limit", "Remaining"))
    return (limit, left) if limit and left is not None else (None, None)


def _count(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text.strip()) else None
