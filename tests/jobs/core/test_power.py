"""Shut down, snapshot, on again: as little downtime as possible, and no server left off because of us."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs.core.model import HoldReason, IfStillOn, JobState, Power, RequestKind, SnapshotOptions
from hsnap_tui.jobs.core.observations import Cancel, Hold, Release, Retry
from tests.jobs.core.hetzner import Hetzner, Plan
from tests.jobs.core.test_exactly_once import told
from tests.jobs.core.world import START, World

DOWN = SnapshotOptions(shut_down=True, off_within=timedelta(minutes=1))
CUT = SnapshotOptions(shut_down=True, off_within=timedelta(minutes=1), if_still_on=IfStillOn.POWER_OFF)
ORDER = [RequestKind.SHUTDOWN, RequestKind.CREATE_IMAGE, RequestKind.POWER_ON]
OFF, RUNNING = ServerStatus.OFF, ServerStatus.RUNNING


def stopping(options: SnapshotOptions = DOWN, plan: Plan | None = None) -> World:
    """A world with the job's shutdown under way."""
    world = World(options, Hetzner(START, plan=plan or Plan()))
    world.poll()
    assert world.sent == [RequestKind.SHUTDOWN]
    assert world.job.power is Power.RESTORE_PENDING, "the debt is there before the request is"
    return world


def off(options: SnapshotOptions = DOWN, plan: Plan | None = None) -> World:
    """A world whose server is off because of the job, with the `create_image` under way."""
    world = stopping(options, plan)
    world.run(100, stop_at=RequestKind.CREATE_IMAGE)
    assert world.hetzner.status is OFF
    return world


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
    world = World(DOWN, Hetzner(START, status=OFF))
    world.run(300)
    assert (world.job.state, world.sent) == (JobState.DONE, [RequestKind.CREATE_IMAGE])
    assert world.hetzner.status is OFF


def test_only_so_many_servers_are_off_at_once_and_waiting_for_one_s_turn_asks_nothing() -> None:
    world = World(DOWN)
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
    world = World(DOWN)
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
    world = stopping(CUT, Plan(acpi=None))
    world.run(600)
    world.check_end()
    assert world.job.state is JobState.DONE
    assert world.sent == [RequestKind.SHUTDOWN, RequestKind.POWER_OFF, RequestKind.CREATE_IMAGE, RequestKind.POWER_ON]


def test_a_server_that_somebody_has_switched_on_since_is_not_powered_off() -> None:
    world = stopping(CUT)
    world.answer()
    world.wait(10)
    world.hetzner.post(RequestKind.POWER_ON, None, ours=False)
    world.run(600)
    world.check_end()
    assert world.job.failure is not None
    assert (world.job.failure.kind, world.sent) == ("switched", [RequestKind.SHUTDOWN])


def test_a_server_that_goes_off_after_the_job_gave_up_is_switched_on_again() -> None:
    world = stopping(plan=Plan(acpi=90))
    world.run(600)
    world.check_end()
    assert (world.job.state, world.sent) == (JobState.FAILED, [RequestKind.SHUTDOWN, RequestKind.POWER_ON])
    assert world.hetzner.status is RUNNING


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
    world = stopping(CUT, Plan(acpi=62, snapshot=2, boot=1))
    world.run(100, stop_at=RequestKind.POWER_OFF)
    world.lose(late)
    world.run(600)
    world.wait(60)
    world.check_end()
    assert world.hetzner.status is RUNNING


def test_a_failed_snapshot_switches_the_server_on_again_too() -> None:
    world = off(plan=Plan(fails=frozenset({"create_image"})))
    world.run(300)
    world.check_end()
    assert (world.job.state, world.hetzner.status) == (JobState.FAILED, RUNNING)


@pytest.mark.parametrize("kind", [ErrorKind.LIMIT_REACHED, ErrorKind.READ_ONLY_TOKEN, ErrorKind.MAINTENANCE])
def test_a_refused_snapshot_switches_the_server_on_before_the_job_rests(kind: ErrorKind) -> None:
    world = off()
    world.refuse(kind)
    assert world.job.power is Power.RESTORE_PENDING
    world.run(300)
    assert world.job.state in (JobState.NEEDS_APPROVAL, JobState.FAILED)
    assert world.hetzner.status is RUNNING


def test_cancelled_while_it_is_off_it_is_switched_on_and_no_snapshot_is_made() -> None:
    world = stopping()
    world.answer()
    world.wait(10)
    world.tell(Cancel())
    world.run(300)
    world.check_end()
    assert (world.job.state, world.sent) == (JobState.CANCELLED, [RequestKind.SHUTDOWN, RequestKind.POWER_ON])


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


def test_when_nothing_may_be_started_any_more_a_server_that_is_off_is_switched_on() -> None:
    world = stopping()
    world.answer()
    world.may_send = False
    world.run(300)
    assert (world.job.state, world.job.hold) == (JobState.NEEDS_APPROVAL, HoldReason.INTERRUPTED)
    assert world.hetzner.status is RUNNING


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


def test_a_power_on_that_may_still_come_is_waited_for_before_the_job_starts_over() -> None:
    world = off()
    world.tell(Hold(HoldReason.LIMIT))
    world.refuse(ErrorKind.RATE_LIMITED)
    world.run(200, stop_at=RequestKind.POWER_ON)
    world.lose(late=25)
    world.run(300)
    assert world.stands(JobState.NEEDS_APPROVAL, HoldReason.LIMIT)
    assert not world.late, "it has come, or will not any more"
    world.tell(Release())
    world.run(300)
    world.check_end()
    assert (world.job.state, world.hetzner.status) == (JobState.DONE, RUNNING)


def test_a_shutdown_whose_action_fails_ends_the_job_at_once() -> None:
    world = stopping(plan=Plan(fails=frozenset({"shutdown_server"})))
    world.answer()
    world.wait(2)
    world.poll()
    world.run(5)
    world.check_end()
    assert world.job.failure is not None
    assert (world.job.failure.kind, world.hetzner.status) == ("action_failed", RUNNING)


def test_a_server_that_somebody_stopped_just_before_our_request_arrived_is_left_off() -> None:
    world = stopping()
    world.wait(60)
    world.hetzner.post(RequestKind.POWER_OFF, None, ours=False)
    world.wait(2)
    world.run(300)
    world.check_end()
    assert (world.job.state, world.hetzner.status) == (JobState.DONE, OFF)
    assert RequestKind.POWER_ON not in world.sent


@pytest.mark.parametrize("late", [None, 5])
def test_switching_on_is_looked_up_and_tried_until_the_server_runs(late: float | None) -> None:
    world = off()
    world.run(200, stop_at=RequestKind.POWER_ON)
    world.lose(late)
    world.run(300)
    world.check_end()
    assert (world.job.state, world.hetzner.status) == (JobState.DONE, RUNNING)


def test_a_start_that_fails_is_tried_again_with_growing_pauses() -> None:
    world = off(plan=Plan(fails=frozenset({"start_server"}), snapshot=20))
    world.run(400)
    tries = world.sent.count(RequestKind.POWER_ON)
    assert 5 <= tries <= 20
    world.hetzner.plan = Plan()
    world.run(300)
    world.check_end()
    assert world.hetzner.status is RUNNING


@pytest.mark.parametrize("kind", [ErrorKind.UNAUTHORIZED, ErrorKind.RATE_LIMITED, ErrorKind.MAINTENANCE])
def test_switching_on_is_never_given_up(kind: ErrorKind) -> None:
    world = off(plan=Plan(snapshot=20))
    for _ in range(5):
        world.run(200, stop_at=RequestKind.POWER_ON)
        assert world.flight is not None
        world.refuse(kind)
    assert world.job.power is Power.RESTORE_PENDING
    world.run(300)
    world.check_end()
    assert world.hetzner.status is RUNNING


def test_no_answer_makes_a_power_on_wait_for_long() -> None:
    world = off()
    world.answer()
    world.run(200, stop_at=RequestKind.POWER_ON)
    world.refuse(ErrorKind.RATE_LIMITED, retry_after=900)
    refused_at = world.now
    world.run(200, stop_at=RequestKind.POWER_ON)
    assert world.flight is not None
    assert world.now <= refused_at + timedelta(seconds=40)


def test_no_answer_makes_what_is_looked_up_before_a_power_on_wait_for_long() -> None:
    world = off(plan=Plan(snapshot=30))
    world.answer()
    while world.job.looking is not RequestKind.POWER_ON:
        world.wait(1)
        world.poll()
    world.fail_look_up(retry_after=900)
    failed_at = world.now
    world.run(200, stop_at=RequestKind.POWER_ON)
    assert world.flight is not None
    assert world.now <= failed_at + timedelta(seconds=40)


def test_a_server_that_never_comes_up_after_it_was_switched_on_is_switched_on_again() -> None:
    world = off()
    world.run(200, stop_at=RequestKind.POWER_ON)
    world.answer()
    world.hetzner.works[-1].action = world.hetzner.works[-1].action
    world.hetzner.advance(world.now + timedelta(seconds=10))
    world.hetzner.status = OFF
    world.run(400)
    world.check_end()
    assert (world.sent.count(RequestKind.POWER_ON), world.hetzner.status) == (2, RUNNING)


def test_a_poll_from_before_the_server_was_off_is_no_proof_that_it_runs_again() -> None:
    world = stopping()
    world.answer()
    world.begin_poll()
    world.wait(10)
    world.hetzner.hold(20)
    world.poll()
    assert told(world, JobEventKind.SERVER_OFF)
    world.deliver_poll(stale=True)
    assert (world.job.result, world.job.power) == (None, Power.RESTORE_PENDING)
    world.run(300)
    world.check_end()
    assert world.job.state is JobState.DONE


def test_a_lock_that_does_not_show_yet_is_that_of_the_snapshot_just_accepted() -> None:
    world = off(plan=Plan(lock_lag=0.8))
    world.answer()
    world.wait(0.1)
    world.poll()
    assert world.look_ups == 0, "it seems unlocked and isn't"


def test_a_lock_taken_during_the_look_up_delays_switching_on() -> None:
    world = off(plan=Plan(snapshot=20))
    world.answer()
    world.wait(10)
    world.poll()
    assert world.look_ups == 1
    world.hetzner.hold(30)
    world.answer_look_up()
    assert RequestKind.POWER_ON not in world.sent
    world.run(300)
    world.check_end()


def test_somebody_s_power_on_before_our_shutdown_arrived_does_not_count() -> None:
    world = stopping()
    world.wait(10)
    world.hetzner.post(RequestKind.POWER_ON, None, ours=False)
    world.wait(10)
    world.run(300)
    world.check_end()
    assert world.hetzner.status is RUNNING


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


def test_a_cancelled_job_s_server_does_not_wait_for_what_cannot_be_looked_up() -> None:
    world = off()
    world.hetzner.hold(5)
    world.answer()
    world.tell(Cancel())
    for _ in range(20):
        if world.look_up and world.look_up[0] is RequestKind.CREATE_IMAGE:
            world.fail_look_up()
        elif world.look_up:
            world.answer_look_up()
        elif world.flight:
            world.answer()
        world.wait(2)
        world.poll()
    assert world.hetzner.status is RUNNING
    world.run(300)
    world.check_end()
    assert world.job.state is JobState.CANCELLED


def test_a_server_deleted_while_it_is_off_ends_the_job() -> None:
    world = stopping()
    world.answer()
    world.wait(10)
    world.hetzner.delete()
    world.run(300)
    world.check_end()
    assert world.job.state is JobState.FAILED


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
