"""A Hetzner Cloud project over the official SDK: asynchronous, bounded, within the rate limit."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from hsnap_tui.cloud import limits, pages, parse
from hsnap_tui.cloud.api import Priority, RateLimitStatus, RecentActions
from hsnap_tui.cloud.chain.request import ApiRequest
from hsnap_tui.cloud.model import Action, Image, Server, Snapshot, StoragePrice, Submitted
from hsnap_tui.cloud.pages import I, Page
from hsnap_tui.cloud.request_chain import RequestChain
from hsnap_tui.cloud.transport.proxy import proxy_settings
from hsnap_tui.cloud.transport.sdk import Sdk
from hsnap_tui.common.clock import Clock, SystemClock
from hsnap_tui.config.secret import Secret
from hsnap_tui.config.settings import CONNECT_TIMEOUT, READ_TIMEOUT

T = TypeVar("T")


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
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        proxy = proxy_settings(endpoint, os.environ if environ is None else environ)
        sdk = Sdk(endpoint, token, connect_timeout, read_timeout, proxy)
        self.project = project
        self._chain = RequestChain(sdk, token, clock or SystemClock(), connect_timeout + 2 * read_timeout)

    @property
    def clock_offset(self) -> timedelta:
        """Hetzner's clock minus ours, the median of the last answers' `Date`; good to a second or two."""
        return self._chain.clock_offset

    def budget(self) -> RateLimitStatus:
        """The rate limit as it stands now."""
        return self._chain.budget()

    async def list_servers(self, priority: Priority, label_selector: str | None = None) -> Sequence[Server]:
        """All servers, or those that the selector matches; none is missing that was there when it was asked."""
        chosen = {"label_selector": label_selector} if label_selector else {}
        return await self._whole_list(priority, "/servers", lambda raw: parse.servers(raw, self.project), chosen)

    async def get_server(self, server_id: int, priority: Priority) -> Server:
        """One server; `NOT_FOUND` when it is gone."""
        path = f"/servers/{server_id}"
        return await self._chain.send(
            ApiRequest(priority, "GET", path, "/servers/{id}", lambda raw: parse.server(raw, self.project))
        )

    async def list_running_actions(self, priority: Priority) -> Sequence[Action]:
        """All running actions of all servers of the project."""
        # Actions end all the time: what is lost between two pages is asked for by whoever needs it.
        read = await self._read_pages(self._pager(priority, "/servers/actions", parse.actions, {"status": "running"}))
        return list(pages.merged(read))

    async def get_actions(self, action_ids: Iterable[int], priority: Priority) -> Mapping[int, Action]:
        """The actions of these IDs; IDs that the API no longer knows are missing."""
        wanted = sorted(set(action_ids))
        chunks = limits.split(wanted, limits.IDS_A_REQUEST)
        answers = await self._side_by_side(
            ApiRequest(priority, "GET", "/actions", "/actions", parse.actions, {"id": chunk}) for chunk in chunks
        )
        found: dict[int, Action] = {action.id: action for answer in answers for action in answer}
        return {action_id: found[action_id] for action_id in wanted if action_id in found}

    async def list_server_actions(self, server_id: int, priority: Priority) -> Sequence[Action]:
        """The newest 50 actions of one server, newest first."""
        request = ApiRequest(
            priority,
            "GET",
            f"/servers/{server_id}/actions",
            "/servers/{id}/actions",
            parse.actions,
            {"sort": "id:desc", "per_page": limits.PER_PAGE},
        )
        newest = await self._chain.send(request)
        return sorted(newest, key=lambda action: action.id, reverse=True)

    async def list_recent_actions(self, since: datetime, priority: Priority, most_pages: int) -> RecentActions:
        """The newest actions of all servers, back to `since` by Hetzner's clock, or what so many pages hold."""
        page = self._pager(priority, "/servers/actions", parse.actions, {"sort": pages.NEWEST_FIRST})
        read = [await self._chain.send(page(1))]
        while read[-1].following is not None and len(read) < most_pages:
            reached = pages.reach_back(read)
            if reached is None or reached < since:
                break
            read.append(await self._chain.send(page(len(read) + 1)))
        return RecentActions(tuple(reversed(list(pages.merged(read)))), pages.reach_back(read))

    async def list_snapshots(self, priority: Priority, label_selector: str | None = None) -> Sequence[Snapshot]:
        """All images of type snapshot, `creating` ones too, or those that the selector matches."""
        params = {"type": "snapshot"} | ({"label_selector": label_selector} if label_selector else {})
        return await self._whole_list(priority, "/images", lambda raw: parse.snapshots(raw, self.project), params)

    async def create_snapshot(
        self, server_id: int, description: str, labels: Mapping[str, str], priority: Priority
    ) -> Submitted:
        """`create_image` of type snapshot; sent once, never retried."""
        body = {"type": "snapshot", "description": description, "labels": dict(labels)}
        return await self._command(
            priority, server_id, "create_image", lambda raw: parse.submitted(raw, self.project), body
        )

    async def get_image(self, image_id: int, priority: Priority) -> Image:
        """One image of any type; `NOT_FOUND` when there is none."""
        return await self._chain.send(ApiRequest(priority, "GET", f"/images/{image_id}", "/images/{id}", parse.image))

    async def storage_price(self, priority: Priority) -> StoragePrice:
        """What a GB of a snapshot costs a month in this project."""
        return await self._chain.send(ApiRequest(priority, "GET", "/pricing", "/pricing", parse.storage_price))

    async def delete_image(self, image_id: int, priority: Priority) -> None:
        """Deletes a snapshot or backup at once (204, no action, says the API's description); sent once."""
        await self._chain.send(
            ApiRequest(priority, "DELETE", f"/images/{image_id}", "/images/{id}", lambda _nothing: True)
        )

    async def shutdown(self, server_id: int, priority: Priority) -> Action:
        """Asks the system to shut down by ACPI; sent once. Success of the action does not mean off."""
        return await self._command(priority, server_id, "shutdown", parse.action)

    async def power_off(self, server_id: int, priority: Priority) -> Action:
        """Switches the server off without asking its system (`poweroff`); sent once."""
        return await self._command(priority, server_id, "poweroff", parse.action)

    async def power_on(self, server_id: int, priority: Priority) -> Action:
        """Starts the server; sent once."""
        return await self._command(priority, server_id, "poweron", parse.action)

    async def close(self) -> None:
        """Ends all requests under way at once and frees the threads; returns within 0.2 s."""
        self._chain.close()

    async def _command(
        self,
        priority: Priority,
        server_id: int,
        command: str,
        read: Callable[[object], T],
        body: Mapping[str, Any] | None = None,
    ) -> T:
        path = f"/servers/{server_id}/actions/{command}"
        route = f"/servers/{{id}}/actions/{command}"
        return await self._chain.send(ApiRequest(priority, "POST", path, route, read, body=body))

    async def _whole_list(
        self, priority: Priority, path: str, read: Callable[[object], list[I]], params: Mapping[str, Any]
    ) -> list[I]:
        """All entries of a list; it is read again when one may have been missed between two pages."""
        page = self._pager(priority, path, read, {**params, "sort": pages.NEWEST_FIRST})
        readings: list[list[Page[I]]] = []
        while len(readings) < pages.MOST_READS:
            readings.append(await self._read_pages(page))
            newest = list(pages.merged(readings[-1]))
            if pages.is_whole(readings[-1]):
                return newest
            if len(readings) > 1 and {e.id for e in newest} == {e.id for e in pages.merged(readings[-2])}:
                return newest
        return list(pages.merged(page for reading in readings for page in reading))

    async def _read_pages(self, page: Callable[[int], ApiRequest[Page[I]]]) -> list[Page[I]]:
        """All pages of a list, the first one first and the others side by side."""
        got = [await self._chain.send(page(1))]
        last = min(got[0].last or 1, limits.MOST_PAGES)
        got += await self._side_by_side(map(page, range(2, last + 1)))
        while (following := got[-1].following) is not None and len(got) < following <= limits.MOST_PAGES:
            got.append(await self._chain.send(page(following)))
        return got

    def _pager(
        self, priority: Priority, path: str, read: Callable[[object], list[I]], params: Mapping[str, Any]
    ) -> Callable[[int], ApiRequest[Page[I]]]:
        """The request for a page of a list, by its number."""

        def read_page(raw: object) -> Page[I]:
            return Page(read(raw), parse.last_page(raw), parse.next_page(raw), parse.total_entries(raw))

        return lambda number: ApiRequest(
            priority, "GET", path, path, read_page, {**params, "page": number, "per_page": limits.PER_PAGE}
        )

    async def _side_by_side(self, requests: Iterable[ApiRequest[T]]) -> list[T]:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._chain.send(request)) for request in requests]
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [task.result() for task in tasks]
