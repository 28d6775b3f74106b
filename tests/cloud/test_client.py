"""The client over real HTTP: what it sends, how it pages, what it hands out."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from hsnap_tui.cloud.api import CloudApi, Priority
from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.cloud.model import ActionStatus, ImageStatus
from tests.cloud.conftest import TOKEN, Connect, Serve
from tests.cloud.scripted import Link, Seen, answer
from tests.patience import PATIENCE


def pagination(page: int, last: int | None, following: int | None) -> dict[str, Any]:
    return {"meta": {"pagination": {"page": page, "per_page": 50, "last_page": last, "next_page": following}}}


def entry(server_id: int) -> dict[str, Any]:
    return {"id": server_id, "name": f"sg{server_id}", "status": "running", "locked": False}


async def test_fits_the_protocol(connect: Connect) -> None:
    cloud: CloudApi = connect("http://127.0.0.1:9/v1")
    assert cloud.project == "demo"


async def test_what_goes_over_the_wire(serve: Serve, connect: Connect) -> None:
    action = {"id": 7, "command": "create_image", "status": "running", "progress": 0}
    image = {"id": 9, "type": "snapshot", "status": "creating", "image_size": None, "description": "d"}
    server = serve(lambda _seen, _link: answer(201, {"action": action, "image": image}))
    submitted = await connect(server).create_snapshot(42, "d", {"hsnap-tui/job": "x"}, Priority.JOB)
    assert (submitted.action.id, submitted.snapshot.id) == (7, 9)
    assert submitted.action.status is ActionStatus.RUNNING
    assert submitted.snapshot.status is ImageStatus.CREATING
    (seen,) = server.requests
    assert (seen.method, seen.path) == ("POST", "/v1/servers/42/actions/create_image")
    assert seen.json == {"type": "snapshot", "description": "d", "labels": {"hsnap-tui/job": "x"}}
    assert seen.headers["authorization"] == f"Bearer {TOKEN}"
    assert seen.headers["user-agent"].startswith("hsnap-tui/")


@pytest.mark.parametrize(
    ("call", "path"), [("shutdown", "shutdown"), ("power_off", "poweroff"), ("power_on", "poweron")]
)
async def test_power_commands(serve: Serve, connect: Connect, call: str, path: str) -> None:
    server = serve(lambda _seen, _link: answer(201, {"action": {"id": 7, "command": path}}))
    action = await getattr(connect(server), call)(42, Priority.POWER_ON)
    assert action.command == path
    (seen,) = server.requests
    assert (seen.method, seen.path) == ("POST", f"/v1/servers/42/actions/{path}")


async def test_pages_after_the_first_come_side_by_side(serve: Serve, connect: Connect) -> None:
    together = threading.Barrier(5, timeout=PATIENCE)

    def script(seen: Seen, _link: Link) -> bytes:
        page = int(seen.query["page"][0])
        assert seen.query["per_page"] == ["50"]
        if page > 1:
            together.wait()
        following = page + 1 if page < 6 else None
        return answer(200, {"servers": [entry(page)], **pagination(page, 6, following)})

    servers = await connect(serve(script)).list_servers(Priority.POLL)
    assert [server.id for server in servers] == [1, 2, 3, 4, 5, 6]
    assert {server.project for server in servers} == {"demo"}


async def test_pages_without_a_known_last_one(serve: Serve, connect: Connect) -> None:
    def script(seen: Seen, _link: Link) -> bytes:
        page = int(seen.query["page"][0])
        following = page + 1 if page < 3 else None
        entries = [entry(page), entry(page + 1)]
        return answer(200, {"servers": entries, **pagination(page, None, following)})

    servers = await connect(serve(script)).list_servers(Priority.POLL)
    assert [server.id for server in servers] == [1, 2, 3, 4]


async def test_actions_by_id_come_25_at_a_time(serve: Serve, connect: Connect) -> None:
    def script(seen: Seen, _link: Link) -> bytes:
        ids = [int(text) for text in seen.query["id"]]
        assert len(ids) <= 25
        return answer(200, {"actions": [{"id": number, "status": "success"} for number in ids if number != 13]})

    server = serve(script)
    actions = await connect(server).get_actions(range(1, 61), Priority.POLL)
    assert set(actions) == set(range(1, 61)) - {13}
    assert len(server.requests) == 3


async def test_no_ids_cost_nothing(serve: Serve, connect: Connect) -> None:
    server = serve(lambda _seen, _link: answer(500))
    assert await connect(server).get_actions([], Priority.POLL) == {}
    assert server.requests == []


async def test_actions_of_a_server_newest_first(serve: Serve, connect: Connect) -> None:
    server = serve(lambda _seen, _link: answer(200, {"actions": [{"id": 1}, {"id": 3}, {"id": 2}]}))
    actions = await connect(server).list_server_actions(42, Priority.LOOK_UP)
    assert [action.id for action in actions] == [3, 2, 1]
    (seen,) = server.requests
    assert seen.query == {"sort": ["id:desc"], "per_page": ["50"]}


async def test_snapshots_by_label(serve: Serve, connect: Connect) -> None:
    images = [{"id": 1, "type": "snapshot", "status": "creating"}, {"id": 2, "type": "backup"}]
    server = serve(lambda _seen, _link: answer(200, {"images": images}))
    snapshots = await connect(server).list_snapshots(Priority.LOOK_UP, "hsnap-tui/job==x")
    assert [snapshot.id for snapshot in snapshots] == [1]
    (seen,) = server.requests
    assert seen.query["type"] == ["snapshot"]
    assert seen.query["label_selector"] == ["hsnap-tui/job==x"]
    assert "status" not in seen.query


async def test_hostile_names_are_cleaned_and_kept_raw(serve: Serve, connect: Connect) -> None:
    name = "\x1b[31mred\u202e\x00[/foo]"
    server = serve(lambda _seen, _link: answer(200, {"server": {"id": 1, "name": name}}))
    got = await connect(server).get_server(1, Priority.KEYPRESS)
    assert got.name.isprintable()
    assert got.name.endswith("[/foo]")
    assert got.raw_name == name


async def test_clock_offset_from_the_date_of_answers(serve: Serve, connect: Connect) -> None:
    date = {"Date": "Mon, 01 Jan 2035 00:00:00 GMT"}
    cloud = connect(serve(lambda _seen, _link: answer(200, {"server": {"id": 1}}, date)))
    assert cloud.clock_offset.total_seconds() == 0
    await cloud.get_server(1, Priority.POLL)
    assert cloud.clock_offset.days > 365


async def test_a_run_of_wrong_dates_is_outvoted(serve: Serve, connect: Connect) -> None:
    now = datetime.now(UTC)
    dates = [now] * 31 + [now + timedelta(minutes=15)] * 30
    answers = iter(dates)
    cloud = connect(
        serve(lambda _seen, _link: answer(200, {"server": {"id": 1}}, {"Date": format_datetime(next(answers))}))
    )
    for _ in dates:
        await cloud.get_server(1, Priority.POLL)
    assert abs(cloud.clock_offset) < timedelta(minutes=5)


async def test_budget_from_the_headers_of_answers(serve: Serve, connect: Connect) -> None:
    headers = {"RateLimit-Limit": "3600", "RateLimit-Remaining": "3000", "RateLimit-Reset": "1"}
    cloud = connect(serve(lambda _seen, _link: answer(200, {"server": {"id": 1}}, headers)))
    assert not cloud.budget().known
    await cloud.get_server(1, Priority.POLL)
    view = cloud.budget()
    assert view.known
    assert view.limit == 3600
    assert 3000 <= view.remaining < 3010


async def test_nothing_is_sent_after_close(serve: Serve, connect: Connect) -> None:
    server = serve(lambda _seen, _link: answer(200, {"server": {"id": 1}}))
    cloud = connect(server)
    await cloud.close()
    with pytest.raises(CloudError) as caught:
        await cloud.get_server(1, Priority.POLL)
    assert caught.value.kind is ErrorKind.UNREACHABLE
    assert server.requests == []
