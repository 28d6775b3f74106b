"""Crashes, coming back, leaving, and what people say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs.core.model import HoldReason, JobState, Phase, Power, RequestKind, SnapshotOptions
from hsnap_tui.jobs.core.observations import Cancel, Hold, Release, Retry, ServerSeen, Tick
from hsnap_tui.jobs.core.snapshot.resume import GOES_ON_WITHIN
from tests.jobs.core.hetzner import Plan
from tests.jobs.core.scenes import off, requesting, stopping, told
from tests.jobs.core.world import World

CREATE = RequestKind.CREATE_IMAGE
HOUR = GOES_ON_WITHIN.total_seconds()
DOWN = SnapshotOptions(shut_down=True)
RUNNING = ServerStatus.RUNNING


def waiting(options: SnapshotOptions | None = None) -> World:
    """A world whose server is locked by somebody else."""
    world = World(options or SnapshotOptions())
    world.hetzner.hold(100_000)
    world.poll()
    assert world.job.state is JobState.WAITING
    return world


def resumed_as(world: World) -> list[str | None]:
    return [event.note for event in told(world, JobEventKind.RESUMED)]


# -- coming back -------------------------------------------------------------------------------------------------


def test_a_young_job_that_was_not_started_and_switches_nothing_off_goes_on_by_itself() -> None:
    world = waiting()
    world.crash()
    world.wait(HOUR - 10)
    world.come_back()
    world.hetzner.locks.clear()
    world.run(300)
    assert world.job.state is JobState.DONE
    assert resumed_as(world) == ["queued"]


def test_an_older_one_is_held_for_a_yes() -> None:
    world = waiting()
    world.crash()
    world.wait(HOUR)
    world.come_back()
    assert (world.job.state, world.job.hold) == (JobState.NEEDS_APPROVAL, HoldReason.OLD)
    world.hetzner.locks.clear()
    world.tell(Release())
    world.run(300)
    assert world.job.state is JobState.DONE


def test_one_that_would_switch_a_server_off_is_held_however_young() -> None:
    world = waiting(DOWN)
    world.crash()
    world.come_back()
    assert (world.job.state, world.job.hold) == (JobState.NEEDS_APPROVAL, HoldReason.SHUTS_DOWN)


def test_the_process_s_own_jobs_always_go_on() -> None:
    world = waiting(DOWN)
    world.crash()
    world.wait(HOUR)
    world.hetzner.locks.clear()
    world.come_back(own=True)
    world.run(300)
    assert world.job.state is JobState.DONE


@pytest.mark.parametrize("hours", [0, 50])
def test_a_snapshot_that_was_sent_goes_on(hours: int) -> None:
    world = requesting(plan=Plan(snapshot=600))
    world.answer()
    world.crash()
    world.wait(hours * 3600)
    world.come_back()
    world.run(1000)
    world.check_end()
    assert (world.job.state, world.sent, resumed_as(world)) == (JobState.DONE, [CREATE], ["sent"])


@pytest.mark.parametrize("hours", [0, 50])
@pytest.mark.parametrize("late", [0.1, 29])
def test_a_request_under_way_when_the_process_died_is_found(hours: int, late: float) -> None:
    world = requesting()
    world.wait(120)
    world.crash(late)
    world.wait(hours * 3600)
    world.come_back()
    world.run(300)
    world.check_end()
    assert (world.job.state, world.sent, resumed_as(world)) == (JobState.DONE, [CREATE], ["outcome_unknown"])


def test_a_request_that_did_not_arrive_is_sent_again_when_the_job_is_young() -> None:
    world = requesting()
    world.crash()
    world.come_back()
    world.run(300)
    world.check_end()
    assert (world.job.state, world.sent) == (JobState.DONE, [CREATE, CREATE])


def test_a_request_that_did_not_arrive_is_not_sent_again_without_a_yes_when_the_job_is_old() -> None:
    world = requesting()
    world.crash()
    world.wait(HOUR)
    world.come_back()
    world.run(300)
    assert (world.job.state, world.job.hold, world.sent) == (JobState.NEEDS_APPROVAL, HoldReason.OLD, [CREATE])


@pytest.mark.parametrize("late", [None, 2])
def test_a_crash_in_the_shutdown_ends_with_a_running_server_and_a_question(late: float | None) -> None:
    world = stopping()
    world.crash(late)
    world.wait(20)
    world.come_back()
    assert resumed_as(world) == ["restore_pending"]
    world.run(600)
    assert (world.job.state, world.job.hold) == (JobState.NEEDS_APPROVAL, HoldReason.INTERRUPTED)
    assert world.hetzner.status is RUNNING
    assert world.sent.count(RequestKind.SHUTDOWN) == 1


def test_a_crash_while_it_is_off_before_the_snapshot_was_sent_switches_it_on_and_asks() -> None:
    world = stopping()
    world.answer()
    world.wait(10)
    world.crash()
    world.come_back()
    world.run(300)
    assert (world.job.state, world.job.hold) == (JobState.NEEDS_APPROVAL, HoldReason.INTERRUPTED)
    assert (world.hetzner.status, world.sent) == (RUNNING, [RequestKind.SHUTDOWN, RequestKind.POWER_ON])


@pytest.mark.parametrize("late", [None, 1, 20])
def test_a_crash_while_the_create_image_of_a_server_that_is_off_was_under_way(late: float | None) -> None:
    world = off()
    world.crash(late)
    world.come_back()
    world.run(300)
    assert world.hetzner.status is RUNNING
    assert world.sent.count(CREATE) == 1
    assert world.job.state is (JobState.NEEDS_APPROVAL if late is None else JobState.DONE)


def test_a_crash_while_the_snapshot_is_made_still_switches_the_server_on() -> None:
    world = off()
    world.answer()
    world.crash()
    world.wait(50_000)
    world.come_back()
    world.run(300)
    world.check_end()
    assert (world.job.state, world.hetzner.status) == (JobState.DONE, RUNNING)


def test_a_server_that_somebody_switched_while_we_were_gone_is_left_alone() -> None:
    world = off()
    world.answer()
    world.crash()
    world.wait(500)
    world.hetzner.post(RequestKind.POWER_ON, None, ours=False)
    world.wait(500)
    world.hetzner.post(RequestKind.POWER_OFF, None, ours=False)
    world.wait(500)
    world.come_back()
    world.run(300)
    world.check_end()
    assert (world.job.state, world.hetzner.status) == (JobState.DONE, ServerStatus.OFF)


def test_what_an_earlier_process_saw_says_nothing_any_more() -> None:
    world = waiting()
    world.hetzner.locks.clear()
    seen = ServerSeen(world.now, world.view().server)
    world.crash()
    world.wait(10)
    world.come_back()
    world.tell(seen)
    assert world.sent == []
    world.poll()
    assert world.sent == [CREATE]


@pytest.mark.parametrize("request_kind", [CREATE, RequestKind.POWER_ON])
def test_a_server_that_was_being_switched_on_is_not_used_for_a_snapshot_any_more(request_kind: RequestKind) -> None:
    world = off() if request_kind is CREATE else stopping()
    if request_kind is CREATE:
        world.lose()
    else:
        world.answer()
        world.wait(10)
    world.leaving = True
    world.run(300, stop_at=RequestKind.POWER_ON)
    if request_kind is CREATE:
        world.run(300)
    world.crash()
    world.come_back(own=True)
    world.run(300)
    assert world.stands(JobState.NEEDS_APPROVAL, HoldReason.INTERRUPTED)
    assert world.hetzner.status is RUNNING
    assert world.sent.count(CREATE) == (1 if request_kind is CREATE else 0)


def test_held_unknown_and_ended_jobs_stay_as_they_are() -> None:
    world = waiting(DOWN)
    world.crash()
    world.come_back()
    held = world.job
    world.crash()
    world.come_back()
    assert world.job == held
    assert len(told(world, JobEventKind.NEEDS_APPROVAL)) == 1


# -- leaving -----------------------------------------------------------------------------------------------------


def test_leaving_starts_nothing_and_keeps_what_waits_for_later() -> None:
    world = World()
    world.leaving = True
    world.run(60)
    assert (world.sent, world.job.state) == ([], JobState.QUEUED)


def test_leaving_lets_a_snapshot_go_on_at_hetzner() -> None:
    world = requesting(plan=Plan(snapshot=600))
    world.answer()
    world.leaving = True
    world.run(60)
    assert world.stands(JobState.CREATING)
    world.crash()
    world.come_back()
    world.run(1000)
    world.check_end()
    assert world.job.state is JobState.DONE


@pytest.mark.parametrize("acpi", [2, 100])
def test_leaving_waits_until_a_server_that_is_going_off_is_on_again(acpi: float) -> None:
    world = stopping(SnapshotOptions(shut_down=True), Plan(acpi=acpi))
    world.answer()
    world.leaving = True
    world.run(600)
    assert (world.job.state, world.job.hold) == (JobState.NEEDS_APPROVAL, HoldReason.INTERRUPTED)
    assert (world.hetzner.status, world.sent) == (RUNNING, [RequestKind.SHUTDOWN, RequestKind.POWER_ON])


def test_leaving_while_it_is_unclear_whether_the_snapshot_began_switches_the_server_on_all_the_same() -> None:
    world = off()
    world.lose(late=10)
    world.leaving = True
    world.run(100)
    assert (world.hetzner.status, world.job.power) == (RUNNING, Power.RESTORED)
    assert world.job.create_image.phase is Phase.OUTCOME_UNKNOWN
    world.crash()
    world.come_back()
    world.run(300)
    world.check_end()
    assert (world.job.state, world.sent.count(CREATE)) == (JobState.DONE, 1)


# -- people ------------------------------------------------------------------------------------------------------


def test_a_waiting_job_is_cancelled_at_once() -> None:
    world = waiting()
    assert world.job.cancellable
    world.tell(Cancel())
    assert (world.job.state, world.sent) == (JobState.CANCELLED, [])


def test_what_was_sent_cannot_be_cancelled() -> None:
    world = requesting()
    assert not world.job.cancellable
    world.tell(Cancel())
    world.run(300)
    world.check_end()
    assert world.job.state is JobState.DONE


def test_a_cancel_during_the_look_up_before_a_second_request_is_heeded() -> None:
    world = requesting()
    world.hetzner.hold(1)
    world.answer()
    world.wait(5)
    world.poll()
    assert world.look_up is not None
    world.tell(Cancel())
    world.run(300)
    world.check_end()
    assert (world.job.state, world.sent) == (JobState.CANCELLED, [CREATE])


def test_a_job_that_was_refused_for_a_lock_looks_once_more_before_it_is_cancelled() -> None:
    world = requesting(plan=Plan(label_lag=5))
    world.locked_by_itself()
    world.tell(Cancel())
    assert world.stands(JobState.WAITING)
    world.run(300)
    world.check_end()
    assert world.stands(JobState.DONE), "the cancel came too late: the lock was that of its own snapshot"
    assert not world.job.cancelled


def test_a_held_job_can_be_cancelled() -> None:
    world = waiting()
    world.tell(Hold(HoldReason.LIMIT))
    assert world.job.state is JobState.NEEDS_APPROVAL
    world.tell(Cancel())
    assert (world.job.state, world.job.hold) == (JobState.CANCELLED, None)


def test_a_hold_does_not_touch_a_snapshot_that_is_being_made() -> None:
    world = requesting()
    world.answer()
    world.tell(Hold(HoldReason.LIMIT))
    assert world.job.hold is None
    world.run(300)
    assert world.job.state is JobState.DONE


def test_a_hold_for_a_request_with_an_unknown_outcome_waits_for_what_became_of_it() -> None:
    for arrived in (True, False):
        world = requesting()
        if arrived:
            world.carry_out()
        world.lose()
        world.tell(Hold(HoldReason.LIMIT))
        world.run(300)
        assert world.job.state is (JobState.DONE if arrived else JobState.NEEDS_APPROVAL)
        assert world.sent == [CREATE]


def test_nobody_s_word_changes_a_job_that_it_does_not_fit() -> None:
    world = waiting()
    before = world.job
    for observation in (Release(), Retry(), Tick()):
        world.tell(observation)
    assert world.job == before


def test_a_person_s_yes_forgets_the_time_waited_and_the_answers_lost() -> None:
    world = waiting(SnapshotOptions(max_wait=timedelta(minutes=1)))
    world.run(120)
    assert world.stands(JobState.NEEDS_APPROVAL, HoldReason.WAITED_TOO_LONG)
    world.tell(Release())
    world.run(30)
    assert world.stands(JobState.WAITING)
