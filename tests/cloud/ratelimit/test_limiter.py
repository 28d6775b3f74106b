"""The rate limiter on a clock that jumps, against a limiter that counts as Hetzner does."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.cloud.limits import LONGEST_RETRY_AFTER_POWER_ON
from hsnap_tui.cloud.priorities import must_remain, reserve
from hsnap_tui.cloud.ratelimit.bucket import Permit
from hsnap_tui.cloud.ratelimit.limiter import RateLimiter
from hsnap_tui.cloud.ratelimit.look_up_share import AT_ONCE
from tests.clocks import VirtualClock


class Hetzner:
    """A project's limiter: steady refill, and another client that takes `others` requests a second."""

    def __init__(self, clock: VirtualClock, limit: int, left: float, others: float = 0.0) -> None:
        self.clock = clock
        self.limit = limit
        self.others = others
        self.refused = 0
        self.counted: Counter[Priority] = Counter()
        self._left = left
        self._at = clock.monotonic()

    def left(self) -> float:
        """Requests left now."""
        now = self.clock.monotonic()
        gain = (now - self._at) * (self.limit / 3600 - self.others)
        self._left, self._at = max(0.0, min(float(self.limit), self._left + gain)), now
        return self._left

    def empty(self) -> None:
        """Somebody takes all there is."""
        self.left()
        self._left = 0.0

    def take(self, priority: Priority) -> bool:
        """Counts a request; false is a 429."""
        if self.left() < 1:
            self.refused += 1
            return False
        self._left -= 1
        self.counted[priority] += 1
        return True


async def send(limiter: RateLimiter, hetzner: Hetzner, priority: Priority, route: str = "/servers") -> None:
    """Sends until it is accepted, each time 50 ms away."""
    while True:
        permit = await limiter.acquire(priority, route)
        await hetzner.clock.sleep(0.025)
        accepted = hetzner.take(priority)
        left = math.floor(hetzner.left())
        await hetzner.clock.sleep(0.025)
        if accepted:
            limiter.answered(permit, hetzner.limit, left)
            return
        limiter.refused(permit, hetzner.limit, left, None)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


async def learn(clock: VirtualClock, limit: int, left: float, others: float = 0.0) -> tuple[RateLimiter, Hetzner]:
    limiter, hetzner = RateLimiter(clock), Hetzner(clock, limit, left, others)
    await clock.run(send(limiter, hetzner, Priority.POLL))
    return limiter, hetzner


async def all_of(limiter: RateLimiter, hetzner: Hetzner, priorities: list[Priority]) -> None:
    async with asyncio.TaskGroup() as group:
        for priority in priorities:
            group.create_task(send(limiter, hetzner, priority))


async def test_a_full_budget_holds_nobody_up(clock: VirtualClock) -> None:
    limiter, hetzner = await learn(clock, 3600, 3600)
    started = clock.monotonic()
    await clock.run(all_of(limiter, hetzner, [Priority.JOB] * 500))
    assert clock.monotonic() - started < 0.2
    assert hetzner.refused == 0


@pytest.mark.parametrize("limit", [50, 3600, 100_000])
async def test_nobody_passes_a_floor(clock: VirtualClock, limit: int) -> None:
    limiter, hetzner = await learn(clock, limit, reserve(limit) + 10)
    lowest: dict[Priority, float] = {}

    async def one(priority: Priority) -> None:
        permit = await limiter.acquire(priority, "/servers")
        assert hetzner.take(priority)
        lowest[priority] = min(lowest.get(priority, math.inf), hetzner.left())
        limiter.answered(permit, limit, math.floor(hetzner.left()))

    async def many() -> None:
        async with asyncio.TaskGroup() as group:
            for priority in reversed(Priority):
                for _ in range(15):
                    group.create_task(one(priority))

    await clock.run(many())
    assert hetzner.refused == 0
    for priority, left in lowest.items():
        assert left >= must_remain(priority, limit) - 0.01


async def test_the_urgent_go_first_and_each_in_order(clock: VirtualClock) -> None:
    limiter, hetzner = await learn(clock, 3600, 2)
    order: list[tuple[Priority, int]] = []

    async def one(priority: Priority, number: int) -> None:
        await send(limiter, hetzner, priority)
        order.append((priority, number))

    async def many() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(5):
                for priority in reversed(Priority):
                    group.create_task(one(priority, number))

    await clock.run(many())
    assert order == [(priority, number) for priority in Priority for number in range(5)]
    assert hetzner.refused == 0


@pytest.mark.parametrize("limit", [50, 3600])
async def test_a_queue_drains_beside_a_greedy_client(clock: VirtualClock, limit: int) -> None:
    limiter, hetzner = await learn(clock, limit, limit / 2, others=0.9 * limit / 3600)
    priorities = [Priority.JOB] * 100 + [Priority.LOOK_UP] * 100 + [Priority.POLL] * 20 + [Priority.POWER_ON] * 5
    await clock.run(all_of(limiter, hetzner, priorities), at_most=225 / (0.1 * limit / 3600) * 2)
    assert hetzner.counted == Counter(priorities) + Counter([Priority.POLL])
    if limit > 1000:
        # A reserve of two is soon eaten by others: then a 429 is how it is found out, and costs nothing.
        assert hetzner.refused <= 5


async def test_a_queue_drains_beside_one_that_takes_all_at_times(clock: VirtualClock) -> None:
    limiter, hetzner = await learn(clock, 3600, 1000)

    async def bites() -> None:
        while True:
            await clock.sleep(60)
            hetzner.empty()

    async def both() -> None:
        greedy = asyncio.create_task(bites())
        await all_of(limiter, hetzner, [Priority.POWER_ON] * 5 + [Priority.JOB] * 950)
        greedy.cancel()

    # At once what is above the reserve, then one whenever the reserve should be full again.
    await clock.run(both(), at_most=3600)
    assert hetzner.counted[Priority.JOB] == 950
    assert hetzner.refused <= 2


@settings(deadline=None)
@given(
    limit=st.sampled_from([50, 3600, 100_000]),
    share=st.floats(0, 1),
    others=st.sampled_from([0.0, 0.0, 0.5, 0.9]),
    priorities=st.lists(st.sampled_from(Priority), max_size=40),
    mishaps=st.lists(st.sampled_from(["none", "lost", "lost before it counted", "unsent", "silent"]), max_size=40),
)
def test_whatever_happens_everybody_goes_in_the_end(
    limit: int, share: float, others: float, priorities: list[Priority], mishaps: list[str]
) -> None:
    clock = VirtualClock()

    async def one(limiter: RateLimiter, hetzner: Hetzner, priority: Priority, mishap: str) -> None:
        if mishap == "none":
            await send(limiter, hetzner, priority)
            return
        permit = await limiter.acquire(priority, "/servers")
        await clock.sleep(0.05)
        counted = mishap in ("lost", "silent") and hetzner.take(priority)
        if mishap == "unsent":
            limiter.unsent(permit)
        elif mishap == "silent" and counted:
            limiter.answered(permit, None, None)
        else:
            limiter.lost(permit)

    async def main() -> None:
        limiter, hetzner = await learn(clock, limit, limit * share, others * limit / 3600)
        paired = zip(priorities, mishaps + ["none"] * len(priorities), strict=False)

        async def everybody() -> None:
            async with asyncio.TaskGroup() as group:
                for priority, mishap in paired:
                    group.create_task(one(limiter, hetzner, priority, mishap))

        early = hetzner.refused
        await clock.run(everybody())
        assert limiter.view().waiting is None
        if others == 0:
            assert hetzner.refused == early

    asyncio.run(main())


async def test_a_keypress_waits_below_the_reserve_with_a_countdown(clock: VirtualClock) -> None:
    limiter, hetzner = await learn(clock, 3600, 5)
    press = asyncio.create_task(send(limiter, hetzner, Priority.KEYPRESS))
    poll = asyncio.create_task(send(limiter, hetzner, Priority.POLL))
    await asyncio.sleep(0)
    view = limiter.view()
    assert view.waiting is Priority.KEYPRESS
    assert view.until is not None
    assert timedelta(seconds=14) < view.until - clock.now() < timedelta(seconds=16)
    assert view.remaining < must_remain(Priority.KEYPRESS, 3600) + 1
    await clock.run(asyncio.wait_for(asyncio.shield(press), None))
    assert limiter.view().waiting is Priority.POLL
    await clock.run(asyncio.wait_for(poll, None))
    assert limiter.view().waiting is None
    assert limiter.view().until is None


async def test_a_limit_of_its_own_has_a_budget_of_its_own(clock: VirtualClock) -> None:
    limiter = RateLimiter(clock)
    usual, own = Hetzner(clock, 3600, 3), Hetzner(clock, 7200, 7000)
    await clock.run(send(limiter, own, Priority.POLL, "/actions"))
    await clock.run(send(limiter, usual, Priority.POLL, "/servers"))
    started = clock.monotonic()

    async def many() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(50):
                group.create_task(send(limiter, own, Priority.POLL, "/actions"))

    held = asyncio.create_task(send(limiter, usual, Priority.POLL, "/servers"))
    await clock.run(many())
    assert clock.monotonic() - started < 1
    assert not held.done()
    assert limiter.view().limit == 3600
    held.cancel()
    await asyncio.gather(held, return_exceptions=True)


async def test_families_with_the_same_limit_share_a_budget(clock: VirtualClock) -> None:
    limiter, hetzner = await learn(clock, 3600, 1000)
    await clock.run(send(limiter, hetzner, Priority.POLL, "/images"))
    permit = await limiter.acquire(Priority.POLL, "/images")
    limiter.answered(permit, 3600, 0)
    assert limiter.view().remaining == 0


async def test_a_refusal_delays_and_loses_nothing(clock: VirtualClock) -> None:
    limiter, _ = await learn(clock, 3600, 3600)
    permit = await limiter.acquire(Priority.JOB, "/servers")
    limiter.refused(permit, None, None, 17)
    started = clock.monotonic()
    await clock.run(limiter.acquire(Priority.JOB, "/servers"))
    assert clock.monotonic() - started == pytest.approx(17)


async def test_a_waiter_that_is_cancelled_leaves_no_trace(clock: VirtualClock) -> None:
    limiter, _hetzner = await learn(clock, 3600, 2)
    waiter = asyncio.create_task(limiter.acquire(Priority.JOB, "/servers"))
    await asyncio.sleep(0)
    assert limiter.view().waiting is Priority.JOB
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    assert limiter.view().waiting is None


async def test_leave_given_to_somebody_just_cancelled_goes_back(clock: VirtualClock) -> None:
    limiter, _hetzner = await learn(clock, 3600, 2)
    last = await limiter.acquire(Priority.POWER_ON, "/servers")
    waiter = asyncio.create_task(limiter.acquire(Priority.JOB, "/servers"))
    await asyncio.sleep(0)
    limiter.answered(last, 3600, 1000)
    assert limiter.view().remaining == 999
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    assert limiter.view().remaining == 1000


async def test_requests_that_never_left_cost_nothing_and_lost_ones_do(clock: VirtualClock) -> None:
    limiter, _hetzner = await learn(clock, 3600, 1000)
    before = limiter.view().remaining
    limiter.unsent(await limiter.acquire(Priority.JOB, "/servers"))
    assert limiter.view().remaining == before
    limiter.lost(await limiter.acquire(Priority.JOB, "/servers"))
    assert limiter.view().remaining == before - 1


async def test_a_closed_rate_limiter_refuses_all_that_wait(clock: VirtualClock) -> None:
    limiter, _hetzner = await learn(clock, 3600, 2)
    waiter = asyncio.create_task(limiter.acquire(Priority.JOB, "/servers"))
    await asyncio.sleep(0)
    limiter.close()
    for attempt in (waiter, limiter.acquire(Priority.POWER_ON, "/servers")):
        with pytest.raises(CloudError) as caught:
            await attempt
        assert caught.value.kind is ErrorKind.UNREACHABLE


async def test_a_server_that_shows_no_limit(clock: VirtualClock) -> None:
    limiter = RateLimiter(clock)
    for _ in range(20):
        limiter.answered(await limiter.acquire(Priority.POLL, "/servers"), None, None)
    view = limiter.view()
    assert not view.known
    assert (view.limit, view.remaining) == (3600, 3580)


def test_permits_are_told_apart() -> None:
    assert Permit(1, Priority.JOB, "/") != Permit(1, Priority.JOB, "/")


async def test_a_late_answer_with_an_old_limit_changes_nothing(clock: VirtualClock) -> None:
    limiter = RateLimiter(clock)
    early, late = await limiter.acquire(Priority.JOB, "/servers"), await limiter.acquire(Priority.JOB, "/servers")
    limiter.answered(late, 7200, 7000)
    limiter.answered(early, 3600, 10)
    view = limiter.view()
    assert (view.limit, view.remaining) == (7200, 6999)


async def test_requests_under_way_count_once_their_limit_is_known(clock: VirtualClock) -> None:
    limiter = RateLimiter(clock)
    permits = [await limiter.acquire(Priority.JOB, route) for route in ("/a", "/b", "/c", "/a")]
    limiter.answered(permits[0], 50, 40)
    assert limiter.view().remaining == 37
    limiter.answered(permits[1], 7200, 7000)
    assert limiter.view().remaining == 38
    for permit in permits[2:]:
        limiter.answered(permit, 50, 38)
    assert limiter.view().remaining == 38


async def test_a_great_queue_goes_at_once_where_the_limit_allows(clock: VirtualClock) -> None:
    limiter, hetzner = await learn(clock, 100_000, 100_000)
    started = clock.monotonic()
    await clock.run(all_of(limiter, hetzner, [Priority.JOB] * 5000))
    assert hetzner.counted[Priority.JOB] == 5000
    assert clock.monotonic() - started < 1


async def test_look_ups_take_at_most_a_third_of_what_refills_and_hold_nobody_up(clock: VirtualClock) -> None:
    limiter, hetzner = await learn(clock, 3600, 3600)
    started = clock.monotonic()

    async def many() -> None:
        crowd = asyncio.create_task(all_of(limiter, hetzner, [Priority.LOOK_UP] * 1000))
        await clock.sleep(0.1)
        assert hetzner.counted[Priority.LOOK_UP] == AT_ONCE, "what one job needs goes at once"
        await all_of(limiter, hetzner, [Priority.JOB, Priority.POLL] * 100)
        assert clock.monotonic() - started < 0.5
        assert Priority.LOOK_UP in limiter.view().held
        await clock.sleep(600)
        crowd.cancel()

    await clock.run(many())
    assert hetzner.counted[Priority.LOOK_UP] == pytest.approx(AT_ONCE + 600 / 3, abs=2)


@pytest.mark.parametrize("limit", [50, 3600, 100_000])
async def test_the_look_up_of_one_job_is_not_delayed_and_all_go_in_the_end(clock: VirtualClock, limit: int) -> None:
    limiter, hetzner = await learn(clock, limit, limit)
    started = clock.monotonic()
    await clock.run(all_of(limiter, hetzner, [Priority.LOOK_UP] * 15))
    assert clock.monotonic() - started < 0.2
    await clock.run(all_of(limiter, hetzner, [Priority.LOOK_UP] * 30))
    assert hetzner.counted[Priority.LOOK_UP] == 45


async def test_a_long_retry_after_holds_up_no_power_on_for_long(clock: VirtualClock) -> None:
    limiter, _ = await learn(clock, 3600, 3600)
    hanging = await limiter.acquire(Priority.POLL, "/servers")
    permit = await limiter.acquire(Priority.POWER_ON, "/servers/{id}/actions/poweron")
    limiter.refused(permit, None, None, 900)
    started = clock.monotonic()
    await clock.run(limiter.acquire(Priority.POWER_ON, "/servers"))
    assert clock.monotonic() - started == pytest.approx(LONGEST_RETRY_AFTER_POWER_ON)
    assert hanging in limiter._given_out, "nor does a poll that hangs"
