"""What the property test has once found, each as a scene of its own: refusals without end, clocks that are wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.cloud.model import ImageStatus, ServerStatus
from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs.core.model import HoldReason, IfStillOn, JobState, Power, RequestKind, SnapshotOptions
from hsnap_tui.jobs.core.observations import ActionLost, Cancel, Hold, Release, Retry
from hsnap_tui.jobs.core.tracked_request import MOST_UNKNOWN
from tests.jobs.core import promises
from tests.jobs.core.hetzner import Hetzner, Plan
from tests.jobs.core.scenes import told
from tests.jobs.core.world import START, World

CREATE, SHUTDOWN, POWER_ON = RequestKind.CREATE_IMAGE, RequestKind.SHUTDOWN, RequestKind.POWER_ON
OFF, RUNNING = ServerStatus.OFF, ServerStatus.RUNNING
WRONG_DATES = pytest.mark.parametrize("wrong_by", [900.0, -900.0, -3600.0])


def world_of(plan: Plan, *, max_wait: timedelta | None = None, **options: object) -> World:
    """A job that shuts down a running server, from before its first poll."""
    minute = timedelta(minutes=1)
    chosen = SnapshotOptions(max_wait=max_wait, shut_down=True, off_within=minute, **options)  # type: ignore[arg-type]
    return World(chosen, Hetzner(START, plan=plan))


# -- refusals without end ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("route", "acpi", "sent"), [(SHUTDOWN, 5.0, MOST_UNKNOWN), (RequestKind.POWER_OFF, None, MOST_UNKNOWN + 1)]
)
def test_a_job_whose_shutdown_is_lost_again_and_again_asks_a_person(
    route: RequestKind, acpi: float | None, sent: int
) -> None:
    world = world_of(Plan(acpi=acpi), if_still_on=IfStillOn.POWER_OFF)
    world.hetzner.refuse(route, ErrorKind.OUTCOME_UNKNOWN, None)
    world.run(1200)
    assert world.stands(JobState.NEEDS_APPROVAL, HoldReason.TRIED_OFTEN)
    assert (len(world.sent), world.hetzner.status) == (sent, RUNNING)
    assert world.job.power is Power.WATCHED, "one of the lost requests may still take effect"


def test_after_a_yes_lost_shutdowns_are_counted_anew() -> None:
    world = world_of(Plan())
    world.hetzner.refuse(SHUTDOWN, ErrorKind.OUTCOME_UNKNOWN, None)
    world.run(1200)
    world.hetzner.routes.clear()
    world.tell(Release())
    world.run(600)
    promises.ended_well(world)
    assert world.stands(JobState.DONE)


def test_a_shutdown_that_is_refused_as_locked_is_waited_for_no_longer_than_allowed() -> None:
    world = world_of(Plan(), max_wait=timedelta(minutes=2))
    world.hetzner.refuse(SHUTDOWN, ErrorKind.LOCKED, None)
    world.run(600)
    assert world.stands(JobState.NEEDS_APPROVAL, HoldReason.WAITED_TOO_LONG)


def test_an_earlier_refusal_does_not_count_once_the_server_was_shut_down() -> None:
    world = world_of(Plan(acpi=50), max_wait=timedelta(seconds=40))
    world.hetzner.refuse(SHUTDOWN, ErrorKind.LOCKED, 20)
    world.run(600)
    promises.ended_well(world)
    assert world.stands(JobState.DONE)


# -- answers that were lost before a person said yes -------------------------------------------------------------


def test_a_snapshot_that_arrives_after_a_person_had_another_one_made_is_told() -> None:
    world = world_of(Plan(snapshot=60))
    world.hetzner.status = OFF
    world.run(60, stop_at=CREATE)
    world.hetzner.post(CREATE, None, ours=False)
    world.lose(late=100)
    world.run(70)
    assert world.stands(JobState.UNKNOWN)
    world.tell(Retry())
    world.run(300)
    promises.ended_well(world)
    (duplicate,) = told(world, JobEventKind.DUPLICATE)
    assert duplicate.note == str(world.hetzner.images[-1].snapshot.id)


# -- clocks that are wrong ---------------------------------------------------------------------------------------


@WRONG_DATES
def test_somebody_else_s_power_off_counts_whatever_hetzner_s_date_says(wrong_by: float) -> None:
    world = world_of(Plan(acpi=600))
    world.run(30)
    world.hetzner.post(RequestKind.POWER_OFF, None, ours=False)
    world.date_is_wrong_by(wrong_by)
    world.run(300)
    assert (world.sent, world.hetzner.status) == ([SHUTDOWN, CREATE], OFF)
    assert len(told(world, JobEventKind.LEFT_ALONE)) == 1


@WRONG_DATES
def test_what_somebody_else_did_before_us_does_not_count_whatever_hetzner_s_date_says(wrong_by: float) -> None:
    world = world_of(Plan(acpi=None))
    world.hetzner.post(SHUTDOWN, None, ours=False)
    world.wait(60)
    world.hetzner.plan = Plan()
    world.poll()
    world.date_is_wrong_by(wrong_by)
    world.run(600)
    promises.ended_well(world)
    assert (world.sent, world.hetzner.status) == ([SHUTDOWN, CREATE, POWER_ON], RUNNING)


@pytest.mark.parametrize("wrong_by", [0.0, 900.0, -3600.0])
def test_somebody_else_s_power_off_counts_that_came_while_our_shutdown_was_on_its_way(wrong_by: float) -> None:
    world = world_of(Plan(acpi=None))
    world.run(60, stop_at=SHUTDOWN)
    world.date_is_wrong_by(wrong_by)
    world.hetzner.post(RequestKind.POWER_OFF, None, ours=False)
    world.wait(130, asleep=True)
    world.run(300)
    assert (world.sent, world.hetzner.status) == ([SHUTDOWN, CREATE], OFF)


def test_a_shutdown_lost_before_the_clock_was_set_ahead_is_watched_for_as_long_as_any() -> None:
    world = world_of(Plan(acpi=None))
    world.run(60, stop_at=SHUTDOWN)
    world.lose(late=45)
    world.crash()
    world.hetzner.plan = Plan(snapshot=1, acpi=0, boot=1)
    world.come_back(own=True, clock_set=900)
    world.run(300)
    promises.ended_well(world)
    assert world.hetzner.status is RUNNING


@WRONG_DATES
def test_a_lost_shutdown_that_took_effect_is_ours_whatever_hetzner_s_date_says(wrong_by: float) -> None:
    world = world_of(Plan(acpi=115))
    world.date_is_wrong_by(wrong_by)
    world.run(60, stop_at=SHUTDOWN)
    world.lose(late=29.9)
    world.run(900)
    promises.ended_well(world)
    assert world.hetzner.status is RUNNING


@pytest.mark.parametrize("wrong_by_later", [0.0, -3600.0])
def test_a_lost_shutdown_that_was_given_up_under_a_wrong_date_is_ours_under_any_other(wrong_by_later: float) -> None:
    world = world_of(Plan(acpi=200))
    world.date_is_wrong_by(900)
    world.run(60, stop_at=SHUTDOWN)
    world.leaving = True
    world.lose(late=29.9)
    world.run(180)
    assert (world.job.power, world.job.shutdown.missing) == (Power.WATCHED, 0)
    world.date_is_wrong_by(wrong_by_later)
    world.run(600)
    assert (world.sent, world.hetzner.status) == ([SHUTDOWN, POWER_ON], RUNNING)
    assert not told(world, JobEventKind.LEFT_ALONE)


def test_a_lost_power_off_that_took_effect_under_a_wrong_date_is_ours() -> None:
    world = world_of(Plan(acpi=None), if_still_on=IfStillOn.POWER_OFF)
    world.date_is_wrong_by(900)
    world.run(120, stop_at=RequestKind.POWER_OFF)
    world.lose(late=29.9)
    world.run(300)
    promises.ended_well(world)
    assert world.sent == [SHUTDOWN, RequestKind.POWER_OFF, CREATE, POWER_ON]
    assert (world.hetzner.status, world.job.state) == (RUNNING, JobState.DONE)


def test_a_retry_does_not_take_the_earlier_try_s_shutdown_for_its_own() -> None:
    world = world_of(Plan(snapshot=1, acpi=0, fails=frozenset({"create_image"}), failed_image=None))
    world.date_is_wrong_by(-3600)
    world.run(200)
    assert world.stands(JobState.FAILED)
    world.tell(Retry())
    world.run(60, stop_at=SHUTDOWN)
    world.lose(late=29.9)
    world.run(200)
    assert (world.sent, world.hetzner.status) == ([SHUTDOWN, CREATE, POWER_ON] * 2, RUNNING)


def test_a_shutdown_of_an_earlier_process_is_watched_for_from_the_takeover_on() -> None:
    world = world_of(Plan(acpi=30))
    world.run(60, stop_at=SHUTDOWN)
    world.tell(Cancel())
    world.answer()
    world.crash()
    world.come_back(own=True, clock_set=1e6)
    world.run(300)
    promises.ended_well(world)
    assert (world.sent, world.hetzner.status) == ([SHUTDOWN, POWER_ON], RUNNING)


@pytest.mark.parametrize("clock_set", [-900.0, -3600.0, 900.0])
def test_a_lost_shutdown_of_an_earlier_process_is_watched_for_when_the_clock_was_set(clock_set: float) -> None:
    world = world_of(Plan(acpi=600))
    world.run(60, stop_at=SHUTDOWN)
    world.tell(Cancel())
    world.crash(late=4)
    world.wait(130, asleep=True)
    world.come_back(clock_set=clock_set)
    world.run(1200)
    promises.ended_well(world)
    assert (world.sent, world.hetzner.status) == ([SHUTDOWN, POWER_ON], RUNNING)


@WRONG_DATES
def test_a_request_sent_twice_on_the_way_makes_one_snapshot_whatever_hetzner_s_date_says(wrong_by: float) -> None:
    world = world_of(Plan(unlock_at=0.01, label_lag=8))
    world.run(60, stop_at=CREATE)
    world.locked_by_itself()
    world.date_is_wrong_by(wrong_by)
    world.run(600)
    promises.ended_well(world)
    assert world.sent.count(CREATE) == 1


@pytest.mark.parametrize("clock_set", [900.0, -900.0])
def test_a_held_job_s_lost_request_is_looked_for_when_the_clock_was_set(clock_set: float) -> None:
    world = world_of(Plan(unlock_at=0.01, label_lag=8))
    world.hetzner.status = OFF
    world.run(60, stop_at=CREATE)
    world.locked_by_itself()
    world.tell(Hold(HoldReason.LIMIT))
    world.crash()
    world.come_back(own=True, clock_set=clock_set)
    world.wait(3)
    world.tell(Release())
    world.run(600)
    promises.ended_well(world)
    assert world.sent == [CREATE]


@pytest.mark.parametrize("names_image", [True, False])
def test_the_action_of_a_snapshot_is_found_though_the_clock_was_set_back(names_image: bool) -> None:
    fails = frozenset({"create_image"})
    world = world_of(Plan(snapshot=200, fails=fails, failed_image=ImageStatus.CREATING, names_image=names_image))
    world.run(60, stop_at=CREATE)
    world.answer()
    world.wait(60)
    world.crash()
    world.come_back(own=True, clock_set=-1e6)
    assert world.job.create_image.action_id is not None
    world.tell(ActionLost(world.job.create_image.action_id))
    world.run(600)
    promises.ended_well(world)
    assert world.stands(JobState.FAILED)
