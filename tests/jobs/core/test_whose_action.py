"""What somebody else has switched counts, when it was after us; what we have switched is ours."""

from __future__ import annotations

import pytest

from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs.core.model import JobState, Power, RequestKind
from hsnap_tui.jobs.core.observations import Retry
from tests.jobs.core.hetzner import Plan
from tests.jobs.core.scenes import POWERED_OFF, off, stopping, told

ORDER = [RequestKind.SHUTDOWN, RequestKind.CREATE_IMAGE, RequestKind.POWER_ON]
OFF, RUNNING = ServerStatus.OFF, ServerStatus.RUNNING


def test_a_server_that_somebody_has_switched_on_since_is_not_powered_off() -> None:
    world = stopping(POWERED_OFF)
    world.answer()
    world.wait(10)
    world.hetzner.post(RequestKind.POWER_ON, None, ours=False)
    world.run(600)
    world.check_end()
    assert world.job.failure is not None
    assert (world.job.failure.kind, world.sent) == ("switched", [RequestKind.SHUTDOWN])


@pytest.mark.parametrize("request_kind", [RequestKind.POWER_OFF, RequestKind.POWER_ON])
def test_a_server_that_somebody_else_has_switched_after_us_is_left_alone(request_kind: RequestKind) -> None:
    world = off()
    world.hetzner.post(request_kind, None, ours=False)
    world.wait(10, asleep=True)
    expected = world.hetzner.status
    world.run(300)
    world.check_end()
    assert (world.job.state, world.hetzner.status) == (JobState.DONE, expected)
    assert RequestKind.POWER_ON not in world.sent
    assert told(world, JobEventKind.LEFT_ALONE)


def test_somebody_else_s_attempt_that_failed_changes_nothing() -> None:
    world = off(plan=Plan(fails=frozenset({"start_server"})))
    world.hetzner.post(RequestKind.POWER_ON, None, ours=False)
    world.wait(10, asleep=True)
    world.hetzner.plan = Plan()
    world.run(300)
    world.check_end()
    assert world.hetzner.status is RUNNING


def test_a_switching_action_of_somebody_else_is_waited_for_before_it_is_judged() -> None:
    world = off(plan=Plan(snapshot=20))
    world.answer()
    world.wait(10)
    world.poll()
    world.hetzner.plan = Plan(fails=frozenset({"shutdown_server"}))
    world.hetzner.post(RequestKind.SHUTDOWN, None, ours=False)
    world.answer_look_up()
    assert (world.job.power, world.sent[-1]) == (Power.RESTORE_PENDING, RequestKind.CREATE_IMAGE)
    world.run(300)
    world.check_end()
    assert world.hetzner.status is RUNNING, "that one failed"


def test_a_server_that_somebody_stopped_just_before_our_request_arrived_is_left_off() -> None:
    world = stopping()
    world.wait(60)
    world.hetzner.post(RequestKind.POWER_OFF, None, ours=False)
    world.wait(2)
    world.run(300)
    world.check_end()
    assert (world.job.state, world.hetzner.status) == (JobState.DONE, OFF)
    assert RequestKind.POWER_ON not in world.sent


def test_somebody_s_power_on_before_our_shutdown_arrived_does_not_count() -> None:
    world = stopping()
    world.wait(10)
    world.hetzner.post(RequestKind.POWER_ON, None, ours=False)
    world.wait(10)
    world.run(300)
    world.check_end()
    assert world.hetzner.status is RUNNING


def test_it_runs_again_because_somebody_switched_it_on_before_the_snapshot_began() -> None:
    world = off()
    world.refuse(ErrorKind.RATE_LIMITED, retry_after=60)
    world.hetzner.post(RequestKind.POWER_ON, None, ours=False)
    world.run(600)
    world.check_end()
    assert world.job.failure is not None
    assert (world.job.failure.kind, world.hetzner.status) == ("switched", RUNNING)
    world.tell(Retry())
    world.run(600)
    world.check_end()
    assert world.job.state is JobState.DONE
