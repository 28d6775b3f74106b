from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from hsnap_tui.cloud.api import Priority, RecentActions
from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.cloud.model import Action, ImageStatus, Server, Snapshot
from hsnap_tui.jobs.core.model import (
    JOB_LABEL,
    Phase,
    Power,
    RequestKind,
    SnapshotJob,
    SnapshotOptions,
    TrackedRequest,
)
from hsnap_tui.jobs.core.observations import LookedUp
from hsnap_tui.jobs.look_ups import LookUps
from tests.clocks import START, VirtualClock
from tests.fleet.things import action, at, server

LATENCY = 0.05


@dataclass
class Cloud:
    """Servers 1 to `servers`, each with a snapshot of `job-N` and a `create_image` that began 10 seconds in."""

    clock: VirtualClock
    servers: int = 100
    reach: datetime | None = START - timedelta(days=1)
    gone: set[int] = field(default_factory=set)
    hidden: set[int] = field(default_factory=set)
    fail: set[str] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)
    purposes: set[Priority] = field(default_factory=set)
    earliest: float = float("inf")
    clock_offset: timedelta = timedelta()

    async def list_servers(self, priority: Priority, label_selector: str | None = None) -> Sequence[Server]:
        await self._ask("servers", priority)
        return [server(key) for key in range(1, self.servers + 1) if key not in self.gone | self.hidden]

    async def get_server(self, server_id: int, priority: Priority) -> Server:
        await self._ask("server", priority)
        if server_id in self.gone:
            raise CloudError(ErrorKind.NOT_FOUND, "no such server")
        return server(server_id)

    async def list_server_actions(self, server_id: int, priority: Priority) -> Sequence[Action]:
        await self._ask("its actions", priority)
        return [self._action(server_id)]

    async def list_recent_actions(self, since: datetime, priority: Priority, most_pages: int) -> RecentActions:
        await self._ask("actions", priority)
        return RecentActions(tuple(map(self._action, range(self.servers, 0, -1))), self.reach)

    async def list_snapshots(self, priority: Priority, label_selector: str | None = None) -> Sequence[Snapshot]:
        await self._ask("snapshots", priority)
        assert label_selector is not None
        return [
            Snapshot("p", key, "d", ImageStatus.CREATING, at(10), labels={JOB_LABEL: f"job-{key}"})
            for key in range(1, self.servers + 1)
            if f"job-{key}" in label_selector.replace("(", ",").replace(")", ",").replace("=", ",").split(",")
        ]

    def _action(self, server_id: int) -> Action:
        return action(server_id, server_id, command="create_image", started=10)

    async def _ask(self, what: str, priority: Priority) -> None:
        self.calls[what] += 1
        self.purposes.add(priority)
        self.earliest = min(self.earliest, self.clock.monotonic())
        await self.clock.sleep(LATENCY)
        if what in self.fail:
            raise CloudError(ErrorKind.UNREACHABLE, "no answer")


def job(number: int, *, power: Power = Power.NONE) -> SnapshotJob:
    create = TrackedRequest(RequestKind.CREATE_IMAGE, Phase.OUTCOME_UNKNOWN, 1, at(5), at(5))
    made = SnapshotJob(
        f"job-{number}", "b", "p", number, f"sg{number}", "d", START, SnapshotOptions(), create_image=create
    )
    return replace(made, power=power)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def cloud(clock: VirtualClock) -> Cloud:
    return Cloud(clock)


def look_ups(cloud: Cloud) -> LookUps:
    return LookUps(cloud, cloud.clock, lambda: cloud.servers)  # type: ignore[arg-type]


async def answers(clock: VirtualClock, pending: Sequence[asyncio.Task[LookedUp]]) -> list[LookedUp]:
    await clock.advance(30)
    return [task.result() for task in pending]


async def test_many_share_what_each_would_have_been_told(clock: VirtualClock, cloud: Cloud) -> None:
    finder = look_ups(cloud)
    alone = [asyncio.create_task(finder.look_up(job(7), RequestKind.CREATE_IMAGE))]
    (expected,) = await answers(clock, alone)
    assert cloud.calls == Counter({"server": 1, "its actions": 1, "snapshots": 1})
    cloud.calls.clear()
    together = [asyncio.create_task(finder.look_up(job(n), RequestKind.CREATE_IMAGE)) for n in range(1, 101)]
    told = await answers(clock, together)
    assert cloud.calls == Counter({"servers": 1, "actions": 1, "snapshots": 1})
    assert replace(told[6], started=expected.started) == expected
    assert [found.snapshots[0].id for found in told] == list(range(1, 101))
    assert cloud.purposes == {Priority.LOOK_UP}


async def test_nothing_is_asked_before_the_last_has_joined(clock: VirtualClock, cloud: Cloud) -> None:
    finder, pending = look_ups(cloud), []
    for number in range(1, 4):
        pending.append(asyncio.create_task(finder.look_up(job(number), RequestKind.CREATE_IMAGE)))
        await clock.advance(0.1)
    joining = clock.monotonic()
    told = await answers(clock, pending)
    assert cloud.earliest >= joining - 0.1
    assert all(at(cloud.earliest) >= found.started >= at(joining - 0.1) for found in told)
    assert len({found.started for found in told}) == 1


async def test_those_who_come_later_are_told_of_later_answers_together(clock: VirtualClock, cloud: Cloud) -> None:
    finder = look_ups(cloud)
    pending = [asyncio.create_task(finder.look_up(job(number), RequestKind.CREATE_IMAGE)) for number in range(1, 4)]
    await clock.advance(0.31)
    late = []
    for number in range(4, 9):
        late.append((clock.monotonic(), asyncio.create_task(finder.look_up(job(number), RequestKind.CREATE_IMAGE))))
        await clock.advance(0.01)
    await answers(clock, pending)
    for since, task in late:
        assert task.result().started >= at(since)
    assert cloud.calls == Counter({"servers": 2, "actions": 2, "snapshots": 2})


@pytest.mark.parametrize("reach", [None, at(5), at(-55)])
async def test_a_shared_list_that_may_lack_an_action_counts_for_nothing(
    clock: VirtualClock, cloud: Cloud, reach: datetime | None
) -> None:
    cloud.reach = reach
    finder = look_ups(cloud)
    pending = [asyncio.create_task(finder.look_up(job(number), RequestKind.CREATE_IMAGE)) for number in range(1, 6)]
    told = await answers(clock, pending)
    covered = reach == at(-55)
    assert cloud.calls["its actions"] == (0 if covered else 5)
    assert [found.actions[0].id for found in told] == [1, 2, 3, 4, 5]


async def test_hetzners_clock_counts_for_how_far_the_list_reaches(clock: VirtualClock, cloud: Cloud) -> None:
    cloud.reach = at(-55)
    cloud.clock_offset = timedelta(minutes=-5)
    finder = look_ups(cloud)
    pending = [asyncio.create_task(finder.look_up(job(number), RequestKind.CREATE_IMAGE)) for number in range(1, 6)]
    await answers(clock, pending)
    assert cloud.calls["its actions"] == 5


async def test_missing_in_the_shared_list_is_not_gone(clock: VirtualClock, cloud: Cloud) -> None:
    cloud.hidden, cloud.gone = {2}, {3}
    finder = look_ups(cloud)
    pending = [asyncio.create_task(finder.look_up(job(number), RequestKind.CREATE_IMAGE)) for number in range(1, 6)]
    told = await answers(clock, pending)
    assert [found.server and found.server.id for found in told] == [1, 2, None, 4, 5]
    assert cloud.calls["server"] == 2


async def test_a_few_of_a_large_fleet_ask_for_their_servers(clock: VirtualClock, cloud: Cloud) -> None:
    cloud.servers = 1000
    finder = look_ups(cloud)
    pending = [asyncio.create_task(finder.look_up(job(number), RequestKind.CREATE_IMAGE)) for number in range(1, 6)]
    await answers(clock, pending)
    assert (cloud.calls["server"], cloud.calls["servers"]) == (5, 0)


async def test_a_server_that_is_off_has_the_precedence_of_switching_it_on(clock: VirtualClock, cloud: Cloud) -> None:
    finder = look_ups(cloud)
    pending = [asyncio.create_task(finder.look_up(job(7, power=Power.RESTORE_PENDING), RequestKind.POWER_ON))]
    await clock.advance(0.05 + LATENCY)
    assert pending[0].done()
    assert cloud.purposes == {Priority.POWER_ON}
    assert cloud.calls == Counter({"server": 1, "its actions": 1})


@pytest.mark.parametrize("what", ["servers", "actions", "snapshots"])
async def test_a_failure_says_nothing_to_all(clock: VirtualClock, cloud: Cloud, what: str) -> None:
    cloud.fail = {what}
    finder = look_ups(cloud)
    pending = [asyncio.create_task(finder.look_up(job(number), RequestKind.CREATE_IMAGE)) for number in range(1, 6)]
    await clock.advance(5)
    for task in pending:
        assert isinstance(task.exception(), CloudError)
    cloud.fail.clear()
    again = asyncio.create_task(finder.look_up(job(1), RequestKind.CREATE_IMAGE))
    await answers(clock, [again])
