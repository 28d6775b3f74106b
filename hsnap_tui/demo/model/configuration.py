"""Changing how servers are equipped: type, rescue system, password, console, ISO, networks, placement group."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from hsnap_tui.demo.model import addresses, initial_resources, servers
from hsnap_tui.demo.model.catalogue import Iso, ServerType
from hsnap_tui.demo.model.errors import ApiError, invalid_input
from hsnap_tui.demo.model.power import change_power, ensure_free
from hsnap_tui.demo.model.resources import Attachment, SimulatedAction, SimulatedServer
from hsnap_tui.demo.model.world import World

_TYPE_SECONDS = (20.0, 60.0)


def change_type(world: World, server: SimulatedServer, kind: ServerType, *, upgrade_disk: bool) -> SimulatedAction:
    """Make a server that is off bigger or smaller, with or without its disk; it runs afterwards. Raises ApiError."""
    ensure_free(world, server)
    ensure_off(server)
    if kind.architecture != server.type.architecture or server.location.name not in kind.prices or kind.deprecated:
        raise ApiError(422, "invalid_server_type", "the server type does not fit or is deprecated")
    if kind == server.type:
        raise ApiError(422, "invalid_server_type", "the server has this type already")
    if kind.disk < server.primary_disk_size:
        raise ApiError(422, "invalid_server_type", "the server's disk is bigger than the server type's")

    def begin() -> None:
        server.status = "migrating"

    def done() -> None:
        server.type = kind
        if upgrade_disk:
            server.primary_disk_size = kind.disk
        # Hetzner's description of change_type: it copies the disk and starts the server again.
        change_power(server, "running")

    return world.start(
        "change_server_type",
        ("server", server.id),
        seconds=world.seconds(_TYPE_SECONDS),
        lock=server,
        error=world.planned_failure("change_server_type"),
        on_begin=begin,
        on_success=done,
        on_error=lambda: change_power(server, "off"),
    )


def enable_rescue(world: World, server: SimulatedServer, keys: list[int]) -> tuple[SimulatedAction, str]:
    """Let the server boot into the rescue system the next time: the action and the root password there."""
    unknown = [key for key in keys if key not in world.ssh_keys]
    if unknown:
        raise invalid_input({"ssh_keys": [f"'{key}' not found" for key in unknown]})
    return _short(world, server, "enable_rescue", _rescue(server, enabled=True)), servers.password(world)


def disable_rescue(world: World, server: SimulatedServer) -> SimulatedAction:
    """Let the server boot from its disk again."""
    return _short(world, server, "disable_rescue", _rescue(server, enabled=False))


def reset_password(world: World, server: SimulatedServer) -> tuple[SimulatedAction, str]:
    """Set a new root password by the guest's agent, which has to run. Raises ApiError."""
    if server.status != "running":
        raise ApiError(422, "service_error", "the server must be running")
    return _short(world, server, "reset_password"), servers.password(world)


def request_console(world: World, server: SimulatedServer) -> tuple[SimulatedAction, str]:
    """Open a console: the action and its password."""
    return _short(world, server, "request_console"), servers.password(world)


def attach_iso(world: World, server: SimulatedServer, iso: Iso) -> SimulatedAction:
    """Put an ISO in. Raises ApiError for one of another architecture."""
    if iso.architecture != server.type.architecture:
        raise invalid_input({"iso": ["ISO architecture does not fit the server's"]})

    def attach() -> None:
        server.iso = iso

    return _short(world, server, "attach_iso", attach, ("iso", iso.id))


def detach_iso(world: World, server: SimulatedServer) -> SimulatedAction:
    """Take the ISO out, if there is one."""

    def detach() -> None:
        server.iso = None

    return _short(world, server, "detach_iso", detach)


def change_pointer(world: World, server: SimulatedServer, ip: str, name: str | None) -> SimulatedAction:
    """Set the name of one of the server's IPs in the reverse DNS. Raises ApiError."""
    own = server.ipv6 if ":" in ip else server.ipv4
    if own is None:
        raise invalid_input({"ip": ["must be an IP of this server"]})
    return addresses.change_pointer(world, own, ip, name, ("server", server.id))


def join_group(world: World, server: SimulatedServer, group: int) -> SimulatedAction:
    """Put a server that is off into a placement group. Raises ApiError."""
    if group not in world.placement_groups:
        raise invalid_input({"placement_group": [f"'{group}' not found"]})
    ensure_off(server)
    if server.placement_group is not None or initial_resources.members(world, group) >= initial_resources.GROUP_SIZE:
        raise ApiError(422, "placement_error", "the group is full, or the server is in one already")

    def failed() -> None:
        server.placement_group = None

    ensure_free(world, server)
    # From here on its place is taken, so that two at once do not overfill the group.
    server.placement_group = group
    return servers.short_action(
        world, server, "add_to_placement_group", None, ("placement_group", group), on_error=failed
    )


def leave_group(world: World, server: SimulatedServer) -> SimulatedAction:
    """Take a server out of its placement group."""

    def leave() -> None:
        server.placement_group = None

    return _short(world, server, "remove_from_placement_group", leave)


def attach_to_network(
    world: World, server: SimulatedServer, network: int, ip: str | None, aliases: list[str]
) -> SimulatedAction:
    """Give the server a place in a network, with this IP or the next one. Raises ApiError."""
    if network not in world.networks:
        raise invalid_input({"network": [f"'{network}' not found"]})
    if any(place.network_id == network for place in server.attachments):
        raise ApiError(422, "server_already_attached", "the server is attached to this network already")
    if ip is not None:
        _ensure_ip_is_free(world, network, ip)
    ensure_free(world, server)
    place = servers.attachment(world, network, ip)
    place.alias_ips = aliases
    # From here on the IP is taken, though the server gets there only when the action is done.
    server.attachments.append(place)
    return servers.short_action(
        world,
        server,
        "attach_to_network",
        None,
        ("network", network),
        on_error=lambda: server.attachments.remove(place),
    )


def detach_from_network(world: World, server: SimulatedServer, network: int) -> SimulatedAction:
    """Take the server out of a network. Raises ApiError."""
    place = _place(server, network)
    return _short(
        world, server, "detach_from_network", lambda: server.attachments.remove(place), ("network", network)
    )


def change_alias_ips(world: World, server: SimulatedServer, network: int, aliases: list[str]) -> SimulatedAction:
    """Replace the server's further IPs in a network. Raises ApiError."""
    place = _place(server, network)

    def change() -> None:
        place.alias_ips = aliases

    return _short(world, server, "change_alias_ips", change, ("network", network))


def ensure_off(server: SimulatedServer) -> None:
    """Raise ApiError when the server is not off."""
    if server.status != "off":
        raise ApiError(422, "server_not_stopped", "server must be stopped")


def _place(server: SimulatedServer, network: int) -> Attachment:
    for place in server.attachments:
        if place.network_id == network:
            return place
    raise invalid_input({"network": ["the server is not attached to this network"]})


def _ensure_ip_is_free(world: World, network: int, ip: str) -> None:
    try:
        inside = ipaddress.ip_address(ip) in ipaddress.ip_network(world.networks[network].subnet)
    except ValueError:
        raise invalid_input({"ip": ["must be an IP"]}) from None
    taken = {place.ip for other in world.servers.values() for place in other.attachments
        if place.network_id == network}  # fmt: skip
    if not inside or ip in taken:
        raise ApiError(422, "ip_not_available", "the IP is taken, or in no subnet of the network")


def _rescue(server: SimulatedServer, *, enabled: bool) -> Callable[[], None]:
    def change() -> None:
        server.rescue_enabled = enabled

    return change


def _short(
    world: World,
    server: SimulatedServer,
    command: str,
    effect: Callable[[], None] | None = None,
    *about: tuple[str, int],
) -> SimulatedAction:
    ensure_free(world, server)
    return servers.short_action(world, server, command, effect, *about)
