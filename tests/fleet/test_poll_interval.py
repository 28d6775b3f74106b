from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.cloud.api import RateLimitStatus
from hsnap_tui.fleet.poll_interval import (
    FASTEST,
    POLLS_KEEP,
    Attention,
    PollConditions,
    PollInterval,
    allowance,
    full_list_interval,
    poll_interval,
    rate,
)

FOCUSED = PollConditions(Attention.FOCUSED, busy=False)


def budget(remaining: float, limit: int = 3600) -> RateLimitStatus:
    return RateLimitStatus(limit, remaining, max(2, limit // 50), limit / 3600, known=True)


@st.composite
def budgets(draw: st.DrawFn) -> RateLimitStatus:
    limit = draw(st.integers(10, 100_000))
    return budget(draw(st.floats(0, 1)) * limit, limit)


conditions = st.builds(PollConditions, st.sampled_from(Attention), st.booleans(), st.booleans(), st.floats(0, 10_000))


@pytest.mark.parametrize(
    ("conditions", "seconds", "reason"),
    [
        (FOCUSED, 2.5, None),
        (PollConditions(Attention.FOCUSED, busy=True), 2.5, None),
        (PollConditions(Attention.NO_SCREEN, busy=True), 2.0, None),
        (PollConditions(Attention.UNFOCUSED, busy=True), 5.0, "the terminal is not in focus"),
        (PollConditions(Attention.UNFOCUSED, busy=False), 15.0, "the terminal is not in focus"),
        (PollConditions(Attention.UNFOCUSED, busy=False, idle=900), 15.0, "the terminal is not in focus"),
        (
            PollConditions(Attention.UNFOCUSED, busy=False, idle=9000),
            30.0,
            "the terminal is not in focus and nothing moves",
        ),
        (PollConditions(Attention.UNFOCUSED, busy=True, urgent=True), 2.0, None),
    ],
)
def test_with_a_full_budget_attention_sets_the_pace(
    conditions: PollConditions, seconds: float, reason: str | None
) -> None:
    assert poll_interval(budget(3600), 2, conditions) == PollInterval(seconds, 2, reason)


@pytest.mark.parametrize(("left", "seconds"), [(2000, 2.5), (1500, 4.0), (1000, 8.0), (300, 8.0), (200, 20.0)])
def test_the_less_is_left_the_slower(left: float, seconds: float) -> None:
    assert poll_interval(budget(left), 2, FOCUSED).interval == pytest.approx(seconds)


def test_what_slows_is_said_with_about_how_long() -> None:
    slow = poll_interval(budget(1500), 2, FOCUSED)
    assert slow.slowed_by == "to spare the rate limit"
    assert slow.normal_in == pytest.approx((1800 - 600 * (1 - 2 / 2.5) - 1500) / 0.75)
    assert poll_interval(budget(100), 2, FOCUSED).slowed_by == "the rate limit is nearly used up"
    assert poll_interval(budget(1000), 8, FOCUSED).normal_in is None, "more than is refilled is never normal for long"


@pytest.mark.parametrize(("limit", "seconds"), [(50, 18), (3600, 2.5), (100_000, 2.5)])
def test_any_limit_has_a_pace(limit: int, seconds: float) -> None:
    assert poll_interval(budget(limit, limit), 1, FOCUSED).interval == pytest.approx(seconds, abs=0.1)


@given(budgets(), st.floats(0, 200), conditions)
def test_never_faster_than_attention_asks_nor_than_the_budget_bears(
    view: RateLimitStatus, cost: float, conditions: PollConditions
) -> None:
    now, full = poll_interval(view, cost, conditions), poll_interval(budget(3600), 0, conditions)
    assert now.interval >= full.interval
    assert cost / now.interval <= rate(view, POLLS_KEEP) * 1.051
    assert (now.slowed_by is None) <= (now.interval == full.interval)


@given(budgets(), st.floats(0.1, 0.9), st.floats(0, 1))
def test_less_left_is_never_quicker(view: RateLimitStatus, keep: float, share: float) -> None:
    less = budget(view.remaining * share, view.limit)
    assert 0 < rate(less, keep) <= rate(view, keep) <= FASTEST


@given(budgets(), st.integers(1, 200), conditions)
def test_full_lists_take_what_polls_leave(view: RateLimitStatus, pages: int, conditions: PollConditions) -> None:
    present = poll_interval(view, 2, conditions)
    assert present.interval <= full_list_interval(view, pages, present, conditions)
    if conditions.attention is not Attention.FOCUSED:
        assert full_list_interval(view, pages, present, conditions) >= 60


@given(budgets(), conditions)
def test_what_a_poll_may_take_by_choice_never_slows_it(view: RateLimitStatus, conditions: PollConditions) -> None:
    may = allowance(view, conditions)
    assert poll_interval(view, may, conditions).interval == poll_interval(view, 0, conditions).interval
    assert may == 0 or conditions.attention is Attention.FOCUSED


@given(st.integers(10, 100_000), st.floats(0.5, 12), st.floats(0, 1))
def test_in_the_long_run_half_of_the_limit_is_left(limit: int, cost: float, start: float) -> None:
    left = start * limit
    for _ in range(1500):
        step = poll_interval(budget(left, limit), cost, FOCUSED).interval
        left = min(float(limit), left - cost + step * limit / 3600)
    assert left >= 0.45 * limit - cost
