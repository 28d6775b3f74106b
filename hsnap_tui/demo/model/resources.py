"""The things a simulated project holds: plain data, changed only by the world that holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hsnap_tui.demo.model.catalogue import Iso, Location, ServerType

Labels = dict[str, str]

#: Every status that a server can have.
STATUSES = (
    "running",
    "initializing",
    "starting",
    "stopping",
    "off",
    "deleting",
    "migrating",
    "rebuilding",
    "unknown",
)


@dataclass(slots=True)
class SimulatedAction:
    """An asynchronous task: it begins at `begins` and would take `seconds`; `finished` is None while it runs."""

    id: int
    command: str
    started: datetime
    begins: datetime
    seconds: float
    #: What it is about: (type, ID), e.g. ("server", 42).
    resources: tuple[tuple[str, int], ...]
    finished: datetime | None = None
    #: Code and message, once it has failed.
    error: tuple[str, str] | None = None
    #: How far it got before it failed, in percent.
    reached: int = 0

    @property
    def status(self) -> str:
        """Give `running`, `success` or `error`."""
        if self.finished is None:
            return "running"
        return "success" if self.error is None else "error"

    def progress(self, now: datetime) -> int:
        """Give the progress in percent; 100 only when it has succeeded."""
        if self.finished is None:
            return self.share_done(now)
        return 100 if self.error is None else self.reached

    def share_done(self, now: datetime) -> int:
        """Give how much of its time is over, in percent, at most 99."""
        passed = (now - self.begins).total_seconds()
        return 99 if passed >= self.seconds else max(0, min(99, int(100 * passed / self.seconds)))

    def concerns(self, kind: str, identifier: int | None = None) -> bool:
        """Tell whether a resource of that type (and ID) is among its resources."""
        return any(kind == type_ and identifier in (None, id_) for type_, id_ in self.resources)


@dataclass(slots=True)
class SimulatedImage:
    """A system image, an app, a snapshot or a backup. Sizes are in GB."""

    id: int
    type: str
    status: str
    name: str | None
    description: str
    image_size: float | None
    disk_size: float
    created: datetime
    architecture: str
    os_flavor: str
    os_version: str | None
    labels: Labels = field(default_factory=dict)
    #: ID and name of the server it was made from, at that time.
    created_from: tuple[int, str] | None = None
    bound_to: int | None = None
    rapid_deploy: bool = False
    protected: bool = False
    deprecated: datetime | None = None
    deleted: datetime | None = None


@dataclass(slots=True)
class PublicIp:
    """A primary IP: an address (`ipv6`: a network), on a server's public interface or kept for one."""

    id: int
    #: `ipv4` or `ipv6`.
    version: str
    ip: str
    name: str
    location: Location
    created: datetime
    #: Names in the reverse DNS, by IP.
    pointers: dict[str, str] = field(default_factory=dict)
    labels: Labels = field(default_factory=dict)
    #: It goes with its server.
    auto_delete: bool = True
    protected: bool = False
    server: int | None = None


@dataclass(slots=True)
class Attachment:
    """A server's place in a private network."""

    network_id: int
    ip: str
    mac_address: str
    alias_ips: list[str] = field(default_factory=list)


@dataclass(slots=True)
class SimulatedServer:
    """A server; `lock` is the action that holds it, which need not be one that the API lists for it."""

    id: int
    name: str
    status: str
    created: datetime
    type: ServerType
    location: Location
    image: SimulatedImage | None
    ipv4: PublicIp | None
    ipv6: PublicIp | None
    labels: Labels
    primary_disk_size: int
    #: How much of the disk is in use: what a snapshot will weigh, in GB.
    used_gb: float
    attachments: list[Attachment] = field(default_factory=list)
    firewalls: list[int] = field(default_factory=list)
    placement_group: int | None = None
    backup_window: str | None = None
    delete_protected: bool = False
    rebuild_protected: bool = False
    outgoing_traffic: int | None = None
    ingoing_traffic: int | None = None
    #: It boots into the rescue system the next time.
    rescue_enabled: bool = False
    iso: Iso | None = None
    ignores_acpi: bool = False
    #: How long it takes to go off after an ACPI shutdown; None: as the options say.
    shutdown_seconds: float | None = None
    #: Its images stay `creating` for ever, and their action is gone after so many seconds; None: they do not.
    images_stuck_after: float | None = None
    lock: SimulatedAction | None = None
    #: Grows with each change of power: an ACPI request that came before it has nothing to switch off any more.
    power_changes: int = 0

    @property
    def locked(self) -> bool:
        """Tell whether something holds the server."""
        return self.lock is not None

    def take_address(self, address: PublicIp) -> None:
        """Take one of its primary IPs away."""
        if self.ipv4 is address:
            self.ipv4 = None
        if self.ipv6 is address:
            self.ipv6 = None
        address.server = None

    def change_power(self, status: str) -> None:
        """Set the status that a change of power leads to; a pending ACPI request has nothing to do any more."""
        self.status = status
        self.power_changes += 1
        if status == "running":
            # The rescue system is for one boot.
            self.rescue_enabled = False


@dataclass(slots=True)
class Volume:
    """A block of storage; `size` in GB."""

    id: int
    name: str
    size: int
    created: datetime
    location: Location
    server: int | None
    labels: Labels = field(default_factory=dict)
    format: str | None = "ext4"


@dataclass(slots=True)
class Network:
    """A private network with one subnet of the zone's servers."""

    id: int
    name: str
    ip_range: str
    subnet: str
    zone: str
    gateway: str
    created: datetime
    labels: Labels = field(default_factory=dict)
    #: How many of its addresses have been given to servers so far.
    addresses_given: int = 0
    #: Addresses that clients chose themselves: they are not given to others.
    addresses_chosen: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class FirewallRule:
    """Lets what comes from these addresses in; `port` only for TCP and UDP."""

    description: str
    protocol: str
    port: str | None
    source_ips: tuple[str, ...]


@dataclass(slots=True)
class Firewall:
    """A set of rules for the servers that it is applied to."""

    id: int
    name: str
    rules: list[FirewallRule]
    created: datetime
    labels: Labels = field(default_factory=dict)


@dataclass(slots=True)
class PlacementGroup:
    """A group of servers that run on different hosts."""

    id: int
    name: str
    created: datetime
    labels: Labels = field(default_factory=dict)


@dataclass(slots=True)
class SshKey:
    """A public key of the project."""

    id: int
    name: str
    fingerprint: str
    public_key: str
    created: datetime
    labels: Labels = field(default_factory=dict)
