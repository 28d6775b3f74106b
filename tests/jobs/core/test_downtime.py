"""No server is off longer than was allowed, and every wait has an end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs.core.model import HoldReason, JobState, Power, RequestKind, SnapshotOptions
from hsnap_tui.jobs.core.observations import ActionLost, Cancel, Release, Retry
from hsnap_tui.jobs.core.snapshot.create_image import ENDLESS_AFTER
from hsnap_tui.jobs.core.snapshot.shutting_down import STATUS_WITHIN
from tests.jobs.core import promises
from tests.jobs.core.hetzner import Plan
from tests.jobs.core.scenes import off, requesting, stopping, told
from tests.jobs.core.world import World

CREATE, SHUTDOWN, POWER_ON = RequestKind.CREATE_IMAGE, RequestKind.SHUTDOWN, RequestKind.POWER_ON
OFF, RUNNING = ServerStatus.OFF, ServerStatus.RUNNING
SHORT = SnapshotOptions(shut_down=True, max_downtime=timedelta(minutes=3))


def while_refused(world: World, kind: ErrorKind, seconds: float) -> None:
    """All goes well for so long, but each `create_image` is refused."""
    until = world.now + timedelta(seconds=seconds)
    while world.now < until and not world.job.resting:
        world.run((until - world.now).total_seconds(), stop_at=CREATE)
        if world.flight is not None:
            world.refuse(kind)


@pytest.mark.parametrize("kind", [ErrorKind.RATE_LIMITED, ErrorKind.LOCKED, ErrorKind.UNREACHABLE])
def test_a_server_whose_snapshot_is_refused_again_and_again_is_powered_on_when_its_downtime_is_over(
    kind: ErrorKind,
) -> None:
    world = off(SHORT)
    while_refused(world, kind, 1000)
    assert world.stands(JobState.NEEDS_APPROVAL, HoldReason.DOWNTIME)
    assert (world.hetzner.status, world.sent[-1]) == (RUNNING, POWER_ON)
    assert world.job.downtime is not None
    assert timedelta(minutes=3) <= world.job.downtime < timedelta(minutes=4)
    (held,) = told(world, JobEventKind.NEEDS_APPROVAL)
    assert held.failure is not None
    assert kind.value in held.failure.message, "the last answer is told"
    world.tell(Release())
    world.run(600)
    promises.ended_well(world)
    assert world.job.state is JobState.DONE


def test_powering_on_in_time_does_not_wait_for_what_became_of_a_lost_request() -> None:
    world = off(SHORT)
    world.lose()
    for _ in range(200):
        if world.look_up and world.look_up[0] is CREATE:
            world.fail_look_up()
        elif world.look_up:
            world.answer_look_up()
        elif world.flight:
            world.answer()
        world.wait(2)
        world.poll()
    assert (world.hetzner.status, world.sent) == (RUNNING, [SHUTDOWN, CREATE, POWER_ON])
    assert world.job.downtime is not None
    assert world.job.downtime < timedelta(minutes=4)
    world.run(300)
    assert world.stands(JobState.NEEDS_APPROVAL, HoldReason.DOWNTIME)


def test_a_snapshot_under_way_is_no_downtime_in_vain() -> None:
    world = off(SHORT, Plan(snapshot=1000, unlock_at=0.5))
    world.run(2000)
    promises.ended_well(world)
    assert world.job.state is JobState.DONE


def test_somebody_else_s_lock_on_a_server_that_is_off_is_waited_for_only_so_long() -> None:
    world = stopping(SHORT)
    world.answer()
    world.wait(3)
    world.hetzner.hold(400)
    world.run(1000)
    assert world.stands(JobState.NEEDS_APPROVAL, HoldReason.DOWNTIME)
    assert (world.hetzner.status, world.sent) == (RUNNING, [SHUTDOWN, POWER_ON])


def test_the_downtime_after_a_takeover_counts_from_when_the_shutdown_may_have_worked() -> None:
    world = stopping(SHORT)
    world.answer()
    answered = world.now
    world.wait(7)
    world.crash()
    world.wait(100)
    world.come_back()
    world.run(120)
    assert world.stands(JobState.NEEDS_APPROVAL, HoldReason.INTERRUPTED)
    assert world.job.on_at is not None
    assert world.job.downtime == world.job.on_at - answered
    assert world.job.downtime > timedelta(seconds=107)


def test_a_server_that_looks_unlocked_but_refuses_as_locked_is_waited_for_only_so_long() -> None:
    world = requesting(SnapshotOptions(max_wait=timedelta(minutes=2)))
    world.refuse(ErrorKind.LOCKED)
    began = world.now
    while_refused(world, ErrorKind.LOCKED, 1000)
    assert world.stands(JobState.NEEDS_APPROVAL, HoldReason.WAITED_TOO_LONG)
    assert world.now - began < timedelta(minutes=4)
    world.tell(Release())
    world.run(300)
    promises.ended_well(world)
    assert world.job.state is JobState.DONE


# -- every wait has an end ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [ServerStatus.UNKNOWN, ServerStatus.STARTING, ServerStatus.MIGRATING])
def test_a_server_to_be_shut_down_that_is_neither_running_nor_off_is_held_after_a_while(status: ServerStatus) -> None:
    world = World(SHORT)
    world.hetzner.status = status
    world.run(STATUS_WITHIN.total_seconds() - 30)
    assert world.stands(JobState.QUEUED)
    world.run(60)
    assert world.stands(JobState.NEEDS_APPROVAL, HoldReason.STATUS)
    assert world.job.failure is not None
    assert status.value in world.job.failure.message
    assert world.sent == []
    world.hetzner.status = RUNNING
    world.tell(Release())
    world.run(300)
    assert world.job.state is JobState.DONE


def test_a_server_that_hangs_while_it_stops_fails_its_job_and_is_watched() -> None:
    world = stopping(SHORT, Plan(acpi=None))
    world.answer()
    world.hetzner.status = ServerStatus.STOPPING
    world.run(2000)
    assert (world.job.state, world.job.power) == (JobState.FAILED, Power.WATCHED)


@pytest.mark.parametrize("lost", [True, False])
def test_a_snapshot_that_is_in_the_making_for_ever_ends_as_an_open_question(lost: bool) -> None:
    world = requesting(plan=Plan(snapshot=10**6, unlock_at=0.00001))
    world.answer()
    if lost:
        assert world.job.create_image.action_id is not None
        world.tell(ActionLost(world.job.create_image.action_id))
        world.run(20)
    world.wait(ENDLESS_AFTER.total_seconds(), asleep=True)
    world.run(60)
    assert world.job.state is JobState.UNKNOWN
    assert world.job.failure is not None
    assert world.job.failure.advice


def test_somebody_s_action_that_never_ends_is_not_waited_for_for_ever_to_know_whether_it_is_ours() -> None:
    world = requesting(plan=Plan(snapshot=10**6))
    world.hetzner.post(CREATE, None, ours=False)
    world.lose()
    world.run(600)
    assert world.stands(JobState.CHECKING)
    world.run(ENDLESS_AFTER.total_seconds(), every=timedelta(minutes=1))
    assert world.job.state is JobState.UNKNOWN
    assert world.sent == [CREATE]


# -- what people say about it ------------------------------------------------------------------------------------


def unknown() -> World:
    """A job of which it could not be found out whether its snapshot exists."""
    world = requesting(plan=Plan(snapshot=10**6, unlock_at=0.00001))
    world.answer()
    world.wait(ENDLESS_AFTER.total_seconds(), asleep=True)
    world.run(60)
    return world


def test_an_unknown_job_can_be_left_as_it_is() -> None:
    world = unknown()
    assert world.job.cancellable
    world.tell(Cancel())
    assert world.job.over
    assert world.job.state is JobState.CANCELLED
    (cancelled,) = told(world, JobEventKind.CANCELLED)
    assert cancelled.note == "left as it is"
    assert not world.job.cancellable


def test_an_unknown_job_can_still_be_tried_again() -> None:
    world = unknown()
    world.hetzner.plan = Plan()
    world.tell(Retry())
    world.run(300)
    assert world.job.state is JobState.DONE


def test_a_failed_snapshot_names_no_image() -> None:
    world = requesting(plan=Plan(fails=frozenset({"create_image"}), snapshot=20))
    world.answer()
    made = world.job.image_id
    world.run(100)
    assert made is not None
    assert (world.job.state, world.job.image_id) == (JobState.FAILED, None)
    assert [event.image_id for event in told(world, JobEventKind.FAILED)] == [None]
    assert made in world.job.void_images


def test_a_job_interrupted_in_its_shutdown_is_not_said_to_have_asked_for_a_snapshot() -> None:
    world = stopping(SHORT, Plan(acpi=30))
    world.answer()
    world.leaving = True
    world.poll()
    assert world.job.result is JobState.NEEDS_APPROVAL
    world.crash()
    world.come_back()
    assert [event.note for event in told(world, JobEventKind.RESUMED)] == ["restore_pending"]
