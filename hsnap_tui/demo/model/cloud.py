"""The simulated Hetzner Cloud as a whole: the state of a project, its catalogue, its servers and their activity."""

from __future__ import annotations

from collections.abc import Mapping

from hsnap_tui.demo.model import catalogue, images, initial_servers, servers
from hsnap_tui.demo.model.background_activity import BackgroundActivity
from hsnap_tui.demo.model.clock import RealClock, SimulationClock
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.model.resources import SimulatedAction, SimulatedImage, SimulatedServer
from hsnap_tui.demo.model.world import World


class Cloud(World):
    """One project at the simulated cloud, as the options describe it, on the clock it is given."""

    def __init__(self, options: DemoOptions | None = None, clock: SimulationClock | None = None) -> None:
        options = options or DemoOptions()
        super().__init__(options, clock or RealClock(options.speed))
        initial_servers.add_system_images(self)
        initial_servers.populate(self, options.servers)
        if not options.calm:
            BackgroundActivity(self).begin()

    def add_server(
        self,
        name: str,
        *,
        status: str = "running",
        labels: Mapping[str, str] | None = None,
        server_type: str = "cx23",
        location: str = "fsn1",
        image: str = "ubuntu-24.04",
        ipv4: bool = True,
        ipv6: bool = True,
        backups: bool = False,
        ignores_acpi: bool = False,
    ) -> SimulatedServer:
        """Put a server into the project, there and then; the name is taken as it is, however hostile."""
        kind = catalogue.SERVER_TYPE_BY_NAME[server_type]
        order = servers.ServerOrder(
            name=name,
            type=kind,
            location=catalogue.LOCATION_BY_NAME[location],
            image=initial_servers.system_image(self, image, kind.architecture),
            labels=dict(labels or {}),
            ipv4=ipv4,
            ipv6=ipv6,
        )
        with self.moment():
            server = servers.new_server(self, order)
            server.status = status
            server.ignores_acpi = ignores_acpi or server.ignores_acpi
            server.backup_window = "22-02" if backups else None
            self.put_server(server)
        return server

    def add_image(
        self,
        server: SimulatedServer,
        *,
        kind: str = "snapshot",
        description: str | None = None,
        labels: Mapping[str, str] | None = None,
        size: float | None = None,
    ) -> SimulatedImage:
        """Put a finished image of a server into the project, there and then; size in GB."""
        with self.moment():
            image = images.new_image(self, server, kind, description, dict(labels or {}), created=self.now)
            image.image_size = image.image_size if size is None else size
            self.put_image(image)
        return image

    def lock(
        self, server_id: int, command: str = "reboot_server", seconds: float = 30.0, *, listed: bool = True
    ) -> SimulatedAction:
        """Let someone else hold a free server for that long.

        With `listed=False` the holder is a firewall's action: `/servers/actions` does not show it.
        """
        with self.moment():
            server = self.server(server_id)
            if server.locked:
                raise ValueError(f"server {server_id} is locked already")
            resource = ("server", server_id) if listed else ("firewall", self.new_id("firewall"))
            return self.start(command, resource, seconds=seconds, lock=server)

    def unlock(self, server_id: int) -> None:
        """Let the lock clear there and then; the action that held it goes on."""
        self.server(server_id).lock = None

    def snapshots(self, label: str | None = None) -> list[SimulatedImage]:
        """Give every snapshot there ever was, also the failed and deleted; with a label `key` or `key=value`."""
        self.advance()
        key, equals, value = (label or "").partition("=")
        return [
            image
            for image in self.image_history
            if image.type == "snapshot"
            and (label is None or (key in image.labels and (not equals or image.labels[key] == value)))
        ]
