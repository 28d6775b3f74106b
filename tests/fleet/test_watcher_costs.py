"""What a watcher costs: it takes little of the rate limit, less when little is left, and no key waits for it."""

from __future__ import annotations

import asyncio

import pytest

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.fleet.poll_targets import PollTargets
from tests.clocks import VirtualClock
from tests.fleet.desk import Desk
from tests.fleet.things import snapshot
from tests.fleet.world import World


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.mark.parametrize(("servers", "snapshots"), [(1, 0), (50, 300), (51, 0), (1000, 3000), (5000, 3000)])
@pytest.mark.parametrize(("focused", "most"), [(True, 30), (False, 6)])
async def test_an_idle_console_costs_little(
    clock: VirtualClock, servers: int, snapshots: int, focused: bool, most: int
) -> None:
    world = World(clock, servers)
    world.snapshots = [snapshot(number, 1) for number in range(1, snapshots + 1)]
    async with Desk(world, clock).at_work() as desk:
        desk.watcher.set_focus(focused=focused)
        await clock.advance(3 * 3600)
        assert not desk.failures
    assert world.requests(3600, 10_800) / 120 <= most
    minutes = [world.requests(60 * n, 60 * n + 60) for n in range(5, 115)]
    assert sorted(minutes)[len(minutes) // 2] <= most
    assert world.requests() / 180 <= most + 1, "the first lists included"


@pytest.mark.parametrize("servers", [20, 120, 2000])
async def test_a_console_left_open_leaves_most_of_the_rate_limit_to_others(clock: VirtualClock, servers: int) -> None:
    world = World(clock, servers)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(5400)
        assert desk.watcher.interval.interval <= 2.5
    assert world.remaining > 0.6 * world.limit


async def test_with_locks_all_the_time_twenty_servers_are_watched_within_the_refill(clock: VirtualClock) -> None:
    world = World(clock, servers=20)
    world.lock(3, 0)
    world.lock(4, 0, listed=False)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(3600)
        assert desk.watcher.interval.slowed_by is None
    assert world.requests(60, 3600) / 3540 <= 0.95


async def test_a_low_budget_slows_it_down_and_is_given_as_the_reason(clock: VirtualClock) -> None:
    world = World(clock, servers=20, remaining=700)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(60)
        interval = desk.watcher.interval
        assert interval.interval > 3
        assert interval.slowed_by == "to spare the rate limit"
        assert interval.normal_in is not None
    assert world.requests() < 30


async def test_other_clients_do_not_make_it_take_what_is_left(clock: VirtualClock) -> None:
    world = World(clock, servers=20, others=0.9)
    async with Desk(world, clock).at_work():
        await clock.advance(2 * 3600)
    assert world.remaining > world.budget().reserve


@pytest.mark.parametrize("limit", [50, 100_000])
async def test_any_limit_is_kept(clock: VirtualClock, limit: int) -> None:
    world = World(clock, servers=20, limit=limit)
    world.lock(3, 0)
    async with Desk(world, clock).at_work():
        await clock.advance(3600)
    assert world.remaining >= 0.1 * limit
    assert world.requests() >= limit / 2 or limit > 5000


async def test_without_focus_it_looks_seldom_and_at_once_when_it_is_back(clock: VirtualClock) -> None:
    world = World(clock, servers=20)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(20)
        desk.watcher.set_focus(focused=False)
        await clock.advance(60)
        assert world.requests(20, 80) <= 16
        assert desk.watcher.interval.slowed_by == "the terminal is not in focus"
        before = len(world.asked)
        await clock.advance(7)
        desk.watcher.set_focus(focused=True)
        await clock.advance(0.2)
        assert len(world.asked) > before


async def test_a_key_does_not_wait_behind_a_poll_that_the_budget_holds_back(clock: VirtualClock) -> None:
    world = World(clock, servers=20)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(30)
        world.remaining = world.budget().reserve
        world.others = 1.0
        desk.watcher._cost = 0.01
        await clock.advance(60)
        assert world.waiting is Priority.POLL
        refreshed = asyncio.create_task(desk.watcher.refresh())
        await clock.advance(0.5)
        assert refreshed.done()
        assert world.asked[-1].priority is Priority.KEYPRESS


async def test_what_is_urgent_does_not_wait_behind_a_held_poll_either(clock: VirtualClock) -> None:
    world = World(clock, servers=20)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(30)
        world.remaining = world.budget().reserve + 10
        world.others = 1.0
        desk.watcher._cost = 0.01
        await clock.advance(20)
        assert world.waiting is Priority.POLL
        desk.targets = PollTargets(off=frozenset({4}))
        desk.watcher.wake()
        await clock.advance(5)
        assert world.asked[-1].what == "server 4"
        assert world.asked[-1].priority is Priority.POWER_ON


async def test_waking_makes_no_bursts(clock: VirtualClock) -> None:
    world = World(clock, servers=20)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(20)
        before = world.requests()
        for _ in range(100):
            desk.watcher.wake()
            await clock.advance(0.1)
        assert world.requests() - before <= 8


async def test_snapshots_that_end_together_are_listed_once(clock: VirtualClock) -> None:
    world = World(clock, servers=120)
    for number in range(1, 31):
        world.lock(number, 20, 60 + number / 10, command="create_image")
    async with Desk(world, clock).at_work():
        await clock.advance(120)
    assert world.calls()["snapshots"] == 2


async def test_a_far_retry_after_is_obeyed_within_reason(clock: VirtualClock) -> None:
    world = World(clock, servers=20)
    async with Desk(world, clock).at_work():
        await clock.advance(20)
        world.retry_after = 86_400
        world.fail = lambda _what: ErrorKind.RATE_LIMITED
        await clock.advance(20)
        world.fail = lambda _what: None
        before = len(world.asked)
        await clock.advance(310)
        assert len(world.asked) > before
