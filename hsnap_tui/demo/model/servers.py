"""Creating, rebuilding, protecting and deleting servers, and their backups, as a client's request does."""

from __future__ import annotations

import string
from dataclasses import dataclass, field

from hsnap_tui.demo.model import addresses
from hsnap_tui.demo.model.catalogue import Location, ServerType
from hsnap_tui.demo.model.errors import ApiError, invalid_input, not_unique, protected
from hsnap_tui.demo.model.power import change_power, ensure_free
from hsnap_tui.demo.model.resources import (
    Attachment,
    Labels,
    Network,
    PublicIp,
    SimulatedAction,
    SimulatedImage,
    SimulatedServer,
)
from hsnap_tui.demo.model.world import Effect, World

_CREATE_SECONDS = (5.0, 12.0)
_SHORT_SECONDS = (0.8, 2.0)
_BACKUP_WINDOWS = ("22-02", "02-06", "06-10", "10-14", "14-18", "18-22")


@dataclass(frozen=True, slots=True)
class ServerOrder:
    """What a new server is to be, its parts found and checked."""

    name: str
    type: ServerType
    location: Location
    image: SimulatedImage
    labels: Labels = field(default_factory=dict)
    start: bool = True
    #: Whether it has one, or which one: a primary IP that is there already.
    ipv4: PublicIp | bool = True
    ipv6: PublicIp | bool = True
    with_keys: bool = False
    networks: tuple[int, ...] = ()
    firewalls: tuple[int, ...] = ()
    volumes: tuple[int, ...] = ()
    placement_group: int | None = None


def ensure_name_is_free(world: World, name: str, besides: SimulatedServer | None = None) -> None:
    """Raise ApiError uniqueness_error when another server has the name."""
    if any(server.name == name and server is not besides for server in world.servers.values()):
        raise not_unique("name", "server name is already used")


def create_server(
    world: World, order: ServerOrder
) -> tuple[SimulatedServer, SimulatedAction, list[SimulatedAction], str | None]:
    """Create a server: it, the action, those that follow, and the root password where no key was given."""
    ensure_name_is_free(world, order.name)
    server = new_server(world, order)
    server.status = "initializing"
    world.put_server(server)
    for volume in order.volumes:
        world.volumes[volume].server = server.id
    seconds = world.seconds(_CREATE_SECONDS)
    action = world.start(
        "create_server",
        ("server", server.id),
        seconds=seconds,
        lock=server,
        on_success=lambda: change_power(server, "off"),
    )
    following = []
    if order.start:

        def starting() -> None:
            server.status = "starting"

        following.append(
            world.start(
                "start_server",
                ("server", server.id),
                seconds=world.seconds(world.options.power_seconds),
                lock=server,
                queued=seconds,
                on_begin=starting,
                on_success=lambda: change_power(server, "running"),
            )
        )
    return server, action, following, None if order.with_keys else password(world)


def new_server(world: World, order: ServerOrder) -> SimulatedServer:
    """Give a server with addresses of its own, running; it is not in the project yet."""
    identifier = world.new_id("server")
    return SimulatedServer(
        id=identifier,
        name=order.name,
        status="running",
        created=world.now,
        type=order.type,
        location=order.location,
        image=order.image,
        ipv4=_address(world, "ipv4", order.ipv4, order.location),
        ipv6=_address(world, "ipv6", order.ipv6, order.location),
        labels=dict(order.labels),
        primary_disk_size=order.type.disk,
        used_gb=round(order.type.disk * world.rng.uniform(0.04, 0.35), 2),
        attachments=[attachment(world, network) for network in order.networks],
        firewalls=list(order.firewalls),
        placement_group=order.placement_group,
        ignores_acpi=_ignores_acpi(world, order.name),
    )


def attachment(world: World, network: int, chosen: str | None = None) -> Attachment:
    """Give a place in a network, with the IP that was chosen or one that no other server has."""
    home = world.networks[network]
    if chosen is not None:
        home.addresses_chosen.add(chosen)
    ip = chosen or _next_ip(home)
    while chosen is None and ip in home.addresses_chosen:
        ip = _next_ip(home)
    tail = world.rng.randrange(2**24)
    mac = f"86:00:00:{tail >> 16:02x}:{tail >> 8 & 255:02x}:{tail & 255:02x}"
    return Attachment(network, ip, mac)


def _next_ip(network: Network) -> str:
    prefix = network.subnet.split(".")[:2]
    # The first two addresses of a subnet are the network's and the gateway's.
    high, low = divmod(network.addresses_given + 2, 256)
    network.addresses_given += 1
    return f"{prefix[0]}.{prefix[1]}.{high}.{low}"


def rebuild(world: World, server: SimulatedServer, image: SimulatedImage) -> tuple[SimulatedAction, str | None]:
    """Overwrite the server's disk with an image: the action, and a new root password for a system image."""
    if server.rebuild_protected:
        raise protected("server rebuild")
    ensure_free(world, server)
    if image.status != "available":
        raise ApiError(412, "resource_unavailable", "image is not available")
    if image.architecture != server.type.architecture:
        raise invalid_input({"image": ["image architecture does not fit the server's"]})
    if image.disk_size > server.primary_disk_size:
        raise invalid_input({"image": ["image disk is bigger than server disk"]})
    before = server.status

    def begin() -> None:
        server.status = "rebuilding"

    def done() -> None:
        server.image = image
        change_power(server, "running")

    def failed() -> None:
        change_power(server, "off" if before == "off" else "running")

    action = world.start(
        "rebuild_server",
        ("server", server.id),
        seconds=world.seconds(world.options.rebuild_seconds),
        lock=server,
        error=world.planned_failure("rebuild_server"),
        on_begin=begin,
        on_success=done,
        on_error=failed,
    )
    return action, password(world) if image.type in ("system", "app") else None


def delete_server(world: World, server: SimulatedServer) -> SimulatedAction:
    """Remove a server at once, its backups too."""
    if server.delete_protected:
        raise protected("server deletion")
    ensure_free(world, server)
    world.remove_server(server)
    return world.start("delete_server", ("server", server.id), seconds=world.seconds(_SHORT_SECONDS))


def protect_server(
    world: World, server: SimulatedServer, *, delete: bool | None, rebuild: bool | None
) -> SimulatedAction:
    """Change both protections, which must have the same value: one that is left out follows the other."""
    ensure_free(world, server)
    if delete is not None and rebuild is not None and delete != rebuild:
        message = "delete and rebuild need to have the same value"
        raise invalid_input({"delete": [message], "rebuild": [message]})
    wanted = delete if delete is not None else rebuild
    if wanted is not None:
        server.delete_protected = server.rebuild_protected = wanted
    return world.start("change_protection", ("server", server.id), seconds=0)


def enable_backup(world: World, server: SimulatedServer) -> SimulatedAction:
    """Give the server a backup window and room for backups."""
    ensure_free(world, server)

    def done() -> None:
        server.backup_window = server.backup_window or world.rng.choice(_BACKUP_WINDOWS)

    return short_action(world, server, "enable_backup", done)


def disable_backup(world: World, server: SimulatedServer) -> SimulatedAction:
    """Take the backup window away and remove all backups of the server."""
    ensure_free(world, server)

    def done() -> None:
        server.backup_window = None
        for image in [image for image in world.images.values() if image.bound_to == server.id]:
            world.remove_image(image)

    return short_action(world, server, "disable_backup", done)


def short_action(
    world: World,
    server: SimulatedServer,
    command: str,
    on_success: Effect | None,
    *about: tuple[str, int],
    on_error: Effect | None = None,
) -> SimulatedAction:
    """Start an action of a second or two on a free server, and on what else it is about."""
    return world.start(
        command,
        ("server", server.id),
        *about,
        seconds=world.seconds(_SHORT_SECONDS),
        lock=server,
        error=world.planned_failure(command),
        on_success=on_success,
        on_error=on_error,
    )


def _ignores_acpi(world: World, name: str) -> bool:
    rule = world.options.ignore_acpi
    return name in rule if isinstance(rule, tuple) else world.rng.random() < rule


def password(world: World) -> str:
    """Give a new root password."""
    return "".join(world.rng.choices(string.ascii_letters + string.digits, k=20))


def _address(world: World, version: str, wanted: PublicIp | bool, location: Location) -> PublicIp | None:
    if isinstance(wanted, PublicIp):
        return wanted
    return addresses.new_address(world, addresses.Order(version, location)) if wanted else None
