from __future__ import annotations

import asyncio
import itertools
from math import inf

import pytest

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.events import FleetUpdated, LockCleared, LockTaken, ServerAppeared, ServerGone
from hsnap_tui.fleet.poll_targets import PollScope, PollTargets
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


async def test_snapshots_that_end_together_are_listed_once(clock: VirtualClock) -> None:
    world = World(clock, servers=120)
    for number in range(1, 31):
        world.lock(number, 20, 60 + number / 10, command="create_image")
    async with Desk(world, clock).at_work():
        await clock.advance(120)
    assert world.calls()["snapshots"] == 2


async def test_a_failed_list_of_snapshots_is_tried_again_and_is_no_lost_link(clock: VirtualClock) -> None:
    world = World(clock, servers=20, fail=lambda what: ErrorKind.UNAVAILABLE if what == "snapshots" else None)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(130)
    assert world.calls()["snapshots"] == 3
    assert desk.failures == []


# -- without a screen -----------------------------------------------------------------------------------------


async def test_without_a_screen_nothing_is_asked_that_no_job_needs(clock: VirtualClock) -> None:
    world = World(clock, servers=120)
    world.lock(3, -5)
    async with Desk(world, clock, PollScope.JOBS_ONLY).at_work() as desk:
        await clock.advance(60)
    assert [(one.what, one.priority) for one in world.asked] == [("servers", Priority.JOB), ("running", Priority.JOB)]
    assert desk.fleet.views[3].lock_holder is not None


async def test_without_a_screen_a_waiting_server_is_seen_unlocked_within_four_seconds(clock: VirtualClock) -> None:
    world = World(clock, servers=120)
    world.lock(3, -5, 20.2)
    desk = Desk(world, clock, PollScope.JOBS_ONLY, targets=PollTargets(servers=frozenset({3})))
    async with desk.at_work():
        await clock.advance(30)
    ((cleared_at, _),) = desk.told(LockCleared)
    assert cleared_at - 20.2 <= 4


async def test_without_a_screen_a_hundred_snapshots_are_followed_with_few_requests(clock: VirtualClock) -> None:
    world = World(clock, servers=100)
    images = [world.lock(n, -1, 59 + n * 0.18, command="create_image").id for n in range(1, 101)]
    desk = Desk(world, clock, PollScope.JOBS_ONLY, targets=PollTargets(actions=frozenset(images)))
    ended: set[int] = set()
    async with desk.at_work():
        for _ in range(100):
            await clock.advance(1)
            ended = {key for one in desk.seen for key, action in one.actions.items() if not action.running}
            desk.targets = PollTargets(actions=frozenset(images) - ended)
    assert ended == set(images)
    assert world.requests() <= 90
    assert all(one.requests <= 2 for one in world.asked[1:])


async def test_a_server_that_a_job_waits_for_and_that_never_was_there_is_known_to_be_gone(
    clock: VirtualClock,
) -> None:
    world = World(clock, servers=20)
    desk = Desk(world, clock, PollScope.JOBS_ONLY, targets=PollTargets(servers=frozenset({999})))
    async with desk.at_work():
        await clock.advance(5)
    assert any(999 in one.gone for one in desk.seen)


async def test_what_is_urgent_is_looked_at_every_other_second(clock: VirtualClock) -> None:
    world = World(clock, servers=120)
    desk = Desk(world, clock, PollScope.JOBS_ONLY, targets=PollTargets(off=frozenset({3})))
    async with desk.at_work():
        await clock.advance(20)
    assert world.calls(10)["server 3"] >= 4


@pytest.mark.parametrize("kind", [ErrorKind.UNAUTHORIZED, ErrorKind.UNREACHABLE])
async def test_lost_access_is_told_when_only_urgent_polls_are_made(clock: VirtualClock, kind: ErrorKind) -> None:
    world = World(clock, servers=120)
    desk = Desk(
        world, clock, PollScope.JOBS_ONLY, targets=PollTargets(off=frozenset({3}), switching=frozenset({1000}))
    )
    async with desk.at_work():
        await clock.advance(20)
        assert not desk.failures
        world.fail = lambda _what: kind
        await clock.advance(10)
        assert [error.kind for error in desk.failures] == [kind]
        assert desk.failed()
        world.fail = lambda _what: None
        await clock.advance(10)
        assert not desk.failed()
        assert len(desk.recoveries) == 1


async def test_each_answer_tells_when_it_was_asked_for(clock: VirtualClock) -> None:
    world = World(clock, servers=120, latency=0.4)
    world.lock(3, -5)
    async with Desk(world, clock).at_work() as desk:
        await clock.advance(10)
    asked = {round((one.started - desk.seen[0].started).total_seconds(), 3) for one in desk.seen}
    assert asked <= {round(one.at, 3) for one in world.asked}
    assert isinstance(desk.seen[0], Observation)


@pytest.mark.parametrize("left", [0.0, 10.0, 50.0])
async def test_a_server_that_is_off_is_seen_soon_however_little_is_left(clock: VirtualClock, left: float) -> None:
    world = World(clock, servers=120, remaining=left)
    desk = Desk(
        world, clock, PollScope.JOBS_ONLY, targets=PollTargets(off=frozenset({3}), switching=frozenset({1000}))
    )
    world.lock(3, -1, 21.3, command="start_server")
    async with desk.at_work():
        await clock.advance(60)
    seen = [one.started for one in desk.seen if set(one.servers) == {3}]
    assert len(seen) >= 12
    assert max((after - before).total_seconds() for before, after in itertools.pairwise(seen)) <= 6
    ended = [one for one in desk.seen if 1000 in one.actions and not one.actions[1000].running]
    assert ended, "and so is the action that switches it"
    assert {one.priority for one in world.asked if one.what == "server 3"} == {Priority.POWER_ON}


async def test_what_hangs_holds_up_no_other_look_at_a_server_that_is_off(clock: VirtualClock) -> None:
    world = World(clock, servers=120, hang={"server 3"})
    async with Desk(world, clock, targets=PollTargets(off=frozenset({3}))).at_work():
        await clock.advance(30)
        assert world.calls()["server 3"] >= 3


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
