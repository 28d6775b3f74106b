"""The watcher over real HTTP against the simulated cloud, both in the same virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial

import pytest

from hsnap_tui.cloud.client import HetznerCloud
from hsnap_tui.config.secret import Secret
from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.faults import Fault
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import Served, serve_in_thread
from hsnap_tui.events import LockCleared, LockTaken, ServerAppeared, ServerGone
from hsnap_tui.fleet.poll_targets import PollScope, PollTargets
from tests.clocks import VirtualClock
from tests.fleet.desk import Desk


@asynccontextmanager
async def watching(
    options: DemoOptions, scope: PollScope = PollScope.EVERYTHING
) -> AsyncIterator[tuple[Served, Desk, VirtualClock]]:
    """A simulated cloud with a watcher at work on it; time moves only between requests."""
    clock = VirtualClock()
    with ExitStack() as stack:
        served = stack.enter_context(serve_in_thread(options=options, clock=clock))
        cloud = HetznerCloud(served.endpoint, Secret(served.token), "p", clock)
        clock.busy = lambda: bool(cloud._chain._executor._calls)
        try:
            async with Desk(cloud, clock, scope).at_work() as desk:
                await clock.settle()
                yield served, desk, clock
        finally:
            await cloud.close()
        assert served.defects == []


def truly_locked(served: Served) -> dict[int, bool]:
    """The locked servers, and whether an action on the server is known as its holder."""
    return served.call(
        lambda cloud: {
            key: server.lock.concerns("server", key)
            for key, server in cloud.servers.items()
            if server.lock is not None
        }
    )


def _remove(key: int, cloud: Cloud) -> None:
    cloud.remove_server(cloud.server(key))


@pytest.mark.parametrize(("servers", "hidden_too"), [(20, True), (120, True), (600, False)])
async def test_every_lock_of_a_busy_project_shows_within_three_seconds(servers: int, hidden_too: bool) -> None:
    async with watching(DemoOptions(servers=servers)) as (served, desk, clock):
        wrong_since: dict[int, float] = {}
        for _ in range(4 * 180):
            await clock.advance(0.25)
            truth = {key for key, listed in truly_locked(served).items() if listed or hidden_too}
            shown = {
                key
                for key, view in desk.fleet.views.items()
                if view.server.locked and (hidden_too or view.held_by is not None)
            }
            wrong = truth ^ shown
            wrong_since = {key: wrong_since.get(key, clock.monotonic()) for key in wrong}
            late = {key: clock.monotonic() - since for key, since in wrong_since.items()}
            assert not late or max(late.values()) <= 3, late
    assert len(desk.told(LockTaken)) >= 10
    assert len(desk.told(LockCleared)) >= 10
    assert not desk.failures
    assert not desk.told(ServerGone)
    assert all(request.status == 200 for request in served.requests)
    assert served.count() <= 180 * 4


@pytest.mark.parametrize(("servers", "most"), [(20, 40), (100, 90), (2000, 170)])
async def test_a_calm_minute_costs_few_requests(servers: int, most: int) -> None:
    async with watching(DemoOptions(servers=servers, calm=True)) as (served, desk, clock):
        await clock.advance(30)
        before = served.count()
        await clock.advance(60)
        assert served.count() - before <= most
        assert len(desk.fleet.views) == servers
        assert desk.watcher.interval.slowed_by is None


async def test_what_the_watcher_reckons_as_cost_is_what_goes_over_the_wire() -> None:
    async with watching(DemoOptions(servers=60, calm=True)) as (served, desk, clock):
        held = served.call(lambda cloud: [cloud.lock(key, seconds=3600).id for key in list(cloud.servers)])
        desk.targets = PollTargets(actions=frozenset(held))
        await clock.advance(120)
        before, begun = served.count(), clock.monotonic()
        await clock.advance(60)
        polls = (clock.monotonic() - begun) / desk.watcher.interval.interval
        assert (served.count() - before) / polls == pytest.approx(2 + 2, abs=0.3), "two pages of each list"


async def test_servers_deleted_while_pages_are_read_take_nobody_with_them() -> None:
    async with watching(DemoOptions(servers=160, calm=True)) as (served, desk, clock):
        keys = list(served.call(lambda cloud: cloud.servers))
        for key in keys[:60:3]:
            served.call(partial(_remove, key))
            await clock.advance(17)
        await clock.advance(desk.watcher.full_list_every + 10)
        assert set(desk.fleet.views) == set(keys) - set(keys[:60:3])
    assert {event.server.id for _, event in desk.told(ServerGone)} == set(keys[:60:3])


async def test_a_new_server_appears_and_its_locks_are_told() -> None:
    async with watching(DemoOptions(servers=20, calm=True)) as (served, desk, clock):
        await clock.advance(5)
        new = served.call(lambda cloud: cloud.add_server("late").id)
        await clock.advance(3)
        assert [event.server.id for _, event in desk.told(ServerAppeared)] == [new]
        served.call(lambda cloud: cloud.lock(new, "change_type", 20))
        await clock.advance(3)
        ((_, taken),) = desk.told(LockTaken)
        assert taken.lock_holder is not None
        assert taken.lock_holder.command == "change_type"
        await clock.advance(20)
        ((_, cleared),) = desk.told(LockCleared)
        assert cleared.seconds == pytest.approx(20, abs=3.5)


async def test_a_lock_that_the_list_of_actions_does_not_show_is_told_without_a_holder() -> None:
    async with watching(DemoOptions(servers=20, calm=True)) as (served, desk, clock):
        await clock.advance(5)
        key = next(iter(desk.fleet.views))
        served.call(lambda cloud: cloud.lock(key, seconds=20, listed=False))
        await clock.advance(25)
    assert [event.lock_holder for _, event in desk.told(LockTaken)] == [None]
    assert [event.lock_holder for _, event in desk.told(LockCleared)] == [None]


async def test_two_thousand_servers_are_there_after_the_first_list() -> None:
    async with watching(DemoOptions(servers=2000, calm=True)) as (served, desk, clock):
        assert len(desk.fleet.views) == 2000
        assert served.count("GET", "servers") == 40
        key = list(desk.fleet.views)[1234]
        served.call(lambda cloud: cloud.lock(key, seconds=15))
        await clock.advance(3)
        assert desk.fleet.views[key].server.locked
        await clock.advance(15)
        assert not desk.fleet.views[key].server.locked


async def test_faults_delay_what_is_shown_and_lose_nothing() -> None:
    async with watching(DemoOptions(servers=120, seed=3)) as (served, desk, clock):
        served.add_fault(Fault("500", rate=0.15))
        await clock.advance(240)
        assert set(desk.fleet.views) == set(served.call(lambda cloud: cloud.servers))
        assert not desk.told(ServerGone)
        assert len(desk.failures) <= 3
