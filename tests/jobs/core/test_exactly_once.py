"""One snapshot for each job, whatever happens to requests and answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.cloud.model import ImageStatus
from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs.core.model import HoldReason, IfLocked, JobState, RequestKind, SnapshotOptions
from hsnap_tui.jobs.core.observations import ActionLost, ActionSeen, LookedUp, Retry, ServerSeen
from hsnap_tui.jobs.core.snapshot.create_image import SLOW_AFTER
from hsnap_tui.jobs.core.tracked_request import MOST_UNKNOWN, SETTLE
from tests.jobs.core.hetzner import Plan
from tests.jobs.core.scenes import requesting, told
from tests.jobs.core.world import JOB_ID, World

CREATE = RequestKind.CREATE_IMAGE


def test_an_unlocked_server_is_snapshotted_at_once_with_one_request() -> None:
    world = World()
    world.poll()
    assert world.job.state is JobState.REQUESTING
    world.run(300)
    world.check_end()
    assert (world.job.state, world.sent, world.look_ups) == (JobState.DONE, [CREATE], 0)
    kinds = [event.kind for event in world.events if event.kind is not JobEventKind.PROGRESS]
    assert kinds == [JobEventKind.REQUESTING, JobEventKind.CREATING, JobEventKind.SNAPSHOT_DONE, JobEventKind.DONE]


def test_a_locked_server_is_waited_for_and_the_job_starts_by_itself() -> None:
    world = World()
    world.hetzner.post(CREATE, None, ours=False)
    world.poll()
    assert (world.job.state, world.job.lock_holder, world.sent) == (JobState.WAITING, "create_image", [])
    world.run(300)
    assert (world.job.state, world.sent) == (JobState.DONE, [CREATE])


def test_a_locked_server_is_skipped_when_that_was_chosen() -> None:
    world = World(SnapshotOptions(if_locked=IfLocked.SKIP))
    world.hetzner.hold(60)
    world.poll()
    assert (world.job.state, world.sent) == (JobState.SKIPPED, [])


@pytest.mark.parametrize("why", [ErrorKind.LOCKED, ErrorKind.RATE_LIMITED])
def test_a_lock_that_comes_before_the_request_is_skipped_once_it_is_not_ours(
    why: ErrorKind,
) -> None:
    world = World(SnapshotOptions(if_locked=IfLocked.SKIP))
    world.run(200, stop_at=CREATE)
    world.hetzner.hold(600)
    world.refuse(why)
    world.run(60)
    assert (world.job.state, world.sent) == (JobState.SKIPPED, [CREATE])
    assert world.look_ups == 1


def test_a_lock_of_our_own_request_is_not_skipped() -> None:
    world = World(SnapshotOptions(if_locked=IfLocked.SKIP))
    world.run(200, stop_at=CREATE)
    world.carry_out()
    world.locked_by_itself()
    world.run(600)
    assert (world.job.state, len(world.hetzner.images)) == (JobState.DONE, 1)


def test_what_waits_too_long_is_held_judged_only_on_what_was_seen_after_the_deadline() -> None:
    world = World(SnapshotOptions(max_wait=timedelta(minutes=5)))
    world.hetzner.hold(1000)
    world.poll()
    world.wait(200)
    world.begin_poll()
    world.wait(700, asleep=True)
    world.deliver_poll(stale=True)
    assert world.job.state is JobState.WAITING, "this was seen before the deadline"
    world.poll()
    assert (world.job.state, world.job.hold) == (JobState.NEEDS_APPROVAL, HoldReason.WAITED_TOO_LONG)


def test_a_423_sends_the_job_back_to_waiting_and_a_look_up_comes_before_the_next_request() -> None:
    world = requesting()
    world.hetzner.hold(20)
    world.answer()
    assert world.job.state is JobState.WAITING
    assert [event.failure and event.failure.kind for event in told(world, JobEventKind.WAITING)] == ["locked"]
    world.wait(10)
    world.poll()
    assert world.look_ups == 0, "still locked: nothing to ask"
    world.wait(15)
    world.poll()
    assert world.look_ups == 1
    world.run(300)
    assert (world.job.state, world.sent) == (JobState.DONE, [CREATE, CREATE])


def test_a_423_may_come_from_the_lock_of_the_job_s_own_request() -> None:
    world = requesting(plan=Plan(label_lag=5))
    world.locked_by_itself()
    world.run(300)
    world.check_end()
    assert (world.job.state, world.sent) == (JobState.DONE, [CREATE])
    assert [event.note for event in told(world, JobEventKind.FOUND)] == ["by its label"]


def test_after_a_423_somebody_else_s_snapshot_delays_the_job_but_does_not_stop_it() -> None:
    world = requesting()
    world.hetzner.post(CREATE, None, ours=False)
    world.answer()
    world.run(300)
    world.check_end()
    assert (world.job.state, world.sent) == (JobState.DONE, [CREATE, CREATE])


def test_a_lost_answer_is_found_by_the_label_even_if_that_shows_late() -> None:
    world = requesting(plan=Plan(label_lag=8))
    world.carry_out()
    world.lose()
    assert world.job.state is JobState.CHECKING
    world.run(300)
    world.check_end()
    assert (world.job.state, world.sent) == (JobState.DONE, [CREATE])
    (found,) = told(world, JobEventKind.FOUND)
    assert (found.note, found.image_id) == ("by its label", world.job.image_id)


@pytest.mark.parametrize("left", [None, ImageStatus.UNAVAILABLE])
def test_a_lost_answer_whose_action_failed_ends_the_job_with_hetzner_s_words(left: ImageStatus | None) -> None:
    world = requesting(plan=Plan(fails=frozenset({"create_image"}), snapshot=3, failed_image=left))
    world.carry_out()
    world.lose()
    world.wait(4, asleep=True)
    world.run(100)
    assert (world.job.state, world.sent) == (JobState.FAILED, [CREATE])
    assert world.job.failure is not None
    assert world.job.failure.kind == "action_failed"


def test_a_lost_request_without_an_effect_is_sent_again_but_not_before_settle_has_passed() -> None:
    world = requesting()
    world.lose()
    given_up = world.now
    world.run(200, stop_at=CREATE)
    assert world.now >= given_up + SETTLE
    assert told(world, JobEventKind.NOT_FOUND)
    assert world.look_ups <= 8
    world.run(300)
    world.check_end()
    assert (world.job.state, world.sent) == (JobState.DONE, [CREATE, CREATE])


@pytest.mark.parametrize("late", [0.1, 5, 20, 29.9])
def test_an_effect_that_comes_late_makes_no_second_snapshot(late: float) -> None:
    world = requesting(plan=Plan(label_lag=8, snapshot=5))
    world.lose(late)
    world.run(300)
    world.check_end()
    assert (world.job.state, world.sent) == (JobState.DONE, [CREATE])


def test_when_the_program_slept_until_the_outcome_must_be_known_a_fresh_look_up_decides() -> None:
    world = requesting()
    world.lose()
    world.wait(2)
    assert world.look_up is not None
    world.wait(4000, asleep=True)
    world.answer_look_up()
    assert world.sent == [CREATE], "what was asked for before the outcome must be known decides nothing"
    world.run(300)
    assert (world.job.state, world.sent) == (JobState.DONE, [CREATE, CREATE])


def test_a_create_image_that_may_be_ours_without_our_label_is_asked_about() -> None:
    world = requesting()
    world.hetzner.post(CREATE, None, ours=False)
    world.lose()
    world.run(300)
    assert (world.job.state, world.sent) == (JobState.UNKNOWN, [CREATE])
    assert world.job.failure is not None
    assert str(world.hetzner.works[0].action.id) in world.job.failure.message
    world.tell(Retry())
    world.run(300)
    world.check_end()
    assert (world.job.state, world.sent) == (JobState.DONE, [CREATE, CREATE])


def test_an_unknown_job_whose_label_shows_after_all_is_found_when_it_is_tried_again() -> None:
    world = requesting(plan=Plan(label_lag=200))
    world.carry_out()
    world.lose()
    world.run(300)
    assert world.job.state is JobState.UNKNOWN
    world.wait(200)
    world.tell(Retry())
    world.run(300)
    world.check_end()
    assert (world.job.state, world.sent) == (JobState.DONE, [CREATE])


def test_a_request_that_is_lost_again_and_again_is_held_for_a_person() -> None:
    world = requesting()
    for _ in range(MOST_UNKNOWN):
        assert world.flight is not None
        world.lose()
        world.run(200, stop_at=CREATE)
    assert (world.job.state, world.job.hold) == (JobState.NEEDS_APPROVAL, HoldReason.TRIED_OFTEN)
    assert world.sent == [CREATE] * MOST_UNKNOWN


@pytest.mark.parametrize("kind", [ErrorKind.RATE_LIMITED, ErrorKind.UNREACHABLE])
def test_what_was_surely_not_carried_out_is_tried_again_after_as_long_as_was_asked(kind: ErrorKind) -> None:
    world = requesting()
    world.refuse(kind, retry_after=40)
    refused_at = world.now
    world.run(300, stop_at=CREATE)
    assert world.now >= refused_at + timedelta(seconds=40)
    world.run(300)
    assert (world.job.state, world.sent) == (JobState.DONE, [CREATE, CREATE])


def test_the_snapshot_limit_holds_and_a_token_without_access_too() -> None:
    for kind, reason in [
        (ErrorKind.LIMIT_REACHED, HoldReason.LIMIT),
        (ErrorKind.READ_ONLY_TOKEN, HoldReason.NO_ACCESS),
        (ErrorKind.UNAUTHORIZED, HoldReason.NO_ACCESS),
        (ErrorKind.FORBIDDEN, HoldReason.NO_ACCESS),
    ]:
        world = requesting()
        world.refuse(kind)
        assert (world.job.state, world.job.hold) == (JobState.NEEDS_APPROVAL, reason)
        assert world.job.failure is not None
        assert world.job.failure.advice


@pytest.mark.parametrize(
    "kind", [ErrorKind.PROTECTED, ErrorKind.NOT_FOUND, ErrorKind.MAINTENANCE, ErrorKind.UNSUPPORTED]
)
def test_what_trying_again_does_not_help_ends_the_job_with_hetzner_s_words(kind: ErrorKind) -> None:
    world = requesting()
    world.refuse(kind)
    assert world.job.state is JobState.FAILED
    assert world.job.failure is not None
    assert world.job.failure.kind == kind.value


def test_a_server_that_is_gone_fails_the_job_unless_the_snapshot_was_begun() -> None:
    world = World()
    world.hetzner.hold(60)
    world.poll()
    world.hetzner.delete()
    world.poll()
    assert world.job.state is JobState.FAILED
    begun = requesting()
    begun.locked_by_itself()
    begun.hetzner.delete()
    begun.run(300)
    begun.check_end()
    assert begun.job.state is JobState.DONE


def test_a_failed_snapshot_is_tried_again_with_the_same_label_and_the_failed_image_is_ignored() -> None:
    world = requesting(plan=Plan(fails=frozenset({"create_image"})))
    world.run(300)
    assert world.job.state is JobState.FAILED
    (failed,) = world.hetzner.images
    world.hetzner.plan = Plan()
    world.tell(Retry())
    world.run(300)
    world.check_end()
    assert (world.job.state, world.job.void_images, world.job.tried) == (JobState.DONE, (failed.snapshot.id,), 1)
    assert [image.job for image in world.hetzner.images] == [JOB_ID, JOB_ID]


def test_an_action_that_the_api_forgot_is_followed_by_the_snapshot_s_label() -> None:
    world = requesting(plan=Plan(label_lag=8))
    world.answer()
    action_id = world.job.create_image.action_id
    assert action_id is not None
    world.hetzner.works.clear()
    world.tell(ActionLost(action_id))
    world.run(300)
    world.check_end()
    assert world.job.state is JobState.DONE


def test_a_snapshot_whose_action_and_label_are_gone_has_failed() -> None:
    world = requesting()
    world.answer()
    action_id = world.job.create_image.action_id
    assert action_id is not None
    world.hetzner.works.clear()
    world.hetzner.images.clear()
    world.tell(ActionLost(action_id))
    world.run(300)
    assert world.job.state is JobState.FAILED


def test_more_than_one_snapshot_with_the_job_s_label_is_told() -> None:
    world = requesting()
    world.carry_out()
    world.hetzner.advance(world.now + timedelta(seconds=10))
    world.hetzner.post(CREATE, JOB_ID, ours=False)
    world.lose()
    world.run(300)
    first, second = (image.snapshot.id for image in world.hetzner.images)
    assert [(event.image_id, event.note) for event in told(world, JobEventKind.DUPLICATE)] == [(first, str(second))]


def test_an_action_of_another_client_is_not_taken_for_the_one_that_makes_the_snapshot() -> None:
    world = requesting(plan=Plan(snapshot=200, unlock_at=0.01))
    world.carry_out()
    own = world.hetzner.works.pop()
    world.lose()
    world.wait(8, asleep=True)
    world.hetzner.plan = Plan(snapshot=1)
    world.hetzner.post(CREATE, None, ours=False)
    world.run(20)
    assert world.job.state is JobState.CREATING, "the other one has ended, ours has not"
    assert world.job.create_image.action_id is None
    world.hetzner.works.append(own)
    world.run(300)
    world.check_end()


def test_a_snapshot_that_takes_far_longer_than_usual_is_told_once_while_it_is_seen_to_run() -> None:
    world = requesting(plan=Plan(snapshot=7 * 3600))
    world.answer()
    world.wait(SLOW_AFTER.total_seconds() + 10, asleep=True)
    assert not told(world, JobEventKind.SLOW)
    world.run(60)
    (slow,) = told(world, JobEventKind.SLOW)
    assert (slow.action_id, slow.image_id) == (world.job.create_image.action_id, world.job.image_id)


def test_progress_is_told_in_steps_of_ten_percent() -> None:
    world = requesting(plan=Plan(snapshot=300))
    world.run(400)
    percents = [event.percent for event in told(world, JobEventKind.PROGRESS)]
    assert len(percents) == 9
    assert percents == sorted(percents, key=lambda percent: percent or 0)


def test_late_and_foreign_observations_change_nothing_in_a_job_that_has_ended() -> None:
    world = requesting()
    world.run(300)
    ended = world.job
    view = world.view()
    for observation in (
        ServerSeen(world.now, view.server),
        LookedUp(CREATE, world.now, view.server, view.actions, view.snapshots),
        ActionSeen(view.actions[0]),
        ActionLost(view.actions[0].id),
    ):
        world.tell(observation)
    assert world.job == ended
