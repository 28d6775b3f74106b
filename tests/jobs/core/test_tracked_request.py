"""Send and know the outcome: unknown outcomes, look-ups and what counts as evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.cloud.model import Action, ActionStatus
from hsnap_tui.jobs.core import tracked_request
from hsnap_tui.jobs.core.model import Phase, RequestKind, TrackedRequest
from hsnap_tui.jobs.core.tracked_request import (
    CLOCK_MARGIN,
    LATE,
    LONGEST_FOR_POWER_ON,
    LONGEST_PAUSE,
    LONGEST_RETRY_AFTER,
    SETTLE,
)

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
VERBS = st.sampled_from(RequestKind)
SECONDS = st.floats(0, 100_000)
OFFSETS = st.floats(-600, 600).map(lambda seconds: timedelta(seconds=seconds))
COMMANDS = {"create_image": "create_image", "shutdown": "shutdown_server", "poweroff": "stop_server"}


def sent(request_kind: RequestKind = RequestKind.CREATE_IMAGE, at: datetime = NOW) -> TrackedRequest:
    return tracked_request.intend(TrackedRequest(request_kind), at)


def action(action_id: int, command: str, started: datetime) -> Action:
    return Action(action_id, command, ActionStatus.RUNNING, 0, started.replace(microsecond=0))


@given(SECONDS, SECONDS)
def test_the_outcome_is_unknown_until_settle_after_the_request_was_given_up_and_begins_with_its_intent(
    gave_up: float, later: float
) -> None:
    lost = tracked_request.lost(sent(), NOW + timedelta(seconds=gave_up))
    assert (lost.phase, lost.unknown_since) == (Phase.OUTCOME_UNKNOWN, NOW)
    assert lost.unknown_until == NOW + timedelta(seconds=gave_up) + SETTLE
    again = tracked_request.lost(
        tracked_request.intend(lost, NOW + timedelta(seconds=later)), NOW + timedelta(seconds=later)
    )
    assert again.unknown_since == NOW, "the earliest attempt that is not known"


@given(st.floats(0.01, 20), st.lists(st.floats(0, 10), min_size=30, max_size=30))
def test_look_ups_end_when_the_outcome_must_be_known_and_one_is_made_right_then(
    first: float, answers: list[float]
) -> None:
    current = tracked_request.lost(sent(), NOW)
    now, looks = NOW + timedelta(seconds=first), 0
    end = current.unknown_until
    assert end is not None
    while now < end:
        looks += 1
        began = now
        now += timedelta(seconds=answers[looks])
        current = tracked_request.looked_without_result(current, now)
        assert current.not_before is not None
        assert current.not_before > now
        if now < end:
            assert current.not_before <= end
        now = current.not_before
        assert now > began
    assert looks <= 6
    assert now <= end + timedelta(seconds=25)


@given(VERBS, st.integers(1, 10_000))
def test_pauses_after_refusals_grow_and_stay_within_reason(request_kind: RequestKind, attempts: int) -> None:
    current = TrackedRequest(request_kind, Phase.SENT, attempts)
    after = tracked_request.refused(current, NOW, None).not_before
    later = tracked_request.refused(TrackedRequest(request_kind, Phase.SENT, attempts + 1), NOW, None).not_before
    assert after is not None
    assert later is not None
    assert NOW < after <= later <= NOW + LONGEST_PAUSE


@given(VERBS, st.floats(0.1, 1e9))
def test_what_an_answer_asks_to_wait_is_kept_within_reason(request_kind: RequestKind, asked: float) -> None:
    wait = tracked_request.refused(sent(request_kind), NOW, asked).not_before
    longest = LONGEST_FOR_POWER_ON if request_kind is RequestKind.POWER_ON else LONGEST_RETRY_AFTER
    assert wait == NOW + min(timedelta(seconds=min(asked, 1e6)), longest)


@given(st.floats(0, 25), st.floats(-2, 2), OFFSETS)
def test_our_own_action_is_always_found_whatever_the_clocks_say(took: float, error: float, offset: timedelta) -> None:
    """It begins after the intent and before the outcome must be known; Hetzner's clock is known to two seconds."""
    lost = tracked_request.lost(sent(), NOW)
    own = action(7, "create_image", NOW + timedelta(seconds=took) + offset)
    known = offset + timedelta(seconds=error)
    assert tracked_request.candidate_actions(lost, [own], lost.unknown_since, known) == (own,)
    assert tracked_request.possibly_ours(lost, [own], known) == (own,)


@given(SECONDS, OFFSETS)
def test_what_began_well_before_the_intent_or_after_the_outcome_must_be_known_is_not_ours(
    apart: float, offset: timedelta
) -> None:
    lost = tracked_request.lost(sent(), NOW)
    assert lost.unknown_until is not None
    far = CLOCK_MARGIN + timedelta(seconds=apart + 1)
    before = action(1, "create_image", NOW - far + offset)
    after = action(2, "create_image", lost.unknown_until + far + timedelta(seconds=1) + offset)
    assert tracked_request.candidate_actions(lost, [before], lost.unknown_since, offset) == ()
    assert tracked_request.possibly_ours(lost, [before, after], offset) == ()


def test_evidence_is_of_the_same_kind_and_not_accounted_for_already() -> None:
    lost = tracked_request.lost(sent(RequestKind.SHUTDOWN), NOW)
    others = [action(1, "create_image", NOW), action(2, "stop_server", NOW)]
    own = action(3, "shutdown_server", NOW)
    assert tracked_request.possibly_ours(lost, [own, *others], timedelta(0)) == (own,)
    assert tracked_request.possibly_ours(tracked_request.rule_out(lost, 3), [own, *others], timedelta(0)) == ()


def test_without_an_unknown_outcome_nothing_is_evidence() -> None:
    assert tracked_request.possibly_ours(sent(), [action(1, "create_image", NOW)], timedelta(0)) == ()
    assert tracked_request.begun_since([action(1, "create_image", NOW)], None, timedelta(0)) == ()


def test_a_request_of_a_process_that_is_gone_has_an_unknown_outcome_from_its_intent_until_settle_from_now() -> None:
    hours_later = NOW + timedelta(hours=3)
    unknown = tracked_request.interrupted(sent(), hours_later)
    assert (unknown.phase, unknown.unknown_since, unknown.unknown_until) == (
        Phase.OUTCOME_UNKNOWN,
        NOW,
        hours_later + SETTLE,
    )
    ready = TrackedRequest(RequestKind.CREATE_IMAGE)
    assert tracked_request.interrupted(ready, hours_later) == ready


def test_an_attempt_that_failed_is_accounted_for_and_a_person_s_retry_forgets_what_was_unknown() -> None:
    made = tracked_request.found(tracked_request.lost(sent(), NOW), 42, NOW)
    assert (made.phase, made.unknown_since, made.unknown_until, made.answered) == (Phase.ACCEPTED, None, None, NOW)
    afresh = tracked_request.afresh(made)
    assert (afresh.phase, afresh.ruled_out, afresh.action_id, afresh.unknown_count) == (Phase.READY, (42,), None, 0)
    assert afresh.attempts == 1, "so that it is looked up before it is sent again"


@given(st.floats(-3, 10**6))
def test_an_action_that_nobody_explains_is_that_of_a_missing_attempt_whatever_the_clocks_say(
    after: float,
) -> None:
    lost = tracked_request.resolved(tracked_request.lost(sent(RequestKind.SHUTDOWN), NOW))
    own = action(3, "shutdown_server", NOW + timedelta(seconds=after) + timedelta(seconds=1))
    another = action(4, "shutdown_server", own.started)
    assert tracked_request.unaccounted(lost, [own, another], timedelta(0)) == (own,)
    assert tracked_request.unaccounted(tracked_request.found(lost, 3, NOW), [own, another], timedelta(0)) == ()
    assert tracked_request.unaccounted(sent(RequestKind.SHUTDOWN), [own], timedelta(0)) == ()


def test_what_was_lost_is_missing_until_it_can_t_arrive_any_more() -> None:
    lost = tracked_request.resolved(tracked_request.lost(sent(RequestKind.SHUTDOWN), NOW))
    soon, later = NOW + LATE - timedelta(seconds=1), NOW + LATE
    assert tracked_request.given_up(lost, [], soon, timedelta(0)).missing == 1
    assert tracked_request.given_up(lost, [], later, timedelta(0)).missing == 0
    own = action(3, "shutdown_server", NOW)
    assert tracked_request.given_up(lost, [own], later, timedelta(0)).missing == 1


def test_what_is_lost_again_and_again_is_looked_up_less_often_each_time() -> None:
    request, waits = sent(RequestKind.POWER_ON), []
    for _ in range(7):
        request = tracked_request.lost(request, NOW)
        assert request.not_before is not None
        waits.append((request.not_before - NOW).total_seconds())
        request = tracked_request.intend(request, NOW)
    assert waits == [1, 2, 4, 8, 15, 15, 15]
