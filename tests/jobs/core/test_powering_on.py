"""Powered on again: as soon as it can be, tried until the server runs, whatever becomes of the job."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs.core.model import HoldReason, JobState, Power, RequestKind
from hsnap_tui.jobs.core.observations import Cancel, Hold, Release
from tests.jobs.core.hetzner import Plan
from tests.jobs.core.scenes import off, stopping, told

ORDER = [RequestKind.SHUTDOWN, RequestKind.CREATE_IMAGE, RequestKind.POWER_ON]
OFF, RUNNING = ServerStatus.OFF, ServerStatus.RUNNING


def test_a_server_that_goes_off_after_the_job_gave_up_is_switched_on_again() -> None:
    world = stopping(plan=Plan(acpi=90))
    world.run(600)
    world.check_end()
    assert (world.job.state, world.sent) == (JobState.FAILED, [RequestKind.SHUTDOWN, RequestKind.POWER_ON])
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


def test_when_nothing_may_be_started_any_more_a_server_that_is_off_is_switched_on() -> None:
    world = stopping()
    world.answer()
    world.may_send = False
    world.run(300)
    assert (world.job.state, world.job.hold) == (JobState.NEEDS_APPROVAL, HoldReason.INTERRUPTED)
    assert world.hetzner.status is RUNNING


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
