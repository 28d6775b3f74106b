"""Shut down, then a snapshot: as little downtime as possible, and no server left off because of us."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs.core.model import HoldReason, JobState, Power, RequestKind
from hsnap_tui.jobs.core.observations import Hold, Release
from tests.jobs.core.hetzner import Hetzner, Plan
from tests.jobs.core.scenes import POWERED_OFF, SHUT_DOWN, off, stopping, told
from tests.jobs.core.world import START, World

ORDER = [RequestKind.SHUTDOWN, RequestKind.CREATE_IMAGE, RequestKind.POWER_ON]
OFF, RUNNING = ServerStatus.OFF, ServerStatus.RUNNING


def test_it_is_shut_down_snapshotted_and_on_again_as_soon_as_the_lock_clears() -> None:
    world = off(plan=Plan(snapshot=600, unlock_at=0.05))
    world.run(60)
    assert world.hetzner.status is RUNNING
    assert world.stands(JobState.CREATING), "long before the snapshot is done"
    assert world.look_ups == 1, "nothing is asked while the lock is there"
    world.run(1000)
    world.check_end()
    assert (world.job.state, world.sent) == (JobState.DONE, ORDER)
    assert world.job.downtime is not None
    assert timedelta(seconds=30) < world.job.downtime < timedelta(seconds=60)
    (on,) = told(world, JobEventKind.SERVER_ON)
    assert on.seconds == world.job.downtime.total_seconds()


def test_a_server_that_was_off_before_is_snapshotted_and_left_off() -> None:
    world = World(SHUT_DOWN, Hetzner(START, status=OFF))
    world.run(300)
    assert (world.job.state, world.sent) == (JobState.DONE, [RequestKind.CREATE_IMAGE])
    assert world.hetzner.status is OFF


def test_only_so_many_servers_are_off_at_once_and_waiting_for_one_s_turn_asks_nothing() -> None:
    world = World(SHUT_DOWN)
    world.may_stop = False
    world.run(60)
    assert (world.job.state, world.sent, world.look_ups) == (JobState.QUEUED, [], 0)
    world.may_stop = True
    world.run(300)
    assert world.job.state is JobState.DONE


def test_waiting_for_one_s_turn_after_a_423_asks_nothing_either() -> None:
    world = stopping()
    world.hetzner.hold(5)
    world.answer()
    assert world.job.power is Power.NONE, "another server may go off meanwhile"
    world.may_stop = False
    world.run(60)
    assert world.look_ups == 0
    world.may_stop = True
    world.run(300)
    assert (world.job.state, world.sent) == (JobState.DONE, [RequestKind.SHUTDOWN, *ORDER])


def test_an_old_sight_of_a_running_server_is_no_reason_to_shut_it_down() -> None:
    world = World(SHUT_DOWN)
    world.begin_poll()
    world.wait(11)
    world.deliver_poll(stale=True)
    assert world.sent == []


def test_still_on_after_the_time_allowed_fails_the_job_and_leaves_it_running() -> None:
    world = stopping(plan=Plan(acpi=None))
    world.run(600)
    world.check_end()
    assert (world.job.state, world.hetzner.status) == (JobState.FAILED, RUNNING)
    assert world.job.failure is not None
    assert (world.job.failure.kind, world.sent) == ("still_on", [RequestKind.SHUTDOWN])


def test_the_time_allowed_counts_from_when_hetzner_took_the_request_and_ends_with_a_fresh_sight() -> None:
    world = stopping(plan=Plan(acpi=None))
    world.wait(300)
    world.answer()
    world.run(50)
    assert world.job.result is None
    world.begin_poll()
    world.wait(300, asleep=True)
    world.deliver_poll(stale=True)
    assert world.job.result is None, "seen before the deadline"
    world.poll()
    assert world.job.result is JobState.FAILED


def test_still_on_is_powered_off_when_that_was_chosen() -> None:
    world = stopping(POWERED_OFF, Plan(acpi=None))
    world.run(600)
    world.check_end()
    assert world.job.state is JobState.DONE
    assert world.sent == [RequestKind.SHUTDOWN, RequestKind.POWER_OFF, RequestKind.CREATE_IMAGE, RequestKind.POWER_ON]


@pytest.mark.parametrize("late", [None, 3, 29])
def test_a_shutdown_whose_answer_was_lost_is_looked_up_before_it_is_sent_again(late: float | None) -> None:
    world = stopping()
    world.lose(late)
    world.run(600)
    world.check_end()
    assert (world.job.state, world.hetzner.status) == (JobState.DONE, RUNNING)
    assert world.sent.count(RequestKind.SHUTDOWN) == (2 if late is None else 1)


@pytest.mark.parametrize("late", [3, 29])
def test_a_power_off_that_comes_late_does_not_leave_the_server_off(late: float) -> None:
    world = stopping(POWERED_OFF, Plan(acpi=62, snapshot=2, boot=1))
    world.run(100, stop_at=RequestKind.POWER_OFF)
    world.lose(late)
    world.run(600)
    world.wait(60)
    world.check_end()
    assert world.hetzner.status is RUNNING


def test_a_hold_that_comes_while_an_answer_is_awaited_is_not_forgotten() -> None:
    world = stopping()
    world.tell(Hold(HoldReason.NO_ACCESS))
    world.run(300)
    assert (world.job.state, world.job.hold) == (JobState.NEEDS_APPROVAL, HoldReason.NO_ACCESS)
    assert (world.hetzner.status, world.sent) == (RUNNING, [RequestKind.SHUTDOWN, RequestKind.POWER_ON])
    world.tell(Release())
    world.run(300)
    world.check_end()
    assert world.job.state is JobState.DONE


def test_a_shutdown_whose_action_fails_ends_the_job_at_once() -> None:
    world = stopping(plan=Plan(fails=frozenset({"shutdown_server"})))
    world.answer()
    world.wait(2)
    world.poll()
    world.run(5)
    world.check_end()
    assert world.job.failure is not None
    assert (world.job.failure.kind, world.hetzner.status) == ("action_failed", RUNNING)


def test_circumstances_that_change_during_a_look_up_count() -> None:
    for leaving, may_stop in ((True, True), (False, False)):
        world = stopping()
        world.hetzner.hold(1)
        world.answer()
        world.wait(5)
        world.poll()
        assert world.look_ups == 1
        world.leaving, world.may_stop = leaving, may_stop
        world.answer_look_up()
        assert world.sent == [RequestKind.SHUTDOWN]
