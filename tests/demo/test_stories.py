"""Long stories of requests that could all be meant: each answer is as described, and the project stays in order."""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hsnap_tui.demo.model.clock import ManualClock
from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.routes.call import Call, Endpoint
from hsnap_tui.demo.routes.table import ENDPOINTS
from hsnap_tui.demo.serving.simulation import Simulation
from tests.demo.described import Description

_DESCRIPTION = Description()
_CHANGES = [endpoint for endpoint in ENDPOINTS if endpoint.method != "GET"]

#: The fields of each request's body; a story leaves some out.
_BODIES: Mapping[str, tuple[str, ...]] = {
    "POST /servers": ("name", "server_type", "image", "location", "ssh_keys", "public_net", "networks", "volumes",
        "firewalls", "placement_group", "start_after_create", "labels"),
    "PUT /servers/{id}": ("name", "labels"),
    "PUT /images/{id}": ("description", "labels"),
    "POST /ssh_keys": ("name", "public_key", "labels"),
    "PUT /ssh_keys/{id}": ("name", "labels"),
    "POST /primary_ips": ("name", "type", "location", "assignee_id", "auto_delete", "labels"),
    "PUT /primary_ips/{id}": ("name", "labels", "auto_delete"),
    "change_type": ("server_type", "upgrade_disk"),
    "enable_rescue": ("ssh_keys",),
    "attach_iso": ("iso",),
    "change_dns_ptr": ("ip", "dns_ptr"),
    "attach_to_network": ("network", "ip", "alias_ips"),
    "detach_from_network": ("network",),
    "change_alias_ips": ("network", "alias_ips"),
    "add_to_placement_group": ("placement_group",),
    "create_image": ("labels", "description"),
    "rebuild": ("image",),
    "change_protection": ("delete",),
    "assign": ("assignee_id",),
}  # fmt: skip


class Story:
    """Sends one request after the other to a project, chosen at random among what there is in it."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.clock = ManualClock()
        options = DemoOptions(servers=8, seed=seed % 50, calm=seed % 2 == 0, action_failure_rate=0.2)
        self.simulation = Simulation(Cloud(options, self.clock))
        self.cloud = self.simulation.cloud

    def go_on(self) -> None:
        """Send a request, hold its answer against the description, and let some time pass now and then."""
        endpoint = self.rng.choice(_CHANGES if self.rng.random() < 0.7 else ENDPOINTS)
        held = self._held(endpoint.template.split("/")[1])
        path = {"id": str(self._any(held)), "action_id": str(self._any(self.cloud.actions))}
        answer = self.simulation.perform(endpoint.handler, Call(path, body=json.dumps(self._body(endpoint)).encode()))
        assert self.simulation.defects == []
        if answer.status != 204:
            key = "error" if answer.status >= 400 else f"{endpoint.method} {endpoint.template} {answer.status}"
            assert _DESCRIPTION.problems(key, json.loads(json.dumps(answer.body))) == []
        if self.rng.random() < 0.4:
            self.clock.advance(self.rng.choice((1, 5, 30, 100)))
            self.cloud.advance()

    def check_order(self) -> None:
        """Check what holds at any time."""
        servers = self.cloud.servers.values()
        carried = {ip.id: server.id for server in servers for ip in (server.ipv4, server.ipv6) if ip is not None}
        assigned = {ip.id: ip.server for ip in self.cloud.primary_ips.values() if ip.server is not None}
        assert carried == assigned
        assert all(server.lock is None or server.lock.finished is None for server in servers)
        places = [(place.network_id, place.ip) for server in servers for place in server.attachments]
        assert len(places) == len(set(places))
        names = [server.name for server in servers]
        assert len(names) == len(set(names))
        assert all(server.primary_disk_size <= server.type.disk for server in servers)

    def _held(self, plural: str) -> Collection[int]:
        kinds: Mapping[str, Collection[int]] = {
            "servers": self.cloud.servers,
            "images": [image.id for image in self.cloud.images.values() if image.type == "snapshot"],
            "primary_ips": self.cloud.primary_ips,
            "ssh_keys": self.cloud.ssh_keys,
            "networks": self.cloud.networks,
            "placement_groups": self.cloud.placement_groups,
            "actions": self.cloud.actions,
        }
        return kinds.get(plural, (1,))

    def _any(self, held: Collection[int]) -> int:
        return self.rng.choice(list(held) or [1])

    def _body(self, endpoint: Endpoint) -> dict[str, Any]:
        if endpoint.method == "GET":
            return {}
        last = endpoint.template.rpartition("/")[2]
        fields = _BODIES.get(f"{endpoint.method} {endpoint.template}", _BODIES.get(last, ()))
        return {field: self.rng.choice(self._values(field)) for field in fields if self.rng.random() < 0.85}

    def _values(self, field: str) -> list[Any]:
        cloud, server = self.cloud, self.cloud.servers.get(self._any(self.cloud.servers))
        ipv4 = server.ipv4.ip if server and server.ipv4 else "192.0.2.1"
        address, network = self._any(cloud.primary_ips), self._any(cloud.networks)
        values: dict[str, list[Any]] = {
            "name": [f"n{self.rng.randrange(50)}"],
            "labels": [{"a": "b"}, {}],
            "description": ["x", None],
            "type": ["ipv4", "ipv6"],
            "server_type": ["cx23", "cx33", "cax11", "ccx13"],
            "image": ["debian-13", self._any(cloud.images)],
            "iso": [121_001, "systemrescue-12.01-amd64.iso"],
            "ip": [ipv4, f"10.0.0.{self.rng.randrange(4, 20)}", "no-ip"],
            "dns_ptr": ["a.example.net", None],
            "location": ["nbg1", "fsn1"],
            "network": [network],
            "networks": [[network], []],
            "alias_ips": [["10.0.4.4"], []],
            "placement_group": [self._any(cloud.placement_groups)],
            "ssh_keys": [[self._any(cloud.ssh_keys)]],
            "public_key": [f"ssh-ed25519 {'A' * length}" for length in (4, 44, 48)],
            "assignee_id": [self._any(cloud.servers), None],
            "public_net": [{}, {"ipv4": address}, {"enable_ipv4": False}, {"ipv6": address, "enable_ipv6": True}],
            "volumes": [[self._any(cloud.volumes)], []],
            "firewalls": [[{"firewall": self._any(cloud.firewalls)}]],
        }
        return values.get(field, [True, False])


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_a_long_story(seed: int) -> None:
    story = Story(seed)
    for _ in range(250):
        story.go_on()
        story.check_order()
