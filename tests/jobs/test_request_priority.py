"""What a server that is off because of us waits for goes before other jobs, over the real rate limiter."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.model import Action, ImageStatus, Snapshot, Submitted
from hsnap_tui.cloud.priorities import must_remain, reserve
from hsnap_tui.cloud.ratelimit.limiter import RateLimiter
from hsnap_tui.jobs.command_runner import CommandRunner
from hsnap_tui.jobs.core.delete_snapshot import DeleteSnapshotJob
from hsnap_tui.jobs.core.model import Power, RequestKind, SnapshotJob, SnapshotOptions
from hsnap_tui.jobs.core.observations import JobObservation, RequestAccepted, Send
from hsnap_tui.jobs.core.request_priority import priority_of, priority_of_look_up
from hsnap_tui.jobs.look_ups import LookUps
from tests.clocks import START, VirtualClock
from tests.fleet.things import action

LIMIT = 3600
LEFT = 20
"""Requests that are left: below the reserve that other jobs leave."""


@dataclass
class Cloud:
    """Takes requests as the rate limiter admits them; they are answered after 50 ms, and others take none."""

    clock: VirtualClock
    limiter: RateLimiter
    left: float = LEFT
    clock_offset: timedelta = timedelta()
    sent: list[tuple[str, int]] = field(default_factory=list)

    async def create_snapshot(
        self, server_id: int, description: str, labels: Mapping[str, str], priority: Priority
    ) -> Submitted:
        made = await self._send("create_image", server_id, priority)
        return Submitted(made, Snapshot("p", server_id, description, ImageStatus.CREATING, START, labels=labels))

    async def shutdown(self, server_id: int, priority: Priority) -> Action:
        return await self._send("shutdown", server_id, priority)

    async def power_on(self, server_id: int, priority: Priority) -> Action:
        return await self._send("poweron", server_id, priority)

    async def _send(self, what: str, server_id: int, priority: Priority) -> Action:
        permit = await self.limiter.acquire(priority, f"/servers/{{id}}/actions/{what}")
        self.sent.append((what, server_id))
        at = self.clock.monotonic()
        await self.clock.sleep(0.05)
        self.left -= 1
        self.limiter.answered(permit, LIMIT, math.floor(self.left + at * LIMIT / 3600))
        return action(server_id, server_id, command=what)


def job(number: int, power: Power = Power.NONE) -> SnapshotJob:
    made = SnapshotJob(f"job-{number}", "b", "p", number, f"sg{number}", "d", START, SnapshotOptions(shut_down=True))
    return replace(made, power=power)


async def desk() -> tuple[Cloud, CommandRunner, list[tuple[str, float]]]:
    """A cloud whose limiter knows that little is left, and who was answered when."""
    clock = VirtualClock()
    cloud = Cloud(clock, RateLimiter(clock))
    permit = await cloud.limiter.acquire(Priority.POLL, "/servers")
    cloud.limiter.answered(permit, LIMIT, LEFT)
    answered: list[tuple[str, float]] = []

    def told(job_id: str, outcome: JobObservation) -> None:
        assert isinstance(outcome, RequestAccepted)
        answered.append((job_id, clock.monotonic()))

    look_ups = LookUps(cloud, clock, lambda: 10)  # type: ignore[arg-type]
    return cloud, CommandRunner(cloud, clock, look_ups, told), answered  # type: ignore[arg-type]


async def test_the_snapshot_of_a_server_that_is_off_because_of_us_does_not_wait_for_the_reserve_to_fill() -> None:
    cloud, runner, answered = await desk()
    runner.start(job(1), Send(RequestKind.CREATE_IMAGE))
    runner.start(job(2), Send(RequestKind.SHUTDOWN))
    runner.start(job(3, Power.RESTORE_PENDING), Send(RequestKind.CREATE_IMAGE))
    await cloud.clock.advance(1)
    assert cloud.sent == [("create_image", 3)]
    await cloud.clock.advance(reserve(LIMIT) - LEFT - 2)
    assert [job_id for job_id, _ in answered] == ["job-3"], "the others wait until the reserve is full"
    await cloud.clock.advance(10)
    assert cloud.sent[1:] == [("create_image", 1), ("shutdown", 2)]


async def test_power_ons_go_first_and_the_last_requests_are_theirs() -> None:
    cloud, runner, answered = await desk()
    for number in range(1, 15):
        runner.start(job(number, Power.RESTORE_PENDING), Send(RequestKind.CREATE_IMAGE))
    await cloud.clock.advance(0.5)
    kept = must_remain(Priority.WHILE_OFF, LIMIT)
    assert 0 < kept < must_remain(Priority.KEYPRESS, LIMIT)
    assert len(cloud.sent) == LEFT - kept
    for number in range(101, 106):
        runner.start(job(number, Power.RESTORE_PENDING), Send(RequestKind.POWER_ON))
    await cloud.clock.advance(0.5)
    assert cloud.sent[LEFT - kept :] == [("poweron", number) for number in range(101, 106)]
    await cloud.clock.advance(30)
    assert len(answered) == 14 + 5


@pytest.mark.parametrize(
    ("power", "request_kind", "priority"),
    [
        (Power.NONE, RequestKind.CREATE_IMAGE, Priority.JOB),
        (Power.RESTORE_PENDING, RequestKind.CREATE_IMAGE, Priority.WHILE_OFF),
        (Power.WATCHED, RequestKind.CREATE_IMAGE, Priority.JOB),
        (Power.RESTORE_PENDING, RequestKind.SHUTDOWN, Priority.JOB),
        (Power.RESTORE_PENDING, RequestKind.POWER_OFF, Priority.JOB),
        (Power.RESTORE_PENDING, RequestKind.POWER_ON, Priority.POWER_ON),
    ],
)
def test_only_what_ends_the_downtime_is_urgent(power: Power, request_kind: RequestKind, priority: Priority) -> None:
    made = job(1, power)
    assert priority_of(made, request_kind) is priority
    off = power is Power.RESTORE_PENDING
    assert priority_of_look_up(made) is (Priority.POWER_ON if off else Priority.LOOK_UP)


def test_deleting_a_snapshot_is_not_urgent() -> None:
    made = DeleteSnapshotJob("job-1", "b", "p", 0, "snapshot 7", "d", START, image_id=7)
    assert priority_of(made, RequestKind.DELETE_IMAGE) is Priority.JOB
    assert priority_of_look_up(made) is Priority.LOOK_UP
