"""Every route's answers, good and bad, against the published description."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.routes import operations
from hsnap_tui.demo.routes.table import ENDPOINTS, NOT_SIMULATED
from tests.demo.beyond import ACTION_KINDS, EMPTY_KINDS
from tests.demo.described import Description
from tests.demo.support import Bench, bench


class Inspector:
    """Sends requests and holds every answer against the description."""

    def __init__(self, at: Bench) -> None:
        self.at = at
        self.description = Description()
        self.seen: set[str] = set()

    def __call__(self, method: str, path: str, expected: int, **more: Any) -> Any:
        response = self.at.ask(method, path, **more)
        assert response.status_code == expected, (method, path, response.text)
        described = self.description
        key = "error" if expected >= 400 else described.key_of(method, path.partition("?")[0], expected)
        self.seen.add(key)
        if self.description.responses[key] is None:
            assert response.content == b""
            return None
        assert response.headers["Content-Type"] == "application/json"
        body = response.json()
        assert self.description.problems(key, body) == []
        return body


@pytest.fixture
def inspect() -> Iterator[Inspector]:
    with bench(servers=12, action_failure_rate=0.0) as at:
        yield Inspector(at)


def test_every_success_is_as_described(inspect: Inspector) -> None:
    at = inspect.at
    assert len(at.get("/servers")["servers"]) == 12
    server = at.served.call(lambda cloud: cloud.add_server("here", backups=True).id)
    made = inspect("POST", f"/servers/{server}/actions/create_image", 201, json={"labels": {"a": "b"}})
    inspect("GET", f"/images/{made['image']['id']}", 200)
    action, image = made["action"]["id"], made["image"]["id"]
    at.clock.advance(30)
    inspect("GET", f"/actions/{action}", 200)
    inspect("GET", f"/servers/actions/{action}", 200)
    inspect("GET", f"/servers/{server}/actions/{action}", 200)
    at.clock.advance(60)
    inspect("GET", f"/images/{image}", 200)
    inspect("PUT", f"/images/{image}", 200, json={"description": "new", "labels": {}})
    protected = inspect("POST", f"/images/{image}/actions/change_protection", 201, json={"delete": False})["action"]
    inspect("GET", f"/images/{image}/actions", 200)
    inspect("GET", f"/images/actions/{protected['id']}", 200)
    inspect("GET", f"/images/{image}/actions/{protected['id']}", 200)
    inspect("DELETE", f"/images/{image}", 204)
    for word, more in {
        "poweroff": {},
        "poweron": {},
        "reboot": {},
        "reset": {},
        "shutdown": {},
        "enable_backup": {},
        "disable_backup": {},
        "rebuild": {"image": "ubuntu-24.04"},
        "change_protection": {"delete": False, "rebuild": False},
    }.items():
        inspect("POST", f"/servers/{server}/actions/{word}", 201, json=more)
        at.clock.advance(90)
    inspect("GET", f"/servers/{server}", 200)
    inspect("PUT", f"/servers/{server}", 200, json={"name": "there", "labels": {"a": ""}})
    span = {"type": "cpu,disk", "start": "2026-07-15T08:00:00Z", "end": "2026-07-15T09:40:00Z"}
    inspect("GET", f"/servers/{server}/metrics", 200, params=span)
    inspect("DELETE", f"/servers/{server}", 200)
    order = {"name": "fresh", "server_type": "cx23", "image": "debian-13", "location": "nbg1"}
    inspect("POST", "/servers", 201, json=order)
    for path in (
        "/servers",
        "/servers/actions",
        f"/servers/{at.get('/servers')['servers'][0]['id']}/actions",
        f"/actions?id={action}&id={protected['id']}",
        "/images?include_deprecated=true",
        "/images/actions",
        "/locations",
        "/locations/1",
        "/server_types",
        "/server_types/114",
        "/pricing",
    ):
        inspect("GET", path, 200)
    for kind in ("ssh_keys", "networks", "firewalls", "volumes", "placement_groups"):
        first = inspect("GET", f"/{kind}", 200)[kind][0]
        inspect("GET", f"/{kind}/{first['id']}", 200)
    description = inspect.description
    assert set(description.responses) - set(description.beyond) - inspect.seen == {"error"}


def _done(about: tuple[str, int], cloud: Cloud) -> int:
    return cloud.start("change_protection", about, seconds=0).id


def test_every_success_beyond_the_description_is_as_clients_read_it(inspect: Inspector) -> None:
    at = inspect.at
    server = at.served.call(lambda cloud: cloud.add_server("here").id)
    other = at.served.call(lambda cloud: cloud.add_server("there", status="off").id)
    off = at.served.call(lambda cloud: cloud.add_server("off", status="off", ipv4=False).id)
    network, group = (at.get(f"/{kind}")[kind][0]["id"] for kind in ("networks", "placement_groups"))
    full = at.get(f"/placement_groups/{group}")["placement_group"]["servers"]
    assert len(full) < 10
    bodies: dict[str, dict[str, Any]] = {
        "reset_password": {},
        "request_console": {},
        "attach_iso": {"iso": "alpine-virt-3.22.1-x86_64.iso"},
        "enable_rescue": {"type": "linux64", "ssh_keys": [at.get("/ssh_keys")["ssh_keys"][0]["id"]]},
        "disable_rescue": {},
        "change_dns_ptr": {
            "ip": at.get(f"/servers/{server}")["server"]["public_net"]["ipv4"]["ip"],
            "dns_ptr": "a.b",
        },
        "attach_to_network": {"network": network},
        "change_alias_ips": {"network": network, "alias_ips": ["10.0.9.9"]},
        "detach_from_network": {"network": network},
    }
    for word, body in bodies.items():
        inspect("POST", f"/servers/{server}/actions/{word}", 201, json=body)
        at.clock.advance(90)
        inspect("GET", f"/servers/{server}", 200)
    inspect("POST", f"/servers/{server}/actions/detach_iso", 201, json={})
    for word, body in {
        "add_to_placement_group": {"placement_group": group},
        "remove_from_placement_group": {},
        "change_type": {"server_type": "cx33", "upgrade_disk": True},
    }.items():
        inspect("POST", f"/servers/{other}/actions/{word}", 201, json=body)
        at.clock.advance(90)
        inspect("GET", f"/servers/{other}", 200)

    key = inspect("POST", "/ssh_keys", 201, json={"name": "mine", "public_key": f"ssh-ed25519 {'A' * 44} me"})
    path = f"/ssh_keys/{key['ssh_key']['id']}"
    inspect("PUT", path, 200, json={"name": "yours", "labels": {"a": "b"}})
    inspect("DELETE", path, 204)

    order = {"name": "kept", "type": "ipv4", "assignee_type": "server", "location": "fsn1"}
    address = inspect("POST", "/primary_ips", 201, json=order)["primary_ip"]
    path = f"/primary_ips/{address['id']}"
    inspect("PUT", path, 200, json={"name": "renamed", "labels": {"a": "b"}, "auto_delete": False})
    for word, body in {
        "assign": {"assignee_id": off, "assignee_type": "server"},
        "change_dns_ptr": {"ip": address["ip"], "dns_ptr": None},
        "unassign": {},
        "change_protection": {"delete": False},
    }.items():
        action = inspect("POST", f"{path}/actions/{word}", 201, json=body)["action"]["id"]
        inspect("GET", path, 200)
    inspect("GET", f"/primary_ips/actions/{action}", 200)
    inspect("GET", "/primary_ips", 200)
    inspect("DELETE", path, 204)

    for kind in ("firewall", "volume", "network"):
        held = at.get(f"/{kind}s")[f"{kind}s"][0]["id"]
        action = at.served.call(partial(_done, (kind, held)))
        inspect("GET", f"/{kind}s/actions/{action}", 200)
        inspect("GET", f"/{kind}s/{held}/actions", 200)
        inspect("GET", f"/{kind}s/{held}/actions/{action}", 200)
    for plural in ACTION_KINDS:
        inspect("GET", f"/{plural}/actions", 200)
    for plural in EMPTY_KINDS:
        inspect("GET", f"/{plural}", 200)
    for path in ("/isos", "/isos/121001", "/load_balancer_types", "/load_balancer_types/1"):
        inspect("GET", path, 200)
    never = {key for key in inspect.description.beyond for kind in EMPTY_KINDS if f"/{kind}/" in key and "{" in key}
    assert set(inspect.description.beyond) - inspect.seen == never


def test_every_route_refuses_what_is_not_there_as_described(inspect: Inspector) -> None:
    tried = 0
    for endpoint in ENDPOINTS:
        if "{id}" not in endpoint.template:
            continue
        path = endpoint.template.replace("{id}", "404404").replace("{action_id}", "1")
        gone = endpoint.template.startswith("/datacenters")
        inspect(endpoint.method, path, 410 if gone else 404, json={} if endpoint.method != "GET" else None)
        tried += 1
    assert tried > 30


def test_every_operation_of_the_description_is_simulated() -> None:
    def shape(template: str) -> str:
        return re.sub(r"\{\w+\}", "{}", template)

    simulated = {f"{endpoint.method} {shape(endpoint.template)}" for endpoint in ENDPOINTS}
    described = {shape(key.rpartition(" ")[0]) for key in Description().responses if key != "error"}
    assert described - simulated == set()
    assert len(described) > 40


def test_what_hetzner_has_and_the_simulation_has_not_says_so(inspect: Inspector) -> None:
    tried = 0
    for endpoint in NOT_SIMULATED:
        path = re.sub(r"\{\w+\}", "1", endpoint.template)
        body = inspect(endpoint.method, path, 501, json={} if endpoint.method != "GET" else None)
        assert body["error"]["code"] == "not_simulated"
        assert f"Hetzner has {endpoint.method} /v1{endpoint.template}, it has not" in body["error"]["message"]
        tried += 1
    assert tried > 60


def test_the_table_of_what_hetzner_has_holds_everything_that_is_simulated() -> None:
    def shape(method: str, template: str) -> str:
        return f"{method} {re.sub(r'{[a-z_]+}', '{}', template)}"

    known = [shape(*operation) for operation in operations.OPERATIONS]
    assert len(known) == len(set(known))
    assert {shape(endpoint.method, endpoint.template) for endpoint in ENDPOINTS} <= set(known)


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "more"),
    [
        ("GET", "/nowhere", 404, "not_found", {}),
        ("GET", "/servers/", 404, "not_found", {}),
        ("GET", "/servers/one", 404, "not_found", {}),
        pytest.param("GET", "/servers/" + "9" * 5000, 404, "not_found", {}, id="huge-id"),
        ("DELETE", "/pricing", 405, "method_not_allowed", {}),
        ("POST", "/zones/1/zonefile", 405, "method_not_allowed", {}),
        ("GET", "/servers/1/actions/create_image", 404, "not_found", {}),
        ("POST", "/servers/1/actions/fly", 405, "method_not_allowed", {}),
        ("PATCH", "/servers", 405, "method_not_allowed", {}),
        ("POST", "/pricing", 405, "method_not_allowed", {}),
        ("GET", "/datacenters", 410, "deprecated_api_endpoint", {}),
        ("GET", "/actions", 410, "deprecated_api_endpoint", {}),
        ("POST", "/servers", 400, "json_error", {"data": b"{"}),
        ("POST", "/servers", 400, "json_error", {"data": b'{"name": NaN}'}),
        ("POST", "/servers", 400, "json_error", {"data": b"\xff"}),
        ("POST", "/servers", 400, "json_error", {"data": b"[" * 100_000}),
        ("POST", "/servers", 400, "json_error", {"json": ["a"]}),
        ("POST", "/servers", 422, "invalid_input", {"json": {}}),
        ("GET", "/servers", 401, "unauthorized", {"token": ""}),
        ("GET", "/nowhere", 401, "unauthorized", {"token": "x" * 64}),
        ("GET", "/servers?label_selector=a%20in", 422, "invalid_input", {}),
        ("GET", "/servers?sort=size", 422, "invalid_input", {}),
        ("GET", "/servers?status=asleep", 422, "invalid_input", {}),
        ("GET", "/servers?page=0", 422, "invalid_input", {}),
        ("GET", "/servers?per_page=x", 422, "invalid_input", {}),
        ("GET", "/actions?id=x", 422, "invalid_input", {}),
        ("GET", "/images?architecture=mips", 422, "invalid_input", {}),
    ],
)
def test_every_kind_of_refusal(  # noqa: PLR0917 - one line of the table each
    inspect: Inspector, method: str, path: str, status: int, code: str, more: dict[str, Any]
) -> None:
    body = inspect(method, path, status, **more)
    assert body["error"]["code"] == code
    headers = inspect.at.ask(method, path, **more).headers
    assert re.fullmatch("[0-9a-f]{16}", headers["X-Correlation-Id"])
    assert headers["RateLimit-Limit"] == "3600"
    assert int(headers["RateLimit-Remaining"]) < 3600
    assert int(headers["RateLimit-Reset"]) > inspect.at.clock.now().timestamp()
