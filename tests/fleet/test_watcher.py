"""What a watcher sees and tells, and when: rows, locks and their holders, what is gone, what fails."""

from __future__ import annotations

import asyncio
from math import inf

import pytest

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.events import FleetUpdated, LockCleared, LockTaken, ServerAppeared, ServerGone
from hsnap_tui.fleet.poll_targets import PollTargets
from hsnap_tui.fleet.state import Observation
from tests.clocks import VirtualClock
from tests.fleet.desk import Desk
from tests.fleet.things import snapshot
from tests.fleet.world import World


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


async def test_rows_come_first_then_locks_then_snapshots(clock: VirtualClock) -> None:
    world = World(clock, servers=120)
    world.lock(3, -10)
    world.snapshots = [snapshot(1, 3)]
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(0.25)
        assert len(desk.fleet.views) == 120
        assert isinstance(desk.events[0][1], FleetUpdated)
        await clock.advance(1)
    assert [one.what for one in world.asked][:3] == ["servers", "running", "snapshots"]
    assert desk.fleet.views[3].lock_holder is not None
    assert desk.fleet.views[3].snapshots == 1
    assert [one.priority for one in world.asked][:3] == [Priority.KEYPRESS, Priority.KEYPRESS, Priority.POLL]


@pytest.mark.parametrize("servers", [20, 120, 2000])
@pytest.mark.parametrize("offset", [0.0, 0.4, 0.8, 1.2, 1.6, 2.0])
async def test_a_lock_shows_within_three_seconds_with_its_holder(
    clock: VirtualClock, servers: int, offset: float
) -> None:
    world = World(clock, servers)
    world.lock(7, 20 + offset, 50 + offset / 2)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(70)
    ((taken_at, taken),) = desk.told(LockTaken)
    ((cleared_at, cleared),) = desk.told(LockCleared)
    assert taken.lock_holder is not None
    assert cleared.lock_holder is not None
    assert taken.lock_holder.id == cleared.lock_holder.id == 1000
    assert taken_at - (20 + offset) <= 3
    assert cleared_at - (50 + offset / 2) <= 3
    assert cleared.seconds == pytest.approx(30, abs=3)


async def test_a_lock_without_a_listed_action_shows_within_three_seconds(clock: VirtualClock) -> None:
    world = World(clock, servers=20)
    world.lock(7, 21.3, 50.6, listed=False)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(70)
    ((taken_at, taken),) = desk.told(LockTaken)
    ((cleared_at, cleared),) = desk.told(LockCleared)
    assert taken.lock_holder is cleared.lock_holder is None
    assert taken_at - 21.3 <= 3
    assert cleared_at - 50.6 <= 3


@pytest.mark.parametrize(("servers", "every"), [(120, 72), (2000, 960)])
async def test_a_lock_without_a_listed_action_is_found_in_a_large_fleet_too(
    clock: VirtualClock, servers: int, every: float
) -> None:
    world = World(clock, servers)
    world.lock(7, 21.3, 1110.6, listed=False)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(10)
        assert desk.watcher.full_list_every == pytest.approx(every)
        await clock.advance(1200)
    ((taken_at, _),) = desk.told(LockTaken)
    ((cleared_at, _),) = desk.told(LockCleared)
    assert taken_at - 21.3 <= every + 5
    assert cleared_at - 1110.6 <= 3, "once it is known to be locked it is looked at every time"


async def test_a_lock_that_clears_before_its_action_ends_shows_within_three_seconds(clock: VirtualClock) -> None:
    world = World(clock, servers=2000)
    world.lock(7, 20, 90, command="create_image", unlocked=31.7)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(80)
        assert desk.fleet.views[7].lock_holder is not None, "the action runs on"
    ((cleared_at, _),) = desk.told(LockCleared)
    assert cleared_at - 31.7 <= 3


@pytest.mark.parametrize("servers", [20, 120])
async def test_no_lock_is_told_without_its_holder_whenever_it_begins(clock: VirtualClock, servers: int) -> None:
    world = World(clock, servers, limit=100_000)
    for number in range(20):
        world.lock(number + 1, 10 + number * 9.03, 16 + number * 9.03)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(220)
    assert len(desk.told(LockTaken)) == 20
    assert all(event.lock_holder is not None for _, event in desk.told(LockTaken))


async def test_a_server_lost_between_two_pages_is_asked_for_and_stays(clock: VirtualClock) -> None:
    world = World(clock, servers=120)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(5)
        for number in range(1, 21):
            world.skip = {number, number + 50}
            await clock.advance(desk.watcher.full_list_every + 3)
        assert len(desk.fleet.views) == 120
    assert not desk.told(ServerGone)
    assert not desk.told(ServerAppeared)
    assert world.calls()["server 7"] >= 1


@pytest.mark.parametrize(("servers", "within"), [(20, 5), (120, 75), (2000, 965)])
async def test_a_deleted_server_goes(clock: VirtualClock, servers: int, within: float) -> None:
    world = World(clock, servers, deleted={5: 30})
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(30 + within)
    assert [event.server.id for _, event in desk.told(ServerGone)] == [5]


async def test_an_action_lost_between_two_pages_keeps_its_lock_and_holder(clock: VirtualClock) -> None:
    world = World(clock, servers=20)
    happening = world.lock(7, -5)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(5)
        for _ in range(10):
            world.skip_actions = {happening.id}
            await clock.advance(desk.watcher.interval.interval)
            lock_holder = desk.fleet.views[7].lock_holder
            assert lock_holder is not None
            assert lock_holder.id == happening.id
    assert not desk.told(LockCleared)


async def test_followed_actions_are_asked_for_by_id_when_they_leave_the_list(clock: VirtualClock) -> None:
    world = World(clock, servers=20)
    ends = [world.lock(number, 1, 30, command="create_image").id for number in (1, 2, 3)]
    desk = Desk(world, clock, targets=PollTargets(actions=frozenset(ends)))
    async with desk.at_work():
        await clock.advance(40)
    ended = {key for one in desk.seen for key, action in one.actions.items() if not action.running}
    assert ended == set(ends)
    assert world.calls()["running"] > 10


async def test_a_key_looks_at_everything_at_once_and_a_held_key_once_a_second(clock: VirtualClock) -> None:
    world = World(clock, servers=120, remaining=500)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(30)
        begun = clock.monotonic()
        refreshed = asyncio.create_task(desk.watcher.refresh())
        await clock.advance(0.6)
        assert refreshed.done()
        asked = [one for one in world.asked if one.at >= begun]
        assert {one.what for one in asked} == {"servers", "running", "snapshots"}
        assert {one.priority for one in asked} == {Priority.KEYPRESS}
        keys = [asyncio.create_task(desk.watcher.refresh()) for _ in range(30)]
        await clock.advance(1.5)
        assert all(key.done() for key in keys)
        assert world.calls(begun)["servers"] == 2


async def test_when_nothing_gets_through_it_says_so_once_backs_off_and_recovers(clock: VirtualClock) -> None:
    world = World(clock, servers=20)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(20)
        world.fail = lambda _what: ErrorKind.UNREACHABLE
        await clock.advance(120)
        assert [error.kind for error in desk.failures] == [ErrorKind.UNREACHABLE]
        assert desk.failed()
        assert world.requests(80, 140) <= 10
        world.fail = lambda _what: ErrorKind.UNAUTHORIZED
        await clock.advance(60)
        assert [error.kind for error in desk.failures] == [ErrorKind.UNREACHABLE, ErrorKind.UNAUTHORIZED]
        world.fail = lambda _what: None
        await clock.advance(61)
        assert not desk.failed()
        (seconds,) = desk.recoveries
        assert seconds == pytest.approx(clock.monotonic() - 20, abs=62)
        before = world.requests()
        await clock.advance(10)
        assert world.requests() - before >= 4


async def test_one_part_that_fails_stops_no_other_and_is_told_when_it_goes_on(clock: VirtualClock) -> None:
    world = World(clock, servers=120)
    world.lock(4, 10.5, inf)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(10)
        world.fail = lambda what: ErrorKind.UNAVAILABLE if what == "running" else None
        await clock.advance(3)
        assert desk.told(LockTaken), "the servers were seen all the same"
        assert desk.failures == []
        await clock.advance(60)
        assert [error.kind for error in desk.failures] == [ErrorKind.UNAVAILABLE]


async def test_where_actions_cannot_be_listed_locks_show_without_holders_and_nothing_is_stale(
    clock: VirtualClock,
) -> None:
    world = World(clock, servers=20)
    world.lock(7, 21.3, 50.6)
    world.fail = lambda what: ErrorKind.NOT_FOUND if what == "running" else None
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(70)
    ((taken_at, taken),) = desk.told(LockTaken)
    ((cleared_at, _),) = desk.told(LockCleared)
    assert taken.lock_holder is None
    assert taken_at - 21.3 <= 3
    assert cleared_at - 50.6 <= 3
    assert desk.failures == []


async def test_a_request_that_hangs_is_given_up_and_holds_nothing_up_for_long(clock: VirtualClock) -> None:
    world = World(clock, servers=120)
    world.lock(4, 21, 60)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(20)
        world.hang = {"server 4"}
        await clock.advance(12)
        assert desk.told(LockTaken), "another poll came"
        world.hang = {"running", "servers", "server 4"}
        await clock.advance(60)
        assert [error.kind for error in desk.failures] == [ErrorKind.UNREACHABLE]
        world.hang.clear()
        await clock.advance(80)
        assert desk.told(LockCleared)
        assert not desk.failed()
        world.hang = {"running"}
        await clock.advance(5)
        world.hang.clear()
        await clock.advance(10)
        assert world.asked[-1].at > clock.monotonic() - 3


async def test_leaving_ends_everything_and_keeps_nobody_waiting(clock: VirtualClock) -> None:
    world = World(clock, servers=2000, hang={"running", "snapshots"})
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(1)
        refreshed = asyncio.create_task(desk.watcher.refresh())
        await clock.settle()
    await refreshed
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_the_first_list_is_tried_until_it_is_there(clock: VirtualClock) -> None:
    world = World(clock, servers=20, fail=lambda _what: ErrorKind.UNREACHABLE)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(60)
        assert set(world.calls()) == {"servers"}
        world.fail = lambda _what: None
        await clock.advance(16)
        assert len(desk.fleet.views) == 20


async def test_a_failed_list_of_snapshots_is_tried_again_and_is_no_lost_link(clock: VirtualClock) -> None:
    world = World(clock, servers=20, fail=lambda what: ErrorKind.UNAVAILABLE if what == "snapshots" else None)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(130)
    assert world.calls()["snapshots"] == 3
    assert desk.failures == []


async def test_each_answer_tells_when_it_was_asked_for(clock: VirtualClock) -> None:
    world = World(clock, servers=120, latency=0.4)
    world.lock(3, -5)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(10)
    asked = {round((one.started - desk.seen[0].started).total_seconds(), 3) for one in desk.seen}
    assert asked <= {round(one.at, 3) for one in world.asked}
    assert isinstance(desk.seen[0], Observation)
