"""What the rest of the program asks of the cloud, as a protocol: the real client and test doubles fit it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Protocol

from hsnap_tui.cloud.model import Action, Image, Server, Snapshot, StoragePrice, Submitted


class Priority(IntEnum):
    """What a request is for, in order of precedence: the lower, the sooner it may be sent.

    `cloud.priorities` says what each of them means for the rate limit and the worker threads.
    """

    POWER_ON = 0
    WHILE_OFF = 1
    """What a server waits for that is off because of us: its snapshot."""
    KEYPRESS = 2
    JOB = 3
    LOOK_UP = 4
    POLL = 5


@dataclass(frozen=True, slots=True)
class RateLimitStatus:
    """The rate limit as it stands: requests left of `limit` an hour, and who waits for it until when.

    `refill` is requests a second. `waiting` is the most urgent priority that is held back now, `until` when it
    is expected to go; `held` are all priorities that are held back. `known` is false until an answer has shown a
    limit. `strange` says what answers have shown that was not believed.
    """

    limit: int
    remaining: float
    reserve: int
    refill: float
    known: bool = False
    waiting: Priority | None = None
    until: datetime | None = None
    held: frozenset[Priority] = frozenset()
    strange: str | None = None


@dataclass(frozen=True, slots=True)
class RecentActions:
    """The newest actions of all servers; all that began at `since` or later (by Hetzner's clock) are among them.

    `since` is none when it cannot be told whether any are missing.
    """

    actions: tuple[Action, ...]
    since: datetime | None


class CloudApi(Protocol):
    """An asynchronous Hetzner Cloud project. Every method raises `CloudError` and nothing else."""

    project: str
    """The ID of the project that all objects handed out carry. The API names no project: whoever finds out which it
    is sets it."""

    @property
    def clock_offset(self) -> timedelta:
        """Hetzner's clock minus ours, from the `Date` of answers; good to a second or two."""
        ...

    def budget(self) -> RateLimitStatus:
        """The rate limit as it stands now."""
        ...

    async def list_servers(self, priority: Priority, label_selector: str | None = None) -> Sequence[Server]:
        """All servers, or those that the selector matches; none is missing that was there when it was asked."""
        ...

    async def get_server(self, server_id: int, priority: Priority) -> Server:
        """One server; `NOT_FOUND` when it is gone."""
        ...

    async def list_running_actions(self, priority: Priority) -> Sequence[Action]:
        """All running actions of all servers of the project."""
        ...

    async def get_actions(self, action_ids: Iterable[int], priority: Priority) -> Mapping[int, Action]:
        """The actions of these IDs; IDs that the API no longer knows are missing."""
        ...

    async def list_server_actions(self, server_id: int, priority: Priority) -> Sequence[Action]:
        """The newest 50 actions of one server, newest first."""
        ...

    async def list_recent_actions(self, since: datetime, priority: Priority, most_pages: int) -> RecentActions:
        """The newest actions of all servers, back to `since` by Hetzner's clock, or what so many pages hold."""
        ...

    async def list_snapshots(self, priority: Priority, label_selector: str | None = None) -> Sequence[Snapshot]:
        """All images of type snapshot, `creating` ones too, or those that the selector matches."""
        ...

    async def create_snapshot(
        self, server_id: int, description: str, labels: Mapping[str, str], priority: Priority
    ) -> Submitted:
        """`create_image` of type snapshot; sent once, never retried."""
        ...

    async def get_image(self, image_id: int, priority: Priority) -> Image:
        """One image of any type; `NOT_FOUND` when there is none."""
        ...

    async def storage_price(self, priority: Priority) -> StoragePrice:
        """What a GB of a snapshot costs a month in this project."""
        ...

    async def delete_image(self, image_id: int, priority: Priority) -> None:
        """Deletes a snapshot or backup at once, without an action; sent once."""
        ...

    async def shutdown(self, server_id: int, priority: Priority) -> Action:
        """Asks the system to shut down by ACPI; sent once. Success of the action does not mean off."""
        ...

    async def power_off(self, server_id: int, priority: Priority) -> Action:
        """Switches the server off without asking its system (`poweroff`); sent once."""
        ...

    async def power_on(self, server_id: int, priority: Priority) -> Action:
        """Starts the server; sent once."""
        ...

    async def close(self) -> None:
        """Ends all requests under way at once and frees the threads; returns within 0.2 s."""
        ...
