"""What Hetzner offers: locations, server types, prices, system images. Net prices in EUR, without guarantee."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

VAT_RATE = Decimal("19.00")
IMAGE_PRICE = Decimal("0.0110")
VOLUME_PRICE = Decimal("0.0440")
BACKUP_PERCENTAGE = Decimal("20.00")
PRIMARY_IPV4_PRICE = Decimal("0.50")
FLOATING_IPV4_PRICE = Decimal("3.00")
FLOATING_IPV6_PRICE = Decimal("1.00")
#: For this many hours the hourly price amounts to the monthly one.
HOURS_A_MONTH = 624

_TB = 1024**4


@dataclass(frozen=True, slots=True)
class Location:
    """A place with data centres; traffic is what each server there may send a month, in bytes."""

    id: int
    name: str
    description: str
    country: str
    city: str
    latitude: float
    longitude: float
    network_zone: str
    included_traffic: int
    traffic_price: Decimal


@dataclass(frozen=True, slots=True)
class ServerType:
    """A size of servers, with its net monthly price by location; memory and disk in GB."""

    id: int
    name: str
    category: str
    cores: int
    memory: int
    disk: int
    cpu_type: str
    architecture: str
    prices: dict[str, Decimal]
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class SystemImage:
    """An operating system (or app) that Hetzner offers for one architecture."""

    id: int
    type: str
    name: str
    description: str
    os_flavor: str
    os_version: str | None
    architecture: str
    disk_size: int = 5
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Iso:
    """A medium to boot from."""

    id: int
    name: str
    description: str
    architecture: str


@dataclass(frozen=True, slots=True)
class LoadBalancerType:
    """A size of load balancers, with its net monthly price."""

    id: int
    name: str
    max_connections: int
    max_services: int
    max_targets: int
    max_certificates: int
    price: Decimal


#: When the types and images that are marked so were announced to end, and when they do.
DEPRECATION_ANNOUNCED = datetime(2025, 10, 16, 6, tzinfo=UTC)
DEPRECATION_ENDS = datetime(2026, 12, 31, 23, tzinfo=UTC)

LOCATIONS: tuple[Location, ...] = (
    Location(1, "fsn1", "Falkenstein DC Park 1", "DE", "Falkenstein", 50.47612, 12.370071, "eu-central",
             20 * _TB, Decimal("1.00")),
    Location(2, "nbg1", "Nuremberg DC Park 1", "DE", "Nuremberg", 49.452102, 11.076665, "eu-central",
             20 * _TB, Decimal("1.00")),
    Location(3, "hel1", "Helsinki DC Park 1", "FI", "Helsinki", 60.169855, 24.938379, "eu-central",
             20 * _TB, Decimal("1.00")),
    Location(4, "ash", "Ashburn, VA", "US", "Ashburn, VA", 39.045821, -77.487073, "us-east",
             1 * _TB, Decimal("1.00")),
    Location(5, "hil", "Hillsboro, OR", "US", "Hillsboro, OR", 45.54222, -122.951924, "us-west",
             1 * _TB, Decimal("1.00")),
    Location(6, "sin", "Singapore", "SG", "Singapore", 1.283333, 103.833333, "ap-southeast",
             _TB // 2, Decimal("7.40")),
)  # fmt: skip

_EU = ("fsn1", "nbg1", "hel1")
_ALL = (*_EU, "ash", "hil", "sin")
_OVERSEAS = ("ash", "hil", "sin")
_SURCHARGE = {"ash": Decimal("1.20"), "hil": Decimal("1.20"), "sin": Decimal("1.35")}
_CENT = Decimal("0.01")


def _type(
    number: int, name: str, size: tuple[int, int, int], price: str, where: tuple[str, ...], *, ends: bool = False
) -> ServerType:
    cores, memory, disk = size
    family = name.rstrip("0123456789")
    category = {"cx": "Cost-Optimized", "cax": "Cost-Optimized", "cpx": "Regular Performance"}
    prices = {place: (Decimal(price) * _SURCHARGE.get(place, Decimal(1))).quantize(_CENT) for place in where}
    return ServerType(
        id=number,
        name=name,
        category=category.get(family, "General Purpose"),
        cores=cores,
        memory=memory,
        disk=disk,
        cpu_type="dedicated" if family == "ccx" else "shared",
        architecture="arm" if family == "cax" else "x86",
        prices=prices,
        deprecated=ends,
    )


SERVER_TYPES: tuple[ServerType, ...] = (
    _type(22, "cpx11", (2, 2, 40), "4.35", _OVERSEAS),
    _type(23, "cpx21", (3, 4, 80), "7.55", _OVERSEAS),
    _type(24, "cpx31", (4, 8, 160), "13.60", _OVERSEAS),
    _type(25, "cpx41", (8, 16, 240), "25.20", _OVERSEAS),
    _type(26, "cpx51", (16, 32, 360), "54.90", _OVERSEAS),
    _type(45, "cax11", (2, 4, 40), "3.79", _EU),
    _type(93, "cax21", (4, 8, 80), "6.49", _EU),
    _type(94, "cax31", (8, 16, 160), "12.49", _EU),
    _type(95, "cax41", (16, 32, 320), "24.49", _EU),
    _type(96, "ccx13", (2, 8, 80), "12.49", _ALL),
    _type(97, "ccx23", (4, 16, 160), "24.49", _ALL),
    _type(98, "ccx33", (8, 32, 240), "48.49", _ALL),
    _type(99, "ccx43", (16, 64, 360), "96.49", _ALL),
    _type(104, "cx22", (2, 4, 40), "3.79", _EU, ends=True),
    _type(105, "cx32", (4, 8, 80), "6.80", _EU, ends=True),
    _type(108, "cpx12", (1, 2, 40), "6.49", ("sin",)),
    _type(109, "cpx22", (2, 4, 80), "6.49", _EU),
    _type(110, "cpx32", (4, 8, 160), "10.99", _EU),
    _type(111, "cpx42", (8, 16, 320), "19.99", _EU),
    _type(112, "cpx52", (12, 24, 480), "28.49", _EU),
    _type(113, "cpx62", (16, 32, 640), "38.99", _EU),
    _type(114, "cx23", (2, 4, 40), "3.49", _EU),
    _type(115, "cx33", (4, 8, 80), "5.49", _EU),
    _type(116, "cx43", (8, 16, 160), "9.49", _EU),
    _type(117, "cx53", (16, 32, 320), "17.49", _EU),
)

_SYSTEMS = (
    ("ubuntu-22.04", "Ubuntu 22.04", "ubuntu", "22.04", False),
    ("ubuntu-24.04", "Ubuntu 24.04", "ubuntu", "24.04", False),
    ("ubuntu-26.04", "Ubuntu 26.04", "ubuntu", "26.04", False),
    ("debian-11", "Debian 11", "debian", "11", True),
    ("debian-12", "Debian 12", "debian", "12", False),
    ("debian-13", "Debian 13", "debian", "13", False),
    ("fedora-43", "Fedora 43", "fedora", "43", False),
    ("rocky-9", "Rocky Linux 9", "rocky", "9", False),
    ("rocky-10", "Rocky Linux 10", "rocky", "10", False),
    ("alma-9", "AlmaLinux 9", "alma", "9", False),
    ("centos-stream-10", "CentOS Stream 10", "centos", "stream10", False),
    ("opensuse-16", "openSUSE Leap 16", "opensuse", "16", False),
)
_APPS = (("docker-ce", "Docker CE"), ("wordpress", "WordPress"))

SYSTEM_IMAGES: tuple[SystemImage, ...] = tuple(
    SystemImage(
        id=161_547_000 + 10 * number + place,
        type="system",
        name=name,
        description=description,
        os_flavor=flavor,
        os_version=version,
        architecture=architecture,
        deprecated=old,
    )
    for number, (name, description, flavor, version, old) in enumerate(_SYSTEMS)
    for place, architecture in enumerate(("x86", "arm"))
) + tuple(
    SystemImage(
        id=161_548_000 + 10 * number + place,
        type="app",
        name=name,
        description=description,
        os_flavor="ubuntu",
        os_version="24.04",
        architecture=architecture,
        disk_size=20,
    )
    for number, (name, description) in enumerate(_APPS)
    for place, architecture in enumerate(("x86", "arm"))
)

LOCATION_BY_NAME = {location.name: location for location in LOCATIONS}
SERVER_TYPE_BY_NAME = {server_type.name: server_type for server_type in SERVER_TYPES}

ISOS: tuple[Iso, ...] = (
    Iso(121_001, "debian-13.1.0-amd64-netinst.iso", "Debian 13.1.0 (amd64/netinstall)", "x86"),
    Iso(121_002, "debian-13.1.0-arm64-netinst.iso", "Debian 13.1.0 (arm64/netinstall)", "arm"),
    Iso(121_003, "alpine-virt-3.22.1-x86_64.iso", "Alpine Linux 3.22.1 (x86_64/virt)", "x86"),
    Iso(121_004, "systemrescue-12.01-amd64.iso", "SystemRescue 12.01 (amd64)", "x86"),
)
LOAD_BALANCER_TYPES: tuple[LoadBalancerType, ...] = (
    LoadBalancerType(1, "lb11", 10_000, 5, 25, 10, Decimal("5.39")),
    LoadBalancerType(2, "lb21", 20_000, 15, 75, 25, Decimal("16.40")),
    LoadBalancerType(3, "lb31", 40_000, 30, 150, 50, Decimal("32.90")),
)
