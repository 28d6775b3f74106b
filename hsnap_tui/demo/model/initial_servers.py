"""A believable project to begin with, made from the seed: servers, what belongs to them, and their past."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hsnap_tui.demo.model import catalogue, images, initial_resources, servers
from hsnap_tui.demo.model.resources import Labels, SimulatedAction, SimulatedImage, SimulatedServer, Volume
from hsnap_tui.demo.model.world import World


@dataclass(frozen=True, slots=True)
class ServerRole:
    """What servers are for, and so what they look like."""

    name: str
    weight: int
    types: tuple[str, ...]
    tier: str
    system: str = "ubuntu-24.04"
    volumes: float = 0.0


_ROLES = (
    ServerRole("web", 5, ("cx33", "cpx32", "cx23"), "frontend"),
    ServerRole("api", 4, ("cpx32", "cx43", "cax21"), "backend"),
    ServerRole("db", 3, ("ccx23", "ccx33", "ccx13"), "data", "debian-13", volumes=0.7),
    ServerRole("worker", 4, ("cax21", "cax31", "cx43"), "backend"),
    ServerRole("cache", 2, ("cx33", "cax11"), "data", "debian-13"),
    ServerRole("queue", 2, ("cx23", "cpx22"), "data", "debian-13", volumes=0.2),
    ServerRole("ci-runner", 2, ("cpx42", "cax41"), "tools"),
    ServerRole("search", 1, ("ccx23", "cx53"), "data", volumes=0.4),
    ServerRole("mail", 1, ("cx23",), "tools", "debian-12"),
    ServerRole("monitor", 1, ("cax11", "cx23"), "tools", "debian-12"),
    ServerRole("bastion", 1, ("cx23", "cx22"), "tools", "alma-9"),
    ServerRole("shop", 1, ("cpx52", "ccx33"), "frontend", "rocky-9"),
    ServerRole("vpn", 1, ("cax11",), "tools", "debian-13"),
    ServerRole("backup-store", 1, ("cx33", "cx32"), "data", "debian-12", volumes=1.0),
)
_PLACES = (("fsn1", 6), ("nbg1", 5), ("hel1", 4), ("ash", 1), ("hil", 1), ("sin", 1))
_OVERSEAS_TYPES = ("cpx11", "cpx21", "cpx31", "ccx13")
_PURPOSES = ("before upgrade", "golden image", "manual", "pre-release", "{name}-snapshot")
_BACKUP_HOURS = {"22-02": 22, "02-06": 2, "18-22": 18}


def system_image(world: World, name: str, architecture: str) -> SimulatedImage:
    """Give the system image of that name for an architecture; KeyError when there is none."""
    for image in world.images.values():
        if image.name == name and image.architecture == architecture:
            return image
    raise KeyError(name)


def add_system_images(world: World) -> None:
    """Add the system images that every project has."""
    for number, system in enumerate(catalogue.SYSTEM_IMAGES):
        world.put_image(
            SimulatedImage(
                id=system.id,
                type=system.type,
                status="available",
                name=system.name,
                description=system.description,
                image_size=None,
                disk_size=system.disk_size,
                created=datetime(2025, 1 + number % 12, 3, 7, 28, 51, tzinfo=UTC),
                architecture=system.architecture,
                os_flavor=system.os_flavor,
                os_version=system.os_version,
                rapid_deploy=system.type == "system" and not system.deprecated,
                deprecated=catalogue.DEPRECATION_ANNOUNCED if system.deprecated else None,
            )
        )


def populate(world: World, servers: int) -> None:
    """Add that many servers, with networks, volumes, firewalls, snapshots, backups and past actions."""
    if servers:
        initial_resources.add_resources(world)
        _Builder(world).build(servers)


class _Builder:
    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = random.Random(f"{world.options.seed}:fleet")  # noqa: S311
        self._named: Counter[str] = Counter()
        #: What happened before the world began; done in order of time, so that IDs grow with it.
        self._past: list[tuple[datetime, Callable[[datetime], None]]] = []

    def build(self, servers: int) -> None:
        ages = sorted((self._age() for _ in range(servers)), reverse=True)
        for number, age in enumerate(ages):
            self._server(number, self._world.began - age)
        self._gone_server()
        for moment, happened in sorted(self._past, key=lambda entry: entry[0]):
            happened(moment)

    def _age(self) -> timedelta:
        days = min(1500.0, 2 + self._rng.expovariate(1 / 260))
        return timedelta(seconds=int(days * 86_400))

    def _server(self, number: int, created: datetime) -> None:
        rng, world = self._rng, self._world
        role = rng.choices(_ROLES, [role.weight for role in _ROLES])[0]
        stage = rng.choices(("prod", "stage", "dev"), (7, 2, 1))[0]
        base = role.name if stage == "prod" else f"{stage}-{role.name}"
        self._named[base] += 1
        place = catalogue.LOCATION_BY_NAME[rng.choices(*zip(*_PLACES, strict=True))[0]]
        overseas = place.network_zone != "eu-central"
        types = _OVERSEAS_TYPES if overseas else role.types
        # The oldest servers are from before there were ARM ones.
        old_types = [name for name in types if not name.startswith("cax")] or ["cx33"]
        kind = catalogue.SERVER_TYPE_BY_NAME[rng.choice(old_types if number < 3 else types)]
        # What is rare comes early too, by number: a small fleet should show it.
        order = servers.ServerOrder(
            name=f"{base}-{self._named[base]}",
            type=kind,
            location=place,
            image=system_image(world, role.system, kind.architecture),
            labels=self._labels(role, stage),
            ipv4=number != 3 and rng.random() > 0.08,
            ipv6=number == 3 or (number != 5 and rng.random() > 0.05),
            networks=initial_resources.networks_for(world, place) if rng.random() < 0.6 else (),
            firewalls=initial_resources.firewalls_for(world, role.tier),
            placement_group=initial_resources.group_for(world, role.name, stage),
        )
        server = servers.new_server(world, order)
        server.created = created
        for address in (server.ipv4, server.ipv6):
            if address is not None:
                address.created = created
        server.status = "off" if number == 4 or (number > 4 and rng.random() < 0.04) else "running"
        if number == 6:
            server.image = None
        if rng.random() < 0.4:
            server.backup_window = rng.choice(list(_BACKUP_HOURS))
        if stage == "prod" and role.tier == "data":
            server.delete_protected = server.rebuild_protected = True
        days_up = (world.began - created).days
        server.outgoing_traffic = int(rng.lognormvariate(24, 1.2)) if days_up else None
        server.ingoing_traffic = int(rng.lognormvariate(23, 1.2)) if days_up else None
        if server.ipv6 and role.name in ("mail", "web"):
            first = server.ipv6.ip.replace("::/64", "::1")
            server.ipv6.pointers[first] = f"{server.name}.example.net"
        world.put_server(server)
        if rng.random() < role.volumes:
            for _ in range(rng.choice((1, 1, 2))):
                self._volume(server)
        self._history(server)

    def _labels(self, role: ServerRole, stage: str) -> Labels:
        labels = {"env": stage, "role": role.name, "tier": role.tier}
        if self._rng.random() < 0.3:
            labels["team"] = self._rng.choice(("platform", "payments", "growth", "data"))
        if self._rng.random() < 0.15:
            labels["example.com/managed-by"] = self._rng.choice(("terraform", "ansible"))
        return labels if self._rng.random() < 0.9 else {}

    def _volume(self, server: SimulatedServer) -> None:
        world = self._world
        number = sum(volume.server == server.id for volume in world.volumes.values()) + 1
        identifier = world.new_id("volume")
        size = self._rng.choice((10, 20, 50, 100, 250))
        world.volumes[identifier] = Volume(
            identifier, f"{server.name}-data-{number}", size, server.created, server.location, server.id
        )

    def _history(self, server: SimulatedServer) -> None:
        rng, world = self._rng, self._world
        resource = ("server", server.id)
        up = server.created + timedelta(seconds=rng.uniform(6, 12))
        self._past.append((server.created, lambda at: self._done("create_server", at, 9, resource)))
        self._past.append((up, lambda at: self._done("start_server", at, 4, resource)))
        for _ in range(rng.choice((0, 0, 1, 2))):
            command = rng.choice(("reboot_server", "shutdown_server", "start_server", "reset_server"))
            self._past.append((self._moment(server), self._doing(command, rng.uniform(2, 8), resource)))
        if rng.random() < 0.1:
            failed = self._doing("create_image", 31, resource, error=True)
            self._past.append((self._moment(server), failed))
        for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
            self._past.append((self._moment(server), self._snapshot_of(server)))
        if server.backup_window:
            begins = _BACKUP_HOURS[server.backup_window] * 3600
            for nights in range(1, images.BACKUP_SLOTS + 1):
                midnight = world.began.replace(hour=0, minute=0, second=0, microsecond=0)
                night = midnight - timedelta(days=nights) + timedelta(seconds=begins + rng.randrange(14_400))
                if server.created < night < world.began:
                    self._past.append((night, self._backup_of(server)))

    def _moment(self, server: SimulatedServer) -> datetime:
        """Give a moment in the server's life, rather a late one."""
        lifetime = (self._world.began - server.created).total_seconds() - 7200
        return self._world.began - timedelta(seconds=int(3600 + lifetime * self._rng.random() ** 2))

    def _done(
        self, command: str, at: datetime, seconds: float, resource: tuple[str, int], *, error: bool = False
    ) -> None:
        action = SimulatedAction(self._world.new_id("action"), command, at, at, seconds, (resource,))
        action.finished = at + timedelta(seconds=seconds)
        if error:
            action.reached, action.error = 62, images.FAILURES[0]
        self._world.put_action(action)

    def _doing(
        self, command: str, seconds: float, resource: tuple[str, int], *, error: bool = False
    ) -> Callable[[datetime], None]:
        return lambda at: self._done(command, at, seconds, resource, error=error)

    def _snapshot_of(self, server: SimulatedServer) -> Callable[[datetime], None]:
        purpose = self._rng.choice(_PURPOSES).format(name=server.name)
        labels = {"purpose": purpose.replace(" ", "-")} if self._rng.random() < 0.5 else {}
        protected = self._rng.random() < 0.1

        def made(at: datetime) -> None:
            image = images.new_image(self._world, server, "snapshot", purpose, labels, created=at)
            image.image_size = round(server.used_gb * self._rng.uniform(0.6, 1.0), 2)
            image.protected = protected
            self._world.put_image(image)
            self._done("create_image", at, self._rng.uniform(60, 240), ("server", server.id))

        return made

    def _backup_of(self, server: SimulatedServer) -> Callable[[datetime], None]:
        def made(at: datetime) -> None:
            image = images.new_image(self._world, server, "backup", None, None, created=at)
            image.image_size = round(server.used_gb * self._rng.uniform(0.9, 1.0), 2)
            self._world.put_image(image)

        return made

    def _gone_server(self) -> None:
        """Leave a snapshot of a server that is no more."""
        world = self._world

        def made(at: datetime) -> None:
            survivor = next(iter(world.servers.values()))
            image = images.new_image(world, survivor, "snapshot", "last state before migration", None, created=at)
            image.created_from = (world.new_id("server"), "legacy-web-1")
            world.put_image(image)

        self._past.append((world.began - timedelta(days=41, hours=3), made))
