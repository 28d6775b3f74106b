"""The client against the simulated Hetzner Cloud: the whole of what it can do, and the simulator's faults."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.client import HetznerCloud
from hsnap_tui.cloud.errors import CloudError, Effect, ErrorKind
from hsnap_tui.cloud.model import ActionStatus, ImageStatus, ServerStatus
from hsnap_tui.config.secret import Secret
from hsnap_tui.demo.model.clock import ManualClock
from hsnap_tui.demo.model.faults import KINDS
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import Served, serve_in_thread
from tests.patience import until

SLOW = ("latency", "trickle", "stall", "timeout-after")
"""Faults that take seconds unless told otherwise."""


@pytest.fixture
def simulated() -> Iterator[Served]:
    options = DemoOptions(servers=60, calm=True, rate_limit=100_000, actions_rate_limit=200_000)
    with serve_in_thread(options=options, clock=ManualClock()) as served:
        yield served
        assert served.defects == []


@pytest.fixture
async def cloud(simulated: Served) -> HetznerCloud:
    return HetznerCloud(simulated.endpoint, Secret(simulated.token), "demo", connect_timeout=0.5, read_timeout=0.5)


@pytest.fixture(autouse=True)
async def _closed(cloud: HetznerCloud) -> object:
    yield
    await cloud.close()


def advance(simulated: Served, seconds: float) -> None:
    clock = simulated.clock
    assert isinstance(clock, ManualClock)
    clock.advance(seconds)


async def test_all_servers_come_in_two_round_trips(simulated: Served, cloud: HetznerCloud) -> None:
    servers = await cloud.list_servers(Priority.POLL)
    assert len({server.id for server in servers}) == 60
    assert simulated.count("GET", "servers") == 2
    one = await cloud.get_server(servers[0].id, Priority.KEYPRESS)
    assert one == servers[0]


async def test_servers_by_label(simulated: Served, cloud: HetznerCloud) -> None:
    servers = await cloud.list_servers(Priority.POLL)
    key, value = next(pair for server in servers for pair in server.labels.items())
    chosen = await cloud.list_servers(Priority.LOOK_UP, f"{key}=={value}")
    assert [server.id for server in chosen] == [server.id for server in servers if server.labels.get(key) == value]


async def test_a_snapshot_from_start_to_end(simulated: Served, cloud: HetznerCloud) -> None:
    server = (await cloud.list_servers(Priority.POLL))[0]
    labels = {"hsnap-tui/job": "abc", "env": "prod"}
    submitted = await cloud.create_snapshot(server.id, "a [b] c", labels, Priority.JOB)
    assert submitted.snapshot.status is ImageStatus.CREATING
    assert submitted.snapshot.labels == labels
    assert server.id in submitted.action.server_ids
    advance(simulated, 1)
    assert (await cloud.get_server(server.id, Priority.POLL)).locked
    assert submitted.action.id in {action.id for action in await cloud.list_running_actions(Priority.POLL)}
    found = await cloud.list_snapshots(Priority.LOOK_UP, "hsnap-tui/job==abc")
    assert [snapshot.id for snapshot in found] == [submitted.snapshot.id]
    advance(simulated, 100)
    actions = await cloud.get_actions([submitted.action.id, 2**40], Priority.POLL)
    assert list(actions) == [submitted.action.id]
    assert actions[submitted.action.id].status is ActionStatus.SUCCESS
    (snapshot,) = await cloud.list_snapshots(Priority.LOOK_UP, "hsnap-tui/job==abc")
    assert snapshot.status is ImageStatus.AVAILABLE
    assert snapshot.image_size
    newest = (await cloud.list_server_actions(server.id, Priority.LOOK_UP))[0]
    assert newest.id == submitted.action.id


async def test_off_and_on(simulated: Served, cloud: HetznerCloud) -> None:
    servers = await cloud.list_servers(Priority.POLL)
    server = next(server for server in servers if server.status is ServerStatus.RUNNING)
    for command, status in (
        (cloud.shutdown, ServerStatus.OFF),
        (cloud.power_on, ServerStatus.RUNNING),
        (cloud.power_off, ServerStatus.OFF),
    ):
        await command(server.id, Priority.POWER_ON)
        advance(simulated, 30)
        assert (await cloud.get_server(server.id, Priority.LOOK_UP)).status is status


async def test_a_locked_server(simulated: Served, cloud: HetznerCloud) -> None:
    server = (await cloud.list_servers(Priority.POLL))[0]
    await cloud.create_snapshot(server.id, "d", {}, Priority.JOB)
    with pytest.raises(CloudError) as caught:
        await cloud.create_snapshot(server.id, "d", {}, Priority.JOB)
    error = caught.value
    assert (error.kind, error.effect, error.code) == (ErrorKind.LOCKED, Effect.NONE, "locked")
    assert error.correlation_id
    assert error.correlation_id not in error.message


async def test_a_read_only_token(simulated: Served) -> None:
    cloud = HetznerCloud(simulated.endpoint, Secret(simulated.readonly_token), "demo")
    server = (await cloud.list_servers(Priority.POLL))[0]
    with pytest.raises(CloudError) as caught:
        await cloud.power_off(server.id, Priority.KEYPRESS)
    assert (caught.value.kind, caught.value.effect) == (ErrorKind.READ_ONLY_TOKEN, Effect.NONE)
    await cloud.close()


async def test_a_wrong_token_and_a_missing_server(simulated: Served, cloud: HetznerCloud) -> None:
    stranger = HetznerCloud(simulated.endpoint, Secret("x" * 64), "demo")
    for client, kind in ((stranger, ErrorKind.UNAUTHORIZED), (cloud, ErrorKind.NOT_FOUND)):
        with pytest.raises(CloudError) as caught:
            await client.get_server(2**40, Priority.KEYPRESS)
        assert caught.value.kind is kind
    await stranger.close()


async def test_budgets_of_their_own(cloud: HetznerCloud) -> None:
    await cloud.list_servers(Priority.POLL)
    before = cloud.budget()
    assert (before.limit, before.known) == (100_000, True)
    await cloud.get_actions([1], Priority.POLL)
    assert cloud.budget().remaining >= before.remaining


@pytest.mark.parametrize("kind", sorted(name for name, kind in KINDS.items() if not kind.takes))
async def test_a_fault_is_survived_by_a_get(simulated: Served, cloud: HetznerCloud, kind: str) -> None:
    simulated.fail_next("GET", "servers", kind, seconds=0.1 if kind in SLOW else None)
    assert len(await cloud.list_servers(Priority.POLL)) == 60


@pytest.mark.parametrize("kind", sorted(name for name, kind in KINDS.items() if not kind.takes))
async def test_a_faulty_post_is_sent_once_and_its_effect_is_not_denied(
    simulated: Served, cloud: HetznerCloud, kind: str
) -> None:
    server = (await cloud.list_servers(Priority.POLL))[0]
    seconds = {"latency": 0.1, "trickle": 2.0, "stall": 60.0, "timeout-after": 60.0}.get(kind)
    simulated.fail_next("POST", "create_image", kind, seconds=seconds)
    error: CloudError | None = None
    try:
        await cloud.create_snapshot(server.id, "d", {"hsnap-tui/job": "once"}, Priority.JOB)
    except CloudError as caught:
        error = caught
    assert simulated.count("POST", "create_image") == 1
    advance(simulated, 10)
    made = await cloud.list_snapshots(Priority.LOOK_UP, "hsnap-tui/job==once")
    if error is None:
        assert kind == "latency" or KINDS[kind].header
    if error is None or error.effect is Effect.NONE:
        assert len(made) == (error is None)


async def test_with_a_small_limit_nothing_is_refused(simulated: Served, cloud: HetznerCloud) -> None:
    options = DemoOptions(servers=10, calm=True, rate_limit=50)
    with serve_in_thread(options=options, clock=ManualClock()) as served:
        client = HetznerCloud(served.endpoint, Secret(served.token), "demo")
        await client.list_servers(Priority.POLL)
        polls = [asyncio.create_task(client.get_server(1, Priority.POLL)) for _ in range(100)]
        await until(lambda: client.budget().waiting is not None and served.count("GET") >= 47)
        view = client.budget()
        assert view.waiting is Priority.POLL
        assert view.until is not None
        assert {request.status for request in served.requests} <= {200, 404}
        await client.close()
        outcomes = await asyncio.gather(*polls, return_exceptions=True)
        assert all(isinstance(outcome, CloudError) for outcome in outcomes)
