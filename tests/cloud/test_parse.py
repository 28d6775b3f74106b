"""Answers of the API as objects: the usual shape, the odd ones, and anything at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.cloud import parse
from hsnap_tui.cloud.model import Action, ActionStatus, ImageStatus, Resource, Server, ServerStatus, Snapshot

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)

SERVER: dict[str, Any] = {
    "id": 42,
    "name": "sg5",
    "status": "running",
    "locked": True,
    "created": "2026-01-02T03:04:05Z",
    "server_type": {"id": 1, "name": "cx22", "architecture": "arm", "disk": 40},
    "location": {"id": 1, "name": "fsn1"},
    "public_net": {"ipv4": {"ip": "192.0.2.1"}, "ipv6": {"ip": "2001:db8::/64"}},
    "labels": {"env": "prod"},
    "volumes": [7, 8],
    "primary_disk_size": 80,
    "protection": {"delete": True, "rebuild": False},
    "backup_window": "22-02",
    "field_of_next_year": {},
}
ACTION: dict[str, Any] = {
    "id": 7,
    "command": "create_image",
    "status": "error",
    "progress": 55,
    "started": "2026-01-02T03:04:05+02:00",
    "finished": "2026-01-02T03:04:05.123456789Z",
    "resources": [{"id": 42, "type": "server"}, {"id": 9, "type": "image"}],
    "error": {"code": "action_failed", "message": "Creating image failed"},
}
IMAGE: dict[str, Any] = {
    "id": 9,
    "type": "snapshot",
    "status": "available",
    "description": "sg5-snapshot",
    "created": "2026-01-02T03:04:05",
    "image_size": 2.3,
    "disk_size": 80,
    "created_from": {"id": 42, "name": "sg5"},
    "labels": {"hsnap-tui/job": "x"},
    "protection": {"delete": True},
    "architecture": "arm",
}


def mutated(base: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The usual shape with some fields replaced by anything, and some left out."""
    keys = sorted(base)
    return st.builds(
        lambda changes, gone: {key: value for key, value in (base | changes).items() if key not in gone},
        st.dictionaries(st.sampled_from(keys), JSON, max_size=4),
        st.sets(st.sampled_from(keys), max_size=4),
    )


def test_server() -> None:
    assert parse.server({"server": SERVER}, "p") == Server(
        project="p",
        id=42,
        name="sg5",
        raw_name="sg5",
        status=ServerStatus.RUNNING,
        locked=True,
        created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        type="cx22",
        location="fsn1",
        ipv4="192.0.2.1",
        ipv6="2001:db8::/64",
        labels={"env": "prod"},
        volumes=(7, 8),
        architecture="arm",
        disk=80,
        delete_protected=True,
        rebuild_protected=False,
        backups=True,
    )


def test_a_server_with_nothing_but_an_id() -> None:
    server = parse.server({"server": {"id": 42}}, "p")
    assert (server.name, server.raw_name, server.status) == ("42", "", ServerStatus.UNKNOWN)
    assert server.created == parse.EPOCH
    assert server.address is None


@pytest.mark.parametrize("public_net", [None, {}, {"ipv4": None, "ipv6": None}, {"ipv4": {"ip": None}}])
def test_a_server_without_addresses(public_net: object) -> None:
    assert parse.server({"server": {**SERVER, "public_net": public_net}}, "p").address is None


def test_the_location_of_older_servers() -> None:
    old = {**SERVER, "location": None, "datacenter": {"name": "nbg1-dc3", "location": {"name": "nbg1"}}}
    assert parse.server({"server": old}, "p").location == "nbg1"


def test_action() -> None:
    action = parse.action({"action": ACTION})
    assert action.id == 7
    assert action.status is ActionStatus.ERROR
    assert action.started == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)
    assert action.finished == datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)
    assert action.resources == (Resource("server", 42), Resource("image", 9))
    assert (action.error_code, action.error_message) == ("action_failed", "Creating image failed")


def test_snapshot() -> None:
    (snapshot,) = parse.snapshots({"images": [IMAGE, {**IMAGE, "type": "system"}]}, "p")
    assert snapshot == Snapshot(
        project="p",
        id=9,
        description="sg5-snapshot",
        status=ImageStatus.AVAILABLE,
        created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        image_size=2.3,
        disk_size=80,
        server_id=42,
        server_name="sg5",
        labels={"hsnap-tui/job": "x"},
        delete_protected=True,
        architecture="arm",
    )


@pytest.mark.parametrize("change", [{"image_size": None}, {"image_size": "2"}, {"image_size": float("nan")}])
def test_a_snapshot_without_a_size(change: dict[str, Any]) -> None:
    (snapshot,) = parse.snapshots({"images": [{**IMAGE, **change}]}, "p")
    assert snapshot.image_size is None


def test_a_snapshot_of_nobody_knows_what() -> None:
    (snapshot,) = parse.snapshots({"images": [{**IMAGE, "created_from": None}]}, "p")
    assert (snapshot.server_id, snapshot.server_name) == (None, None)


@pytest.mark.parametrize("bad", [None, True, 0, -1, "42", 4.5, 2**63, [], {}])
def test_entries_without_a_usable_id_are_left_out(bad: object) -> None:
    assert parse.servers({"servers": [{**SERVER, "id": bad}, SERVER, None, 3, []]}, "p") == [
        parse.server({"server": SERVER}, "p")
    ]
    with pytest.raises(parse.MalformedError):
        parse.server({"server": {**SERVER, "id": bad}}, "p")


@pytest.mark.parametrize("answer", [None, {}, [], 3, {"servers": None}, {"servers": {}}, {"error": {}}])
def test_an_answer_without_a_list_is_not_an_empty_list(answer: object) -> None:
    with pytest.raises(parse.MalformedError):
        parse.servers(answer, "p")


@given(mutated(SERVER))
def test_any_server(raw: dict[str, Any]) -> None:
    for server in parse.servers({"servers": [raw]}, "p"):
        shown = [server.name, server.type, server.location, *server.labels, *server.labels.values()]
        assert all(text.isprintable() for text in shown)
        assert server.created.utcoffset() is not None


@given(mutated(ACTION))
def test_any_action(raw: dict[str, Any]) -> None:
    for action in parse.actions({"actions": [raw]}):
        assert isinstance(action, Action)
        assert 0 <= action.progress <= 100
        assert f"{action.command}{action.error_message}".isprintable()


@given(mutated(IMAGE))
def test_any_snapshot(raw: dict[str, Any]) -> None:
    for snapshot in parse.snapshots({"images": [raw]}, "p"):
        assert f"{snapshot.description}{snapshot.server_name}".isprintable()
        assert snapshot.image_size is None or snapshot.image_size >= 0


@given(JSON)
def test_any_answer_is_read_or_malformed(answer: object) -> None:
    for read in (parse.servers, parse.server, parse.snapshots, parse.submitted):
        with pytest.raises(parse.MalformedError):
            read(answer, "p")
    parse.last_page(answer)
    parse.next_page(answer)


@given(st.datetimes(timezones=st.timezones()) | st.datetimes(timezones=st.just(UTC)))
def test_moments_come_back(moment: datetime) -> None:
    try:
        expected = moment.astimezone(UTC)
    except OverflowError:
        expected = None
    assert parse.moment(moment.isoformat()) == expected


@given(st.text() | JSON)
def test_any_moment(value: object) -> None:
    moment = parse.moment(value)
    assert moment is None or moment.tzinfo is UTC


def test_pages() -> None:
    page = json.loads('{"meta": {"pagination": {"last_page": null, "next_page": 2}}}')
    assert (parse.last_page(page), parse.next_page(page)) == (None, 2)
