"""A Hetzner Cloud project over the official SDK: asynchronous, bounded, within the rate limit."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, Protocol, TypeVar

from hsnap_tui.clock import Clock, SystemClock
from hsnap_tui.cloud import parse
from hsnap_tui.cloud.api import BudgetView, Purpose
from hsnap_tui.cloud.model import Action, Server, Snapshot, Submitted
from hsnap_tui.cloud.sdk import Sdk
from hsnap_tui.cloud.sender import Request, Sender
from hsnap_tui.cloud.surroundings import surroundings
from hsnap_tui.settings import Secret

T = TypeVar("T")

PER_PAGE = 50
"""The API's largest page."""
IDS_A_REQUEST = 25
"""`GET /actions?id=…` answers at most so many; beyond that actions may silently be missing."""
MOST_PAGES = 1000
"""Pages of a list after which a server that always names a next one is not believed."""


class Identified(Protocol):
    """Anything of the API with an ID."""

    @property
    def id(self) -> int:
        """Unique within its kind."""
        ...


I = TypeVar("I", bound=Identified)  # noqa: E741


class HetznerCloud:
    """Fits `api.CloudApi`. Time-outs in real seconds.

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
        sdk = Sdk(endpoint, token, connect_timeout, read_timeout, around)
        self._project = project
        self._sender = Sender(sdk, token, clock or SystemClock(), connect_timeout + 2 * read_timeout)

    @property
    def project(self) -> str:
        """The key of the project that all objects handed out carry."""
        return self._project

    @property
    def clock_offset(self) -> timedelta:
        """Hetzner's clock minus ours, the median of the last answers' `Date`; good to a second or two."""
        return self._sender.clock_offset

    def budget(self) -> BudgetView:
        """The rate limit as it stands now."""
        return self._sender.budget()

    async def list_servers(self, purpose: Purpose, label_selector: str | None = None) -> Sequence[Server]:
        """All servers, or those that the selector matches; pages after the first are fetched side by side."""
        chosen = {"label_selector": label_selector} if label_selector else {}
        return await self._list(purpose, "/servers", lambda raw: parse.servers(raw, self._project), chosen)

    async def get_server(self, server_id: int, purpose: Purpose) -> Server:
        """One server; `NOT_FOUND` when it is gone."""
        path = f"/servers/{server_id}"
        return await self._sender.get(
            Request(purpose, "GET", path, "/servers/{id}", lambda raw: parse.server(raw, self._project))
        )

    async def list_running_actions(self, purpose: Purpose) -> Sequence[Action]:
        """All running actions of all servers of the project."""
        return await self._list(purpose, "/servers/actions", parse.actions, {"status": "running"})

    async def get_actions(self, action_ids: Iterable[int], purpose: Purpose) -> Mapping[int, Action]:
        """The actions of these IDs, at most 25 a request; IDs that the API no longer knows are missing."""
        wanted = sorted(set(action_ids))
        chunks = [wanted[start : start + IDS_A_REQUEST] for start in range(0, len(wanted), IDS_A_REQUEST)]
        answers = await self._side_by_side(
            Request(purpose, "GET", "/actions", "/actions", parse.actions, {"id": chunk}) for chunk in chunks
        )
        found: dict[int, Action] = {action.id: action for answer in answers for action in answer}
        return {action_id: found[action_id] for action_id in wanted if action_id in found}

    async def list_server_actions(self, server_id: int, purpose: Purpose) -> Sequence[Action]:
        """The newest 50 actions of one server, newest first."""
        request = Request(
            purpose,
            "GET",
            f"/servers/{server_id}/actions",
            "/servers/{id}/actions",
            parse.actions,
            {"sort": "id:desc", "per_page": PER_PAGE},
        )
        newest = await self._sender.get(request)
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
        self._sender.close()

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
        return await self._sender.post(Request(purpose, "POST", path, route, read, body=body))

    async def _list(
        self, purpose: Purpose, path: str, read: Callable[[object], list[I]], params: Mapping[str, Any]
    ) -> list[I]:
        """All pages of a list, each entry once: pages shift while a list changes."""

        def read_page(raw: object) -> _Page[I]:
            return _Page(read(raw), parse.last_page(raw), parse.next_page(raw))

        def page(number: int) -> Request[_Page[I]]:
            query = {**params, "page": number, "per_page": PER_PAGE}
            return Request(purpose, "GET", path, path, read_page, query)

        pages = [await self._sender.get(page(1))]
        last = min(pages[0].last or 1, MOST_PAGES)
        pages += await self._side_by_side(map(page, range(2, last + 1)))
        while (following := pages[-1].following) is not None and len(pages) < following <= MOST_PAGES:
            pages.append(await self._sender.get(page(following)))
        return list({entry.id: entry for got in pages for entry in got.entries}.values())

    async def _side_by_side(self, requests: Iterable[Request[T]]) -> list[T]:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._sender.get(request)) for request in requests]
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [task.result() for task in tasks]


@dataclass(frozen=True, slots=True)
class _Page(Generic[I]):
    """One page of a list: `last` and `following` are page numbers, where the API tells them."""

    entries: list[I]
    last: int | None
    following: int | None
