"""What takes effect later than it should: slow guests, and requests that arrive after they were given up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs.core.model import HoldReason, JobState, Power, RequestKind, SnapshotOptions
from hsnap_tui.jobs.core.observations import Cancel, Retry
from hsnap_tui.jobs.core.polling import poll_targets
from hsnap_tui.jobs.core.snapshot.late_shutdown import EXPECTED_FOR, WATCHED_FOR
from hsnap_tui.jobs.core.tracked_request import LATE, SETTLE
from tests.jobs.core import promises
from tests.jobs.core.hetzner import Plan
from tests.jobs.core.scenes import off, requesting, stopping, told
from tests.jobs.core.world import JOB_ID, World

CREATE, SHUTDOWN, POWER_ON = RequestKind.CREATE_IMAGE, RequestKind.SHUTDOWN, RequestKind.POWER_ON
OFF, RUNNING = ServerStatus.OFF, ServerStatus.RUNNING
HASTY = SnapshotOptions(shut_down=True, off_within=timedelta(seconds=10))
DAY = EXPECTED_FOR.total_seconds()


def gave_up(acpi: float | None) -> World:
    """A world whose server did not shut down in the ten seconds that it had."""
    world = stopping(HASTY, Plan(acpi=acpi))
    world.answer()
    while world.job.state is not JobState.FAILED:
        world.wait(1)
        world.poll()
    return world


# -- slow guests -------------------------------------------------------------------------------------------------


def test_a_guest_that_shuts_down_after_the_job_failed_is_powered_on() -> None:
    world = gave_up(acpi=45)
    assert world.job.failure is not None
    assert world.job.failure.kind == "still_on"
    assert (world.job.power, world.job.over) == (Power.WATCHED, False)
    assert poll_targets([world.job]).servers == {world.job.server_id}, "it is asked for until it goes off"
    (watched,) = told(world, JobEventKind.WATCHED)
    assert watched.seconds is not None
    world.run(120)
    promises.ended_well(world)
    assert (world.hetzner.status, world.sent) == (RUNNING, [SHUTDOWN, POWER_ON])
    assert world.stands(JobState.FAILED)
    assert len(told(world, JobEventKind.FAILED)) == 1
    assert world.job.over


def test_after_a_while_nobody_waits_for_it_any_more_but_it_stays_in_the_journal() -> None:
    world = gave_up(acpi=None)
    world.run(WATCHED_FOR.total_seconds() + 30)
    assert (world.job.state, world.job.watching, world.job.over) == (JobState.FAILED, False, False)
    assert not poll_targets([world.job]).servers
    assert world.sent == [SHUTDOWN]


@pytest.mark.parametrize("acpi", [1000, 40_000, 400_000])
def test_the_next_process_powers_it_on_by_its_first_look(acpi: float) -> None:
    world = gave_up(acpi)
    world.crash()
    world.wait(acpi)
    assert world.hetzner.status is OFF
    world.come_back()
    assert poll_targets([world.job]).servers == {world.job.server_id}
    world.run(60)
    promises.ended_well(world)
    assert (world.hetzner.status, world.job.over) == (RUNNING, True)


def test_a_server_seen_off_later_in_the_same_process_is_powered_on_too() -> None:
    world = gave_up(acpi=5000)
    world.run(WATCHED_FOR.total_seconds() + 30)
    world.wait(5000)
    world.poll()
    world.run(60)
    promises.ended_well(world)
    assert world.hetzner.status is RUNNING


def test_every_watch_has_an_end() -> None:
    world = gave_up(acpi=None)
    world.wait(DAY, asleep=True)
    world.poll()
    assert (world.job.power, world.job.over) == (Power.RESTORED, True)
    gone = gave_up(acpi=None)
    gone.hetzner.delete()
    gone.poll()
    assert gone.job.over
    left = gave_up(acpi=None)
    left.crash()
    left.wait(DAY)
    left.come_back()
    left.poll()
    assert left.job.over


def test_a_person_can_end_the_watching() -> None:
    world = gave_up(acpi=45)
    assert world.job.cancellable
    world.tell(Cancel())
    assert (world.job.state, world.job.over) == (JobState.FAILED, True)
    world.wait(120)
    world.poll()
    assert (world.hetzner.status, world.sent) == (OFF, [SHUTDOWN])


def test_what_somebody_else_stops_meanwhile_is_left_alone() -> None:
    world = gave_up(acpi=None)
    world.wait(30)
    world.hetzner.post(RequestKind.POWER_OFF, None, ours=False)
    world.run(60)
    promises.ended_well(world)
    assert (world.hetzner.status, world.sent) == (OFF, [SHUTDOWN])
    assert world.job.over


@pytest.mark.parametrize("acpi", [14, 60, None])
def test_trying_again_while_it_may_still_shut_down_forgets_nothing(acpi: float | None) -> None:
    world = gave_up(acpi)
    world.hetzner.plan = Plan()
    world.tell(Retry())
    world.run(600)
    promises.ended_well(world)
    assert (world.job.state, world.hetzner.status) == (JobState.DONE, RUNNING)


def test_an_interrupted_job_s_slow_guest_is_powered_on_while_the_job_waits_for_a_yes() -> None:
    world = stopping(HASTY, Plan(acpi=300))
    world.answer()
    world.crash()
    world.wait(5)
    world.come_back()
    world.run(30)
    assert (world.job.hold, world.job.power) == (HoldReason.INTERRUPTED, Power.WATCHED)
    world.run(600)
    assert world.stands(JobState.NEEDS_APPROVAL, HoldReason.INTERRUPTED)
    assert (world.hetzner.status, world.sent) == (RUNNING, [SHUTDOWN, POWER_ON])


def test_a_server_whose_status_says_nothing_for_ever_is_not_waited_for_for_ever() -> None:
    world = off(SnapshotOptions(shut_down=True), Plan(snapshot=30))
    world.answer()
    world.hetzner.status = ServerStatus.UNKNOWN
    world.run(3000)
    assert (world.job.state, world.job.power) == (JobState.DONE, Power.WATCHED)
    world.hetzner.status = OFF
    world.poll()
    world.run(60)
    assert (world.hetzner.status, world.job.over) == (RUNNING, True)


def test_a_server_whose_status_says_nothing_days_later_is_still_powered_on_when_it_is_seen_off() -> None:
    world = off(SnapshotOptions(shut_down=True), Plan(snapshot=30))
    world.crash()
    world.wait(4 * DAY)
    world.hetzner.status = ServerStatus.STOPPING
    world.come_back()
    world.run(1200)
    assert world.job.power is Power.WATCHED
    world.hetzner.status = OFF
    world.poll()
    world.run(60)
    assert (world.hetzner.status, world.job.may_be_off) == (RUNNING, False)


# -- requests that arrive after all ------------------------------------------------------------------------------


def test_a_second_snapshot_that_comes_after_all_is_told_before_the_job_ends() -> None:
    """The first request arrives, against all expectation, when the second has been accepted."""
    world = requesting(plan=Plan(snapshot=20))
    world.lose()
    world.run(SETTLE.total_seconds() + 20, stop_at=CREATE)
    assert world.sent == [CREATE, CREATE]
    world.answer()
    world.run(15)
    first = world.job.image_id
    second = world.hetzner.post(CREATE, JOB_ID, ours=True).snapshot
    assert second is not None
    world.run(300)
    assert (world.job.state, world.job.image_id) == (JobState.DONE, first)
    assert [event.note for event in told(world, JobEventKind.DUPLICATE)] == [str(second.id)]
    assert len(told(world, JobEventKind.SNAPSHOT_DONE)) == 1


def test_a_snapshot_that_comes_after_all_is_found_though_the_job_was_cancelled() -> None:
    world = requesting(plan=Plan(snapshot=20))
    world.lose()
    world.may_send = False
    world.run(SETTLE.total_seconds() + 20)
    world.tell(Cancel())
    world.run(10)
    assert (world.job.result, world.job.state) == (JobState.CANCELLED, JobState.CHECKING)
    world.hetzner.post(CREATE, JOB_ID, ours=True)
    world.run(300)
    promises.ended_well(world)
    assert world.job.state is JobState.DONE


def test_without_a_lost_answer_the_end_waits_for_nothing_and_costs_nothing() -> None:
    world = requesting()
    world.answer()
    world.run(300)
    assert (world.job.state, world.look_ups, world.job.over) == (JobState.DONE, 0, True)


@pytest.mark.parametrize("arrived", [True, False])
def test_a_lost_answer_whose_request_is_accounted_for_needs_no_last_look(arrived: bool) -> None:
    world = requesting()
    if arrived:
        world.carry_out()
    world.lose()
    world.run(600)
    promises.ended_well(world)
    assert world.job.ended is not None
    late = world.job.ended - (world.job.create_image.lost_at or world.job.ended) >= LATE
    assert late is not arrived


def test_a_shutdown_that_comes_after_the_server_was_powered_on_is_undone() -> None:
    world = stopping(HASTY, Plan(snapshot=2, boot=1, acpi=1))
    world.lose()
    world.run(SETTLE.total_seconds() + 20, stop_at=SHUTDOWN)
    assert world.sent == [SHUTDOWN, SHUTDOWN]
    world.answer()
    while world.job.state is not JobState.DONE:
        world.run(1)
    assert world.hetzner.status is RUNNING
    assert (world.job.power, world.job.over) == (Power.WATCHED, False)
    world.hetzner.post(SHUTDOWN, None, ours=True)
    world.run(200)
    promises.ended_well(world)
    assert (world.hetzner.status, world.job.over) == (RUNNING, True)
    assert len(told(world, JobEventKind.DONE)) == 1
