"""What lists, updates and actions do, over HTTP, beyond the shape of their bodies."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hsnap_tui.demo.model import images
from tests.demo.support import Bench, bench

HOSTILE = ("[red]x", "[/foo]", "[@click=app.quit]x[/]", "\x1b[31mred", "\u202eabc", "名前", "a\nb", "\x00")


@pytest.fixture
def at() -> Iterator[Bench]:
    with bench() as made:
        yield made


@pytest.fixture(scope="module")
def fleet() -> Iterator[Bench]:
    with bench(servers=37, rate_limit=10**6) as made:
        yield made


def _links(response: requests.Response) -> dict[str, str]:
    return dict((rel, url) for url, rel in re.findall(r'<([^>]+)>; rel="(\w+)"', response.headers["Link"]))  # noqa: C402


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(1, 60),
    st.lists(st.sampled_from(["id", "name:desc", "created:asc", "created"]), max_size=2),
    st.sampled_from(["/servers", "/images", "/servers/actions"]),
)
def test_pages_add_up_to_everything_once(fleet: Bench, size: int, sort: list[str], path: str) -> None:
    if "actions" in path:
        sort = [key.replace("name", "command").replace("created", "started") for key in sort]
    seen: list[int] = []
    page: int | None = 1
    while page is not None:
        body = fleet.get(path, page=page, per_page=size, sort=sort)
        rows = body[path.rpartition("/")[2]]
        meta = body["meta"]["pagination"]
        assert len(rows) <= min(size, 50)
        assert meta["page"] == page
        assert meta["per_page"] == min(size, 50)
        seen += [row["id"] for row in rows]
        page = meta["next_page"]
    assert len(seen) == len(set(seen)) == meta["total_entries"]
    assert meta["last_page"] == meta["page"]


def test_pages_by_the_link_header(fleet: Bench) -> None:
    answer = fleet.ask("GET", "/servers?per_page=10&sort=name")
    assert set(_links(answer)) == {"next", "last"}
    names = []
    while True:
        names += [server["name"] for server in answer.json()["servers"]]
        links = _links(answer)
        if "next" not in links:
            break
        assert links["next"].startswith(fleet.served.endpoint)
        answer = fleet.ask("GET", links["next"].removeprefix(fleet.served.endpoint))
    assert len(names) == 37
    assert names == sorted(names)


def test_a_page_beyond_the_end_is_empty(fleet: Bench) -> None:
    body = fleet.get("/servers", page=99)
    assert body["servers"] == []
    assert body["meta"]["pagination"]["last_page"] == 2
    empty = fleet.get("/servers", name="nobody")["meta"]["pagination"]
    assert empty == {
        "page": 1,
        "per_page": 25,
        "previous_page": None,
        "next_page": None,
        "last_page": 1,
        "total_entries": 0,
    }


def test_several_sort_keys_the_first_one_first(fleet: Bench) -> None:
    rows = fleet.get("/servers/actions", sort=["command:desc", "id:desc"], per_page=50)["actions"]
    assert rows == sorted(rows, key=lambda row: (row["command"], row["id"]), reverse=True)
    mixed = fleet.get("/servers/actions", sort=["command", "id:desc"], per_page=50)["actions"]
    assert mixed == sorted(mixed, key=lambda row: (row["command"], -row["id"]))


def test_filters(fleet: Bench) -> None:
    everything = fleet.get("/servers", per_page=50)["servers"]
    off = fleet.get("/servers", status=["off", "stopping"])["servers"]
    assert {server["id"] for server in off} == {s["id"] for s in everything if s["status"] == "off"}
    assert off
    chosen = fleet.get("/servers", label_selector="env=prod,tier in (data,backend),!team", per_page=50)["servers"]
    assert {server["id"] for server in chosen} == {
        s["id"]
        for s in everything
        if s["labels"].get("env") == "prod"
        and s["labels"].get("tier") in ("data", "backend")
        and "team" not in s["labels"]
    }
    assert chosen
    kinds = {row["type"] for row in fleet.get("/images", type=["snapshot", "backup"], per_page=50)["images"]}
    assert kinds == {"snapshot", "backup"}
    current = {row["name"] for row in fleet.get("/images", type="system", per_page=50)["images"]}
    assert "debian-11" not in current
    assert fleet.get("/images", include_deprecated="true", name="debian-11")["images"]
    owner = fleet.get("/images", type="backup")["images"][0]["bound_to"]
    assert {row["bound_to"] for row in fleet.get("/images", bound_to=owner)["images"]} == {owner}
    actions = fleet.get("/servers/actions", status=["error", "running"])["actions"]
    assert {action["status"] for action in actions} <= {"error", "running"}


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_come_from_outside_arrive_as_they_are(at: Bench, name: str) -> None:
    number = at.served.call(lambda cloud: cloud.add_server(name, labels={name: name}).id)
    server = at.get(f"/servers/{number}")["server"]
    assert (server["name"], server["labels"]) == (name, {name: name})
    assert [row["id"] for row in at.get("/servers", name=name)["servers"]] == [number]
    made = at.ask("POST", f"/servers/{number}/actions/create_image", json={}).json()
    assert made["image"]["created_from"] == {"id": number, "name": name}


@pytest.mark.parametrize("name", [*HOSTILE, "", "-a", "a_b", "a" * 64, "a..b", "a.", "a" * 254, 5])
def test_names_that_clients_may_not_give(at: Bench, name: Any) -> None:
    number = at.served.call(lambda cloud: cloud.add_server("web").id)
    assert at.refused("PUT", f"/servers/{number}", json={"name": name}) == (422, "invalid_input")
    order = {"name": name, "server_type": "cx23", "image": "ubuntu-24.04"}
    assert at.refused("POST", "/servers", json=order) == (422, "invalid_input")


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("create_image", {"typ": "snapshot"}, {"typ"}),
        ("create_image", {"type": "copy"}, {"type"}),
        ("create_image", {"description": 5, "labels": {"a": "b c"}}, {"description", "labels"}),
        ("create_image", {"labels": {"hetzner.cloud/a": "1"}}, {"labels"}),
        ("create_image", {"labels": {"a": "1\n"}}, {"labels"}),
        ("create_image", {"labels": ["a"]}, {"labels"}),
        ("poweron", {"force": True}, {"force"}),
        ("rebuild", {}, {"image"}),
        ("rebuild", {"image": "no-such-image"}, {"image"}),
        ("change_protection", {"delete": "yes"}, {"delete"}),
        ("change_protection", {"delete": True, "rebuild": False}, {"delete", "rebuild"}),
    ],
)
def test_input_that_is_refused_names_its_fields(at: Bench, path: str, body: Any, fields: set[str]) -> None:
    number = at.served.call(lambda cloud: cloud.add_server("web").id)
    answer = at.ask("POST", f"/servers/{number}/actions/{path}", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "invalid_input")
    assert {field["name"] for field in error["details"]["fields"]} == fields
    assert all(field["messages"] for field in error["details"]["fields"])
    assert all(f"'{name}'" in error["message"] for name in fields)
    assert not at.get(f"/servers/{number}")["server"]["locked"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"server_type": "cx99"}, 422, "invalid_input"),
        ({"location": "moon"}, 422, "invalid_input"),
        ({"location": "ash"}, 422, "invalid_input"),
        ({"image": "minix"}, 422, "invalid_input"),
        ({"server_type": "cx22"}, 412, "resource_unavailable"),
        ({"ssh_keys": ["nobody"]}, 422, "invalid_input"),
        ({"networks": [1]}, 422, "invalid_input"),
        ({"public_net": {"enable_ipv5": True}}, 422, "invalid_input"),
        ({"user_data": "x" * 40_000}, 422, "invalid_input"),
        ({"name": "taken"}, 409, "uniqueness_error"),
        ({"datacenter": "fsn1-dc14"}, 422, "invalid_input"),
    ],
)
def test_orders_for_servers_that_are_refused(at: Bench, change: dict[str, Any], status: int, code: str) -> None:
    at.served.call(lambda cloud: cloud.add_server("taken"))
    order = {"name": "fresh", "server_type": "cx23", "image": "ubuntu-24.04"} | change
    assert at.refused("POST", "/servers", json=order) == (status, code)
    assert len(at.get("/servers")["servers"]) == 1


@pytest.mark.parametrize(
    "word", ["create_image", "shutdown", "poweroff", "poweron", "reboot", "reset", "rebuild", "change_protection"]
)
def test_a_locked_server_takes_no_action(at: Bench, word: str) -> None:
    number = at.served.call(lambda cloud: cloud.add_server("web").id)
    at.served.call(lambda cloud: cloud.lock(number, seconds=30, listed=False))
    body = {"image": "ubuntu-24.04"} if word == "rebuild" else {}
    answer = at.ask("POST", f"/servers/{number}/actions/{word}", json=body)
    assert answer.status_code == 423
    assert answer.json()["error"] == {
        "code": "locked",
        "message": "cannot perform operation because server is locked",
        "details": None,
    }
    assert at.get("/servers/actions")["actions"] == [], "a lock whose holder is not listed"
    assert at.refused("DELETE", f"/servers/{number}") == (423, "locked")
    assert at.ask("PUT", f"/servers/{number}", json={"labels": {"a": "b"}}).status_code == 200
    at.clock.advance(30)
    assert at.ask("POST", f"/servers/{number}/actions/{word}", json=body).status_code == 201


def test_images(at: Bench) -> None:
    number = at.served.call(lambda cloud: cloud.add_server("web", backups=True).id)
    server = at.served.cloud.server(number)
    backup = at.served.call(lambda cloud: cloud.add_image(server, kind="backup"))
    path = f"/images/{backup.id}"
    assert at.refused("POST", f"{path}/actions/change_protection", json={"delete": True}) == (
        422,
        "unsupported_error",
    )
    kept = at.ask("PUT", path, json={"type": "snapshot", "labels": {"keep": "yes"}}).json()["image"]
    assert (kept["type"], kept["bound_to"], kept["labels"]) == ("snapshot", None, {"keep": "yes"})
    assert at.ask("POST", f"{path}/actions/change_protection", json={"delete": True}).status_code == 201
    assert at.refused("DELETE", path) == (423, "protected")
    assert at.ask("DELETE", f"/servers/{number}").status_code == 200
    assert at.ask("GET", path).status_code == 200, "a snapshot outlives its server"
    system = at.get("/images", type="system")["images"][0]["id"]
    assert at.refused("DELETE", f"/images/{system}") == (403, "forbidden")
    assert at.refused("PUT", f"/images/{system}", json={}) == (403, "forbidden")


def test_a_backup_needs_backups_enabled_and_the_oldest_makes_room(at: Bench) -> None:
    number = at.served.call(lambda cloud: cloud.add_server("web").id)
    path = f"/servers/{number}/actions"
    assert at.refused("POST", f"{path}/create_image", json={"type": "backup"}) == (422, "service_error")
    at.ask("POST", f"{path}/enable_backup")
    at.clock.advance(5)
    for _ in range(images.BACKUP_SLOTS + 2):
        assert at.ask("POST", f"{path}/create_image", json={"type": "backup"}).status_code == 201
        at.clock.advance(90)
    assert len(at.get("/images", type="backup", bound_to=number)["images"]) == images.BACKUP_SLOTS
    at.ask("POST", f"{path}/disable_backup")
    at.clock.advance(5)
    assert at.get("/images", type="backup")["images"] == []


def test_the_snapshot_limit_says_which_limit(at: Bench) -> None:
    with bench(snapshot_limit=0) as full:
        number = full.served.call(lambda cloud: cloud.add_server("web").id)
        answer = full.ask("POST", f"/servers/{number}/actions/create_image", json={})
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "resource_limit_exceeded"
        assert answer.json()["error"]["details"]["limits"] == [{"name": "snapshot_limit"}]


@pytest.mark.parametrize(
    ("text", "shown"), [("True", True), ("true", True), ("1", True), ("False", False), ("0", False)]
)
def test_booleans_in_queries_as_pythons_and_as_jsons(fleet: Bench, text: str, *, shown: bool) -> None:
    assert bool(fleet.get("/images", include_deprecated=text, name="debian-11")["images"]) == shown
    assert fleet.refused("GET", "/images", params={"include_deprecated": "yes"}) == (422, "invalid_input")


def test_images_say_until_when_they_can_be_had(fleet: Bench) -> None:
    images = fleet.get("/images", include_deprecated="true", type="system", per_page=50)["images"]
    old = [image for image in images if image["deprecated"] is not None]
    assert {image["name"] for image in old} == {"debian-11"}
    assert all(set(image["deprecation"]) == {"announced", "unavailable_after"} for image in old)
    assert all(image["deprecation"]["announced"] == image["deprecated"] for image in old)
    assert all(image["deprecation"] is None for image in images if image not in old)


def test_what_is_removed_names_the_entry_of_the_changelog(at: Bench) -> None:
    error = at.ask("GET", "/datacenters").json()["error"]
    entry = "https://docs.hetzner.cloud/changelog#2026-06-02-datacenters-deprecated"
    assert error["details"]["announcement"] == entry


def test_metrics_of_a_moment(at: Bench) -> None:
    number = at.served.call(lambda cloud: cloud.add_server("web").id)
    now = at.clock.now().isoformat()
    metrics = at.get(f"/servers/{number}/metrics", type="cpu", start=now, end=now)["metrics"]
    assert len(metrics["time_series"]["cpu"]["values"]) == 1
    assert metrics["start"] == metrics["end"]
    early = "2026-01-01T00:00:00Z"
    before = at.get(f"/servers/{number}/metrics", type="cpu", start=early, end=early)["metrics"]
    assert before["time_series"]["cpu"]["values"] == []


def test_wrong_metrics_are_refused(at: Bench) -> None:
    number = at.served.call(lambda cloud: cloud.add_server("web").id)
    good = {"type": "cpu", "start": "2026-07-15T08:00:00Z", "end": "2026-07-15T09:00:00+00:00"}
    at.get(f"/servers/{number}/metrics", **good)
    for change in ({"type": "gpu"}, {"start": "today"}, {"end": "2026-07-15T07:00:00Z"}, {"step": "0"}, {"type": ""}):
        wrong = good | change
        assert at.refused("GET", f"/servers/{number}/metrics", params=wrong) == (422, "invalid_input")


def test_the_record_of_requests(at: Bench) -> None:
    at.get("/servers", name="x")
    at.ask("POST", "/nowhere")
    first, second = at.served.requests
    assert (first.method, first.path, first.query, first.route, first.status) == (
        "GET",
        "/servers",
        "name=x",
        "servers",
        200,
    )
    assert (second.path, second.status, second.fault) == ("/nowhere", 404, None)
    assert at.served.count("GET", "servers") == 1
    assert at.served.count() == 2


def test_wrong_methods_say_which_are_allowed(at: Bench) -> None:
    answer = at.ask("DELETE", "/locations")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD"
    answer = at.ask("PATCH", "/servers/1")
    assert answer.headers["Allow"] == "DELETE, GET, HEAD, PUT"


def test_latency_is_part_of_every_answer_also_of_refusals() -> None:
    with bench(latency=0.1) as at:
        for path, token in (("/servers", None), ("/servers", "wrong")):
            started = time.monotonic()
            at.ask("GET", path, token=token)
            assert time.monotonic() - started >= 0.1
