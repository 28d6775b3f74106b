"""What changes servers beyond power and images, through the official SDK, unchanged, and what is refused."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import hcloud
import pytest
from hcloud.images import Image
from hcloud.isos import Iso
from hcloud.locations import Location
from hcloud.networks import Network
from hcloud.primary_ips import PrimaryIP
from hcloud.server_types import ServerType
from hcloud.servers import ServerCreatePublicNetwork
from hcloud.ssh_keys import SSHKey

from tests.demo.support import Bench, bench, sdk


@pytest.fixture
def at() -> Iterator[Bench]:
    with bench(servers=12) as made:
        yield made


@pytest.fixture
def client(at: Bench) -> Iterator[Any]:
    with sdk(at) as made:
        yield made


def _server(at: Bench, client: Any, name: str = "mine", **more: Any) -> Any:
    return client.servers.get_by_id(at.served.call(lambda cloud: cloud.add_server(name, **more).id))


def _done(at: Bench, action: Any) -> None:
    at.clock.advance(90)
    action.wait_until_finished()


def _key(byte: int = 7) -> str:
    return f"ssh-ed25519 {base64.b64encode(bytes([byte]) * 51).decode()} me@here"


@pytest.mark.parametrize(("upgrade", "disk"), [(True, 80), (False, 40)])
def test_a_change_of_type(at: Bench, client: Any, *, upgrade: bool, disk: int) -> None:
    server = _server(at, client)
    with pytest.raises(hcloud.APIException) as refused:
        server.change_type(ServerType(name="cx33"), upgrade_disk=upgrade)
    assert refused.value.code == "server_not_stopped"
    _done(at, server.power_off())
    action = server.change_type(ServerType(name="cx33"), upgrade_disk=upgrade)
    assert action.command == "change_server_type"
    assert client.servers.get_by_id(server.id).locked
    _done(at, action)
    server.reload()
    assert (server.server_type.name, server.primary_disk_size, server.status) == ("cx33", disk, "running")


@pytest.mark.parametrize("name", ["cax11", "cpx11", "cx22", "cx23"])
def test_types_that_do_not_fit(at: Bench, client: Any, name: str) -> None:
    server = _server(at, client, status="off")
    with pytest.raises(hcloud.APIException) as refused:
        server.change_type(ServerType(name=name), upgrade_disk=False)
    assert refused.value.code == "invalid_server_type"


def test_a_disk_does_not_shrink(at: Bench, client: Any) -> None:
    server = _server(at, client, status="off", server_type="cx33")
    with pytest.raises(hcloud.APIException, match="disk is bigger"):
        server.change_type(ServerType(name="cx23"), upgrade_disk=False)


def test_the_rescue_system_is_for_one_boot(at: Bench, client: Any) -> None:
    server = _server(at, client)
    made = server.enable_rescue(type="linux64", ssh_keys=[key.id for key in client.ssh_keys.get_all()])
    assert made.root_password
    _done(at, made.action)
    server.reload()
    assert server.rescue_enabled
    _done(at, server.disable_rescue())
    server.reload()
    assert not server.rescue_enabled
    _done(at, server.enable_rescue(type="linux64").action)
    _done(at, server.reset())
    server.reload()
    assert not server.rescue_enabled
    with pytest.raises(hcloud.APIException, match="ssh_keys"):
        server.enable_rescue(type="linux64", ssh_keys=[1])


def test_password_and_console(at: Bench, client: Any) -> None:
    server = _server(at, client)
    made = server.reset_password()
    assert len(made.root_password) > 10
    _done(at, made.action)
    console = server.request_console()
    assert console.wss_url.startswith("wss://")
    assert console.password
    _done(at, console.action)
    off = _server(at, client, "off", status="off")
    with pytest.raises(hcloud.APIException, match="must be running"):
        off.reset_password()


def test_isos(at: Bench, client: Any) -> None:
    server = _server(at, client)
    assert {iso.architecture for iso in client.isos.get_all()} == {"x86", "arm"}
    _done(at, server.attach_iso(Iso(name="alpine-virt-3.22.1-x86_64.iso")))
    server.reload()
    assert server.iso.name == "alpine-virt-3.22.1-x86_64.iso"
    _done(at, server.detach_iso())
    server.reload()
    assert server.iso is None
    with pytest.raises(hcloud.APIException, match="architecture"):
        server.attach_iso(Iso(name="debian-13.1.0-arm64-netinst.iso"))


def test_names_in_the_reverse_dns(at: Bench, client: Any) -> None:
    server = _server(at, client)
    four, six = server.public_net.ipv4.ip, server.public_net.ipv6.ip.replace("::/64", "::2")
    server.change_dns_ptr(ip=four, dns_ptr="web.example.net")
    server.change_dns_ptr(ip=six, dns_ptr="six.example.net")
    server.reload()
    assert server.public_net.ipv4.dns_ptr == "web.example.net"
    assert server.public_net.ipv6.dns_ptr == [{"ip": six, "dns_ptr": "six.example.net"}]
    assert client.primary_ips.get_by_id(server.public_net.primary_ipv4.id).dns_ptr == [
        {"ip": four, "dns_ptr": "web.example.net"}
    ]
    for ip in (four, six):
        server.change_dns_ptr(ip=ip, dns_ptr=None)
    server.reload()
    assert server.public_net.ipv4.dns_ptr.startswith("static.")
    assert server.public_net.ipv6.dns_ptr == []
    with pytest.raises(hcloud.APIException, match="IP"):
        server.change_dns_ptr(ip="192.0.2.1", dns_ptr="x.example.net")


def test_networks_and_placement_groups(at: Bench, client: Any) -> None:
    server = _server(at, client, status="off")
    network = client.networks.get_by_name("backend")
    _done(at, server.attach_to_network(network, ip="10.0.77.5"))
    server.reload()
    assert [(net.network.id, net.ip) for net in server.private_net] == [(network.id, "10.0.77.5")]
    with pytest.raises(hcloud.APIException) as twice:
        server.attach_to_network(network)
    assert twice.value.code == "server_already_attached"
    _done(at, server.change_alias_ips(network, ["10.0.77.6"]))
    server.reload()
    assert server.private_net[0].alias_ips == ["10.0.77.6"]
    other = _server(at, client, "other")
    with pytest.raises(hcloud.APIException) as taken:
        other.attach_to_network(network, ip="10.0.77.5")
    assert taken.value.code == "ip_not_available"
    _done(at, server.detach_from_network(network))
    server.reload()
    assert server.private_net == []
    with pytest.raises(hcloud.APIException, match="not attached"):
        server.detach_from_network(Network(id=network.id))
    group = client.placement_groups.get_all()[0]
    _done(at, server.add_to_placement_group(group))
    server.reload()
    assert server.placement_group.id == group.id
    _done(at, server.remove_from_placement_group())
    server.reload()
    assert server.placement_group is None


def test_an_ip_in_a_network_is_given_once(at: Bench, client: Any) -> None:
    network = client.networks.get_by_name("backend")
    probe = _server(at, client, "probe")
    _done(at, probe.attach_to_network(network))
    probe.reload()
    head, _, last = probe.private_net[0].ip.rpartition(".")
    following = f"{head}.{int(last) + 1}"
    first, second, third = (_server(at, client, name) for name in ("first", "second", "third"))
    action = first.attach_to_network(network, ip=following)
    with pytest.raises(hcloud.APIException) as taken:
        second.attach_to_network(network, ip=following)
    assert taken.value.code == "ip_not_available", "also while the first one is being attached"
    _done(at, action)
    _done(at, third.attach_to_network(network))
    third.reload()
    assert third.private_net[0].ip not in (following, probe.private_net[0].ip)


def test_a_placement_group_is_not_overfilled_by_two_at_once(at: Bench, client: Any) -> None:
    group = client.placement_groups.get_all()[0]
    for number in range(10 - len(group.servers)):
        server = _server(at, client, f"filler-{number}", status="off")
        last = server.add_to_placement_group(group)
    with pytest.raises(hcloud.APIException) as full:
        _server(at, client, "one-more", status="off").add_to_placement_group(group)
    assert full.value.code == "placement_error"
    _done(at, last)
    assert len(client.placement_groups.get_by_id(group.id).servers) == 10


def test_an_attachment_that_fails_leaves_nothing(at: Bench, client: Any) -> None:
    server = _server(at, client)
    at.served.cloud.fail_next("attach_to_network")
    action = server.attach_to_network(client.networks.get_by_name("backend"))
    at.clock.advance(90)
    action.reload()
    assert action.status == "error"
    server.reload()
    assert server.private_net == []


def test_ssh_keys(at: Bench, client: Any) -> None:
    key = client.ssh_keys.create(name="me", public_key=_key(), labels={"a": "b"})
    assert client.ssh_keys.get_by_fingerprint(key.fingerprint).id == key.id
    assert len(key.fingerprint) == 47
    for name, text in (("me", _key(8)), ("other", _key())):
        with pytest.raises(hcloud.APIException) as clash:
            client.ssh_keys.create(name=name, public_key=text)
        assert clash.value.code == "uniqueness_error"
    with pytest.raises(hcloud.APIException) as wrong:
        client.ssh_keys.create(name="bad", public_key="ssh-ed25519 !!!")
    assert wrong.value.details == {
        "fields": [{"name": "public_key", "messages": ["must be a valid public key in OpenSSH's format"]}]
    }
    made = client.servers.create(
        name="with-key",
        server_type=ServerType(name="cx23"),
        image=Image(name="debian-13"),
        ssh_keys=[SSHKey(name="me")],
    )
    assert made.root_password is None
    assert key.update(name="you", labels={}).name == "you"
    assert client.ssh_keys.get_by_name("me") is None
    assert key.delete()
    assert client.ssh_keys.get_by_name("you") is None


def test_primary_ips_are_those_that_servers_name(at: Bench, client: Any) -> None:
    known = {address.id: address for address in client.primary_ips.get_all()}
    named = {}
    for server in client.servers.get_all():
        net = server.public_net
        for address, primary in ((net.ipv4, net.primary_ipv4), (net.ipv6, net.primary_ipv6)):
            if address is not None:
                named[primary.id] = (address.ip, server.id, server.location.name)
    assert named == {number: (ip.ip, ip.assignee_id, ip.location.name) for number, ip in known.items()}
    assert len(named) > 15


def test_a_primary_ip_that_outlives_its_server(at: Bench, client: Any) -> None:
    here = Location(name="nbg1")
    made = client.primary_ips.create(type="ipv4", name="kept", location=here, auto_delete=False)
    assert made.primary_ip.assignee_id is None
    order = {
        "server_type": ServerType(name="cx23"),
        "image": Image(name="debian-13"),
        "public_net": ServerCreatePublicNetwork(ipv4=PrimaryIP(id=made.primary_ip.id), enable_ipv6=False),
    }
    with pytest.raises(hcloud.APIException) as elsewhere:
        client.servers.create(name="there", location=Location(name="fsn1"), **order)
    assert elsewhere.value.code == "primary_ip_datacenter_mismatch"
    server = client.servers.create(name="here", location=here, **order).server
    assert (server.public_net.primary_ipv4.id, server.public_net.ipv6) == (made.primary_ip.id, None)
    with pytest.raises(hcloud.APIException) as taken:
        client.servers.create(name="again", location=here, **order)
    assert taken.value.code == "primary_ip_assigned"
    with pytest.raises(hcloud.APIException, match="assigned"):
        client.primary_ips.delete(made.primary_ip)
    at.clock.advance(90)
    own = client.primary_ips.get_by_name("kept")
    with pytest.raises(hcloud.APIException) as running:
        own.unassign()
    assert running.value.code == "server_not_stopped"
    server.delete()
    own.reload()
    assert own.assignee_id is None
    own.change_protection(delete=True)
    with pytest.raises(hcloud.APIException, match="protected"):
        own.delete()
    own.change_protection(delete=False)
    assert own.delete()
    assert client.primary_ips.get_by_name("kept") is None


def test_a_primary_ip_goes_with_its_server(at: Bench, client: Any) -> None:
    server = _server(at, client)
    number = server.public_net.primary_ipv4.id
    server.delete()
    with pytest.raises(hcloud.APIException, match="not found"):
        client.primary_ips.get_by_id(number)


@pytest.mark.parametrize(
    ("word", "body", "fields"),
    [
        ("change_type", {"server_type": "cx33"}, {"upgrade_disk"}),
        ("change_type", {"server_type": "cx99", "upgrade_disk": False}, {"server_type"}),
        ("enable_rescue", {"type": "windows"}, {"type"}),
        ("attach_iso", {"iso": "none.iso"}, {"iso"}),
        ("attach_iso", {}, {"iso"}),
        ("change_dns_ptr", {"ip": "198.18.0.1"}, {"dns_ptr"}),
        ("change_dns_ptr", {"ip": "soon", "dns_ptr": "x"}, {"ip"}),
        ("attach_to_network", {"network": 1}, {"network"}),
        ("add_to_placement_group", {"placement_group": 1}, {"placement_group"}),
        ("reset_password", {"force": True}, {"force"}),
    ],
)
def test_input_that_is_refused_names_its_fields(at: Bench, word: str, body: Any, fields: set[str]) -> None:
    number = at.served.call(lambda cloud: cloud.add_server("mine").id)
    answer = at.ask("POST", f"/servers/{number}/actions/{word}", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "invalid_input")
    assert {field["name"] for field in error["details"]["fields"]} == fields


def test_a_server_of_an_image_that_is_not_there(at: Bench) -> None:
    order = {"name": "fresh", "server_type": "cx23", "image": "minix"}
    error = at.ask("POST", "/servers", json=order).json()["error"]
    assert error == {"code": "invalid_input", "message": "image not found", "details": {}}


def test_a_primary_ip_of_the_other_version(at: Bench, client: Any) -> None:
    address = client.primary_ips.create(type="ipv6", name="six", location=Location(name="nbg1")).primary_ip
    order = {"name": "fresh", "server_type": "cx23", "image": "debian-13", "location": "nbg1"}
    wrong = order | {"public_net": {"ipv4": address.id}}
    assert at.refused("POST", "/servers", json=wrong) == (412, "primary_ip_version_mismatch")
