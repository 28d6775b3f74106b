"""Plain frozen objects of the API, with no network behind them.

Texts that come from outside (names, descriptions, labels, messages) are cleaned for the screen when these
objects are made; `raw_name` keeps what Hetzner sent, for matching.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class ServerStatus(StrEnum):
    """`server.status` (API description); a value that is new to us reads as `unknown`."""

    RUNNING = "running"
    INITIALIZING = "initializing"
    STARTING = "starting"
    STOPPING = "stopping"
    OFF = "off"
    DELETING = "deleting"
    MIGRATING = "migrating"
    REBUILDING = "rebuilding"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, _value: object) -> ServerStatus:
        return cls.UNKNOWN


class ActionStatus(StrEnum):
    """`action.status`. A value that is new to us reads as `running`: it has not been seen to end."""

    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"

    @classmethod
    def _missing_(cls, _value: object) -> ActionStatus:
        return cls.RUNNING


class ImageStatus(StrEnum):
    """`image.status`. A value that is new to us reads as `creating`: it is not known to be usable."""

    CREATING = "creating"
    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"

    @classmethod
    def _missing_(cls, _value: object) -> ImageStatus:
        return cls.CREATING


@dataclass(frozen=True, slots=True)
class Resource:
    """What an action is about: IDs of different types may be equal numbers, so both count."""

    type: str
    id: int


@dataclass(frozen=True, slots=True)
class Action:
    """One action of the API; `progress` in percent."""

    id: int
    command: str
    status: ActionStatus
    progress: int
    started: datetime
    finished: datetime | None = None
    resources: tuple[Resource, ...] = ()
    error_code: str | None = None
    error_message: str | None = None

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.status is ActionStatus.RUNNING

    @property
    def server_ids(self) -> tuple[int, ...]:
        """The servers among its resources."""
        return tuple(resource.id for resource in self.resources if resource.type == "server")

    @property
    def image_ids(self) -> tuple[int, ...]:
        """The images among its resources."""
        return tuple(resource.id for resource in self.resources if resource.type == "image")


@dataclass(frozen=True, slots=True)
class Server:
    """A server as the last answer about it said; `disk` in GB, `volumes` are IDs of attached volumes.

    `project` is none of what the answer says, and a server's ID is unique at Hetzner: it counts for no comparison.
    """

    project: str = field(compare=False)
    id: int
    name: str
    raw_name: str
    status: ServerStatus
    locked: bool
    created: datetime
    type: str
    location: str
    ipv4: str | None = None
    ipv6: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    volumes: tuple[int, ...] = ()
    architecture: str = "x86"
    disk: int = 0
    delete_protected: bool = False
    rebuild_protected: bool = False
    backups: bool = False

    @property
    def address(self) -> str | None:
        """The address to show: IPv4, or IPv6 where there is no IPv4, or none."""
        return self.ipv4 or self.ipv6


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An image of type snapshot; `image_size` (billed) and `disk_size` (needed to restore) in GB.

    `server_id` and `server_name` are what it was created from, perhaps a server that is gone.
    """

    project: str = field(compare=False)
    id: int
    description: str
    status: ImageStatus
    created: datetime
    image_size: float | None = None
    disk_size: float = 0
    server_id: int | None = None
    server_name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    delete_protected: bool = False
    architecture: str = "x86"


@dataclass(frozen=True, slots=True)
class Image:
    """An image of any type, as far as deleting it is concerned; `type` is `snapshot`, `backup`, `system` or `app`."""

    id: int
    type: str
    description: str
    delete_protected: bool = False


@dataclass(frozen=True, slots=True)
class StoragePrice:
    """What a GB of a snapshot costs a month: `pricing.image.price_per_gb_month`, without and with VAT."""

    currency: str
    net: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True)
class Submitted:
    """The answer to a `create_image`: the running action and the snapshot that it makes."""

    action: Action
    snapshot: Snapshot
