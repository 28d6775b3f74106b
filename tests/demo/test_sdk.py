"""The official SDK, unchanged, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import hcloud
import pytest
from hcloud.images import Image
from hcloud.locations import Location
from hcloud.server_types import ServerType

from tests.demo.support import Bench, bench, sdk


@pytest.fixture
def at() -> Iterator[Bench]:
    with bench(servers=9, snapshot_seconds=(60, 60), shutdown_seconds=(8, 8)) as made:
        yield made


@pytest.fixture
def client(at: Bench) -> Iterator[Any]:
    with sdk(at) as made:
        yield made


def test_it_reads_every_kind_of_resource(at: Bench, client: Any) -> None:
    servers = client.servers.get_all()
    assert len(servers) == 9
    assert any(server.public_net.ipv4 is None for server in servers)
    assert any(server.public_net.ipv6 is None for server in servers)
    assert any(server.image is None for server in servers)
    assert all(server.location.name and server.server_type.name for server in servers)
    assert client.images.get_all(type="system")
    assert client.images.get_by_name_and_architecture("debian-13", "arm") is not None
    assert {place.name for place in client.locations.get_all()} >= {"fsn1", "ash", "sin"}
    assert {kind.architecture for kind in client.server_types.get_all()} == {"x86", "arm"}
    assert len(client.ssh_keys.get_all()) == 2
    network_ids = {network.id for network in client.networks.get_all()}
    assert {net.network.id for server in servers for net in server.private_net} <= network_ids
    volumes = {volume.id: volume.server for volume in client.volumes.get_all()}
    for server in servers:
        assert {volume.id for volume in server.volumes} == {
            number for number, owner in volumes.items() if owner is not None and owner.id == server.id
        }
    firewalls = client.firewalls.get_all()
    applied = {(place.server.id, wall.id) for wall in firewalls for place in wall.applied_to}
    assert applied == {(s.id, wall.firewall.id) for s in servers for wall in s.public_net.firewalls}
    assert client.placement_groups.get_all() is not None
    assert client.servers.actions.get_all()


def test_a_snapshot_from_creation_to_deletion(at: Bench, client: Any) -> None:
    number = at.served.call(lambda cloud: cloud.add_server("web").id)
    server = client.servers.get_by_id(number)
    made = server.create_image(description="mine", labels={"job": "1"})
    assert (made.action.status, made.image.status, made.image.image_size) == ("running", "creating", None)
    assert [image.id for image in client.images.get_all(label_selector="job=1")] == [made.image.id]
    at.clock.advance(30)
    made.action.reload()
    assert made.action.progress == 50
    assert client.servers.get_by_id(number).locked
    with pytest.raises(hcloud.APIException, match="cannot perform operation because server is locked") as refused:
        server.power_off()
    assert refused.value.code == "locked"
    at.clock.advance(30)
    made.action.wait_until_finished()
    image = client.images.get_by_id(made.image.id)
    assert image.status == "available"
    assert image.image_size
    assert image.created_from.id == number
    assert not client.servers.get_by_id(number).locked
    image.change_protection(delete=True)
    with pytest.raises(hcloud.APIException, match="protected"):
        image.delete()
    image.change_protection(delete=False)
    image.update(description="kept", labels={"job": "2"})
    assert client.images.get_by_id(image.id).description == "kept"
    assert image.delete()
    with pytest.raises(hcloud.APIException, match="not found"):
        client.images.get_by_id(image.id)


def test_power(at: Bench, client: Any) -> None:
    number = at.served.call(lambda cloud: cloud.add_server("web").id)
    server = client.servers.get_by_id(number)

    def status() -> str:
        return str(client.servers.get_by_id(number).status)

    action = server.shutdown()
    at.clock.advance(3)
    action.wait_until_finished()
    assert status() == "running", "the action's success says that the request was sent, no more"
    at.clock.advance(8)
    assert status() == "off"
    for method, command, leads_to in (
        (server.power_on, "start_server", "running"),
        (server.reboot, "reboot_server", "running"),
        (server.reset, "reset_server", "running"),
        (server.power_off, "stop_server", "off"),
    ):
        action = method()
        assert action.command == command
        at.clock.advance(10)
        action.wait_until_finished()
        assert status() == leads_to


def test_a_server_from_creation_to_deletion(at: Bench, client: Any) -> None:
    made = client.servers.create(
        name="fresh",
        server_type=ServerType(name="cx23"),
        image=Image(name="ubuntu-24.04"),
        location=Location(name="hel1"),
        labels={"a": "b"},
    )
    assert made.server.status == "initializing"
    assert made.root_password
    assert [action.command for action in made.next_actions] == ["start_server"]
    at.clock.advance(30)
    for action in (made.action, *made.next_actions):
        action.wait_until_finished()
    server = client.servers.get_by_name("fresh")
    assert server is not None
    assert server.status == "running"
    server.update(name="renamed", labels={"c": "d"})
    with pytest.raises(hcloud.APIException) as clash:
        client.servers.get_all()[0].update(name="renamed")
    assert clash.value.code == "uniqueness_error"
    server.change_protection(delete=True, rebuild=True)
    for forbidden in (server.delete, lambda: server.rebuild(Image(name="debian-13"))):
        with pytest.raises(hcloud.APIException) as refused:
            forbidden()
        assert refused.value.code == "protected"
    server.change_protection(delete=False, rebuild=False)
    rebuilt = server.rebuild(Image(name="debian-13"))
    assert client.servers.get_by_id(server.id).status == "rebuilding"
    at.clock.advance(60)
    rebuilt.action.wait_until_finished()
    now = client.servers.get_by_id(server.id)
    assert now.status == "running"
    assert now.image is not None
    assert now.image.name == "debian-13"
    server.enable_backup()
    at.clock.advance(5)
    backup = server.create_image(type="backup").image
    at.clock.advance(90)
    assert [image.id for image in client.images.get_all(bound_to=[str(server.id)])] == [backup.id]
    server.delete()
    assert client.servers.get_by_name("renamed") is None
    assert backup.id not in {image.id for image in client.images.get_all()}, "a backup goes with its server"


def test_metrics(at: Bench, client: Any) -> None:
    server = next(server for server in client.servers.get_all() if server.status == "running")
    end = at.clock.now()
    for kind, series in (("cpu", 1), ("disk", 4), ("network", 4)):
        metrics = server.get_metrics(kind, end - timedelta(hours=3), end).metrics
        assert len(metrics.time_series) == series
        assert all(100 < len(data["values"]) <= 201 for data in metrics.time_series.values())


def test_the_fleet_actions_by_status_and_the_many_by_id(at: Bench, client: Any) -> None:
    numbers = [at.served.call(lambda cloud, n=n: cloud.add_server(f"s{n}").id) for n in range(30)]  # type: ignore[misc]
    actions = [client.servers.get_by_id(number).create_image().action for number in numbers]
    running = client.servers.actions.get_all(status=["running"])
    assert {action.id for action in running} == {action.id for action in actions}
    wanted = {"id": [action.id for action in actions]}
    answer = client.request("GET", "/actions", params=wanted)
    assert len(answer["actions"]) == 25, "what is beyond 25 IDs is missing, silently"
    assert "meta" not in answer
    paged = client.request("GET", "/servers/actions", params=wanted | {"per_page": 50})
    assert len(paged["actions"]) == 30


def test_deprecated_images(client: Any) -> None:
    (image,) = client.images.get_all(name="debian-11", architecture="x86", include_deprecated=True)
    assert image.deprecation.unavailable_after > image.deprecation.announced
    assert client.images.get_all(name="debian-11", include_deprecated=False) == []


def test_a_read_only_token(at: Bench) -> None:
    with sdk(at, at.served.readonly_token) as reader:
        server = reader.servers.get_all()[0]
        with pytest.raises(hcloud.APIException) as refused:
            server.create_image()
    assert refused.value.code == "token_readonly"
