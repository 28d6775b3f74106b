"""What a watcher looks at without a screen: only what a job needs, and soon what is off because of one."""

from __future__ import annotations

import itertools

import pytest

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.events import LockCleared
from hsnap_tui.fleet.poll_targets import PollScope, PollTargets
from tests.clocks import VirtualClock
from tests.fleet.desk import Desk
from tests.fleet.world import World


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


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
