"""Primary IPs: making them, giving them to servers and taking them away, and their names in the DNS."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from hsnap_tui.demo.model.catalogue import Location
from hsnap_tui.demo.model.errors import ApiError, invalid_input, not_unique, protected
from hsnap_tui.demo.model.power import ensure_free
from hsnap_tui.demo.model.resources import Labels, PublicIp, SimulatedAction, SimulatedServer
from hsnap_tui.demo.model.world import World


@dataclass(frozen=True, slots=True)
class Order:
    """What a new primary IP is to be; without a name it gets one made from its ID."""

    version: str
    location: Location
    name: str = ""
    labels: Labels = field(default_factory=dict)
    auto_delete: bool = True


def new_address(world: World, order: Order) -> PublicIp:
    """Give an address (v6: a network) that nobody else has; it is not in the project yet."""
    number = world.new_id("primary_ip")
    if order.version == "ipv4":
        # 198.18.0.0/15 belongs to nobody: it is set aside for tests of networks.
        low = (number * 7919) % (2**17 - 2) + 1
        parts = (198, 18 + (low >> 16), low >> 8 & 255, low & 255)
        address = ".".join(map(str, parts))
        pointers = {address: f"static.{'.'.join(map(str, reversed(parts)))}.clients.example.net"}
    else:
        address, pointers = f"2001:db8:{number >> 16 & 0xFFFF:x}:{number & 0xFFFF:x}::/64", {}
    return PublicIp(
        id=number,
        version=order.version,
        ip=address,
        name=order.name or f"primary_ip-{number}",
        location=order.location,
        created=world.now,
        pointers=pointers,
        labels=dict(order.labels),
        auto_delete=order.auto_delete,
    )


def create(world: World, order: Order, server: SimulatedServer | None) -> tuple[PublicIp, SimulatedAction | None]:
    """Put a new primary IP into the project, and give it to a server, as a client's request does."""
    ensure_name_is_free(world, order.name)
    address = new_address(world, order)
    if server is not None:
        _ensure_fits(address, server)
        ensure_free(world, server)
        _ensure_off(server)
    world.primary_ips[address.id] = address
    if server is None:
        return address, None
    _give(server, address)
    return address, _action(world, "create_primary_ip", address)


def delete(world: World, address: PublicIp) -> None:
    """Remove a primary IP that no server has. Raises ApiError."""
    if address.protected:
        raise protected("primary IP deletion")
    if address.server is not None:
        raise ApiError(422, "invalid_input", "primary IP is assigned to a server")
    del world.primary_ips[address.id]


def assign(world: World, address: PublicIp, server: SimulatedServer) -> SimulatedAction:
    """Give a free primary IP to a server that is off. Raises ApiError."""
    _ensure_fits(address, server)
    ensure_free(world, server)
    _ensure_off(server)
    _give(server, address)
    return _action(world, "assign_primary_ip", address)


def unassign(world: World, address: PublicIp) -> SimulatedAction:
    """Take a primary IP from its server, which must be off. Raises ApiError."""
    if address.server is None:
        raise ApiError(422, "invalid_input", "primary IP is not assigned")
    server = world.server(address.server)
    ensure_free(world, server)
    _ensure_off(server)
    action = _action(world, "unassign_primary_ip", address)
    server.take_address(address)
    return action


def check_free(address: PublicIp, version: str, location: Location) -> None:
    """Raise ApiError when a server that is to be created can't have the primary IP."""
    if address.version != version:
        raise ApiError(412, "primary_ip_version_mismatch", "the primary IP has the wrong version")
    if address.location != location:
        raise ApiError(422, "primary_ip_datacenter_mismatch", "the primary IP is at another location")
    if address.server is not None:
        raise ApiError(422, "primary_ip_assigned", "the primary IP is assigned to a server")


def change_pointer(
    world: World, address: PublicIp, ip: str, name: str | None, *about: tuple[str, int]
) -> SimulatedAction:
    """Set the name of an IP in the reverse DNS; None: the default of v4, no name of v6. Raises ApiError."""
    if not _holds(address, ip):
        raise invalid_input({"ip": ["must be an IP of this resource"]})
    if name is not None:
        address.pointers[ip] = name
    elif address.version == "ipv4":
        address.pointers[ip] = f"static.{'.'.join(reversed(ip.split('.')))}.clients.example.net"
    else:
        address.pointers.pop(ip, None)
    return world.start("change_dns_ptr", *(about or (("primary_ip", address.id),)), seconds=0)


def protect(world: World, address: PublicIp, *, delete: bool | None) -> SimulatedAction:
    """Change the protection from deletion."""
    if delete is not None:
        address.protected = delete
    return world.start("change_protection", ("primary_ip", address.id), seconds=0)


def ensure_name_is_free(world: World, name: str, besides: PublicIp | None = None) -> None:
    """Raise ApiError uniqueness_error when another primary IP has the name."""
    if any(other.name == name and other is not besides for other in world.primary_ips.values()):
        raise not_unique("name", "primary IP name is already used")


def _holds(address: PublicIp, ip: str) -> bool:
    try:
        return ipaddress.ip_address(ip) in ipaddress.ip_network(address.ip)
    except ValueError:
        return False


def _ensure_fits(address: PublicIp, server: SimulatedServer) -> None:
    check_free(address, address.version, server.location)
    if (server.ipv4 if address.version == "ipv4" else server.ipv6) is not None:
        raise ApiError(422, f"server_has_{address.version}", "the server has such an address already")


def _ensure_off(server: SimulatedServer) -> None:
    if server.status != "off":
        raise ApiError(422, "server_not_stopped", "server must be stopped")


def _give(server: SimulatedServer, address: PublicIp) -> None:
    if address.version == "ipv4":
        server.ipv4 = address
    else:
        server.ipv6 = address
    address.server = server.id


def _action(world: World, command: str, address: PublicIp) -> SimulatedAction:
    server = () if address.server is None else (("server", address.server),)
    return world.start(command, ("primary_ip", address.id), *server, seconds=0)
