"""What other clients do in a project by themselves: backups, reboots, resizes and snapshots."""

from __future__ import annotations

import random
from collections.abc import Callable

from hsnap_tui.demo.model import catalogue, images
from hsnap_tui.demo.model.catalogue import ServerType
from hsnap_tui.demo.model.power import change_power
from hsnap_tui.demo.model.resources import SimulatedImage, SimulatedServer
from hsnap_tui.demo.model.world import Effect, World

#: Starts something on a free, running server that has been going on for that share of its time already;
#: calls the effect when it is over.
Happening = Callable[[SimulatedServer, float, Effect], None]

_PAUSE_SECONDS = (1.0, 8.0)
_ALWAYS_BUSY_FROM = 5
#: How long others' snapshots are kept before they are rotated away.
_KEPT_SECONDS = (600.0, 1800.0)


class BackgroundActivity:
    """Keeps a few servers busy: up to one in five, from two to twelve.

    Several strands go on side by side, each with one happening after the other. In all but tiny fleets the first
    one never pauses, so that there is always a lock somewhere.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = random.Random(f"{world.options.seed}:life")  # noqa: S311
        self._happenings: tuple[tuple[Happening, int], ...] = (
            (self._backup, 6),
            (self._reboot, 6),
            (self._hidden_lock, 2),
            (self._resize, 2),
            (self._snapshot, 2),
            (self._move_volume, 3),
        )

    def begin(self) -> None:
        """Start, in the middle of things: locks are there from the first moment."""
        servers = len(self._world.servers)
        strands = min(servers, max(2, min(12, round(servers / 5))))
        # One of each kind first: what a fleet can show, a small one should show soon.
        first = [happening for happening, _ in self._happenings]
        for number in range(strands):
            self._go_on(number, first[number % len(first)], under_way=self._rng.uniform(0.1, 0.7))

    def _go_on(self, strand: int, happening: Happening | None = None, under_way: float = 0.0) -> None:
        rng = self._rng
        free = [s for s in self._world.servers.values() if s.status == "running" and not s.locked]
        if not free:
            self._rest(strand)
            return
        kinds, weights = zip(*self._happenings, strict=True)
        happens = happening or rng.choices(kinds, weights)[0]
        if happens == self._backup:
            free = [server for server in free if server.backup_window] or free

        def over() -> None:
            if strand == 0 and len(self._world.servers) >= _ALWAYS_BUSY_FROM:
                self._go_on(strand)
            else:
                self._rest(strand)

        happens(rng.choice(free), under_way, over)

    def _rest(self, strand: int) -> None:
        self._world.after(self._rng.uniform(*_PAUSE_SECONDS), lambda: self._go_on(strand))

    def _act(
        self,
        command: str,
        server: SimulatedServer,
        seconds: float,
        under_way: float,
        then: Effect,
        *other: tuple[str, int],
    ) -> None:
        self._world.start(
            command,
            ("server", server.id),
            *other,
            seconds=seconds,
            lock=server,
            on_success=then,
            age=seconds * under_way,
        )

    def _reboot(self, server: SimulatedServer, under_way: float, then: Effect) -> None:
        def restarted() -> None:
            change_power(server, "running")
            then()

        self._act("reboot_server", server, self._rng.uniform(8, 25), under_way, restarted)

    def _backup(self, server: SimulatedServer, under_way: float, then: Effect) -> None:
        if server.backup_window is None:
            self._reboot(server, under_way, then)
            return
        self._image(server, "backup", under_way, then)

    def _snapshot(self, server: SimulatedServer, under_way: float, then: Effect) -> None:
        image = self._image(server, "snapshot", under_way, then)
        image.labels["created-by"] = "nightly-job"
        kept = self._rng.uniform(*_KEPT_SECONDS)
        self._world.after(kept, lambda: self._world.remove_image(image))

    def _image(self, server: SimulatedServer, kind: str, under_way: float, then: Effect) -> SimulatedImage:
        seconds = self._rng.uniform(40, 120)
        action, image = images.begin_image(
            self._world, server, kind, None, None, seconds=seconds, age=seconds * under_way
        )
        self._world.at_end(action, then)
        return image

    def _hidden_lock(self, server: SimulatedServer, under_way: float, then: Effect) -> None:
        """Hold the server by an action on a firewall, which no list of servers' actions shows."""
        seconds = self._rng.uniform(15, 40)
        firewall = next(iter(self._world.firewalls), 1)
        self._world.start(
            "apply_firewall",
            ("firewall", firewall),
            seconds=seconds,
            lock=server,
            on_success=then,
            age=seconds * under_way,
        )

    def _move_volume(self, server: SimulatedServer, under_way: float, then: Effect) -> None:
        """Attach a volume anew, as one does after growing it: an action about two resources."""
        own = [volume.id for volume in self._world.volumes.values() if volume.server == server.id]
        if own:
            resource = ("volume", self._rng.choice(own))
            self._act("attach_volume", server, self._rng.uniform(5, 12), under_way, then, resource)
        else:
            self._reboot(server, under_way, then)

    def _resize(self, server: SimulatedServer, under_way: float, then: Effect) -> None:
        """Switch off, change the type, switch on: three actions, and the lock is held all the while."""
        bigger = self._next_type(server)

        def off() -> None:
            change_power(server, "off")
            self._act("change_server_type", server, self._rng.uniform(30, 70), 0.0, changed)

        def changed() -> None:
            server.type = bigger
            server.status = "starting"
            self._act("start_server", server, self._rng.uniform(3, 6), 0.0, on)

        def on() -> None:
            change_power(server, "running")
            then()

        server.status = "stopping"
        self._act("stop_server", server, self._rng.uniform(3, 6), under_way, off)

    def _next_type(self, server: SimulatedServer) -> ServerType:
        """Give another type that the server's disk fits, at its location."""
        return self._rng.choice(
            [
                kind
                for kind in catalogue.SERVER_TYPES
                if kind.architecture == server.type.architecture
                and kind.disk >= server.primary_disk_size
                and server.location.name in kind.prices
                and not kind.deprecated
            ]
            or [server.type]
        )
