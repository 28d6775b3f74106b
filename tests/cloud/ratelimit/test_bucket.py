"""The arithmetic of the budget against a model of Hetzner's limiter, with answers in any order."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.priorities import must_remain, reserve
from hsnap_tui.cloud.ratelimit.bucket import UNPROVEN, Bucket, Permit

LIMITS = st.one_of(st.integers(1, 200), st.sampled_from([50, 3600, 7200, 100_000]))
EPSILON = 1e-3


class Alone(RuleBasedStateMachine):
    """We alone use the project: the estimate is never above what is really left, and no floor is passed.

    Requests are counted at Hetzner at any time between admission and answer, answers arrive in any order,
    or never.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.limit = 3600
        self.level = 3600.0
        self.bucket = Bucket()
        self.admitted = 0
        self.waiting: list[Permit] = []
        self.counted: list[tuple[Permit, float]] = []

    @initialize(limit=LIMITS, share=st.floats(0, 1))
    def start(self, limit: int, share: float) -> None:
        self.limit = limit
        self.bucket = Bucket(limit)
        self.level = limit * share
        first = self.admit(Priority.POLL)
        self.waiting.remove(first)
        self.bucket.under_way.remove(first)
        self.level = max(0.0, self.level - 1)
        self.bucket.answered(first, math.floor(self.level), self.now, self.admitted)

    def admit(self, priority: Priority) -> Permit:
        self.admitted += 1
        permit = Permit(self.admitted, priority, "/")
        self.waiting.append(permit)
        self.bucket.under_way.add(permit)
        return permit

    @rule(seconds=st.floats(0, 500))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.level = min(self.limit, self.level + seconds * self.limit / 3600)

    @rule(priority=st.sampled_from(Priority))
    def ask(self, priority: Priority) -> None:
        wait = self.bucket.wait(priority, self.now)
        if wait > 0:
            assert must_remain(priority, self.limit) + 1 > self.bucket.estimate(self.now)
            return
        self.admit(priority)
        assert self.level - len(self.waiting) >= must_remain(priority, self.limit) - EPSILON

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def hetzner_counts_one(self, data: st.DataObject) -> None:
        permit = self.waiting.pop(data.draw(st.integers(0, len(self.waiting) - 1)))
        assert self.level >= 1 - EPSILON, "a 429 though nobody else was there"
        self.level -= 1
        self.counted.append((permit, math.floor(self.level + EPSILON)))

    @precondition(lambda self: self.counted)
    @rule(data=st.data())
    def an_answer_arrives(self, data: st.DataObject) -> None:
        permit, left = self.counted.pop(data.draw(st.integers(0, len(self.counted) - 1)))
        self.bucket.under_way.remove(permit)
        self.bucket.answered(permit, left, self.now, self.admitted)
        self.bucket.accepted()

    @precondition(lambda self: self.counted)
    @rule(data=st.data())
    def an_answer_is_lost(self, data: st.DataObject) -> None:
        permit, _ = self.counted.pop(data.draw(st.integers(0, len(self.counted) - 1)))
        self.bucket.under_way.remove(permit)
        self.bucket.uncounted(self.now, self.admitted, answered=False)

    @invariant()
    def never_above_the_truth(self) -> None:
        if self.admitted:
            estimate = self.bucket.estimate(self.now)
            assert estimate <= self.level - len(self.waiting) + EPSILON

    @invariant()
    def never_above_the_limit(self) -> None:
        assert self.bucket.estimate(self.now) <= self.limit


TestAlone = Alone.TestCase


@given(limit=LIMITS, lefts=st.lists(st.integers(0, 100_000), min_size=1, max_size=20), data=st.data())
def test_never_above_what_was_observed_last(limit: int, lefts: list[int], data: st.DataObject) -> None:
    """Whatever others do: never above the lowest of the answers of which any may be the newest."""
    bucket = Bucket(limit)
    permits = [Permit(number + 1, Priority.POLL, "/") for number in range(len(lefts))]
    for permit in data.draw(st.permutations(permits)):
        bucket.answered(permit, lefts[permit.number - 1], 0.0, len(permits))
    assert bucket.estimate(0.0) == min(limit, *lefts)


@given(limit=LIMITS, left=st.integers(0, 100_000), seconds=st.floats(0, 10_000))
def test_refill_is_steady_and_capped(limit: int, left: int, seconds: float) -> None:
    bucket = Bucket(limit)
    bucket.answered(Permit(1, Priority.POLL, "/"), left, 0.0, 1)
    assert bucket.estimate(seconds) == pytest.approx(min(limit, left + seconds * limit / 3600))


@given(limit=LIMITS, left=st.integers(0, 100), priority=st.sampled_from(Priority))
def test_the_wait_is_as_long_as_it_says(limit: int, left: int, priority: Priority) -> None:
    bucket = Bucket(limit)
    bucket.answered(Permit(1, Priority.POLL, "/"), left, 0.0, 1)
    wait = bucket.wait(priority, 0.0)
    assert bucket.wait(priority, wait + 0.001) == 0
    if wait > 1:
        assert bucket.wait(priority, wait - 1) > 0


@given(limit=st.integers(1, 200_000))
def test_floors_rise_with_the_priority_and_leave_room(limit: int) -> None:
    floors = [must_remain(priority, limit) for priority in Priority]
    assert floors == sorted(floors)
    assert floors[Priority.POWER_ON] == 0
    assert max(floors) < limit
    assert floors[Priority.JOB] == reserve(limit)
    if limit >= 8:
        assert reserve(limit) >= 2
        assert floors[Priority.KEYPRESS] < floors[Priority.JOB] < floors[Priority.POLL]


def test_an_older_answer_that_comes_late_raises_nothing() -> None:
    bucket = Bucket()
    first, second = Permit(1, Priority.JOB, "/"), Permit(2, Priority.JOB, "/")
    bucket.answered(second, 9, 0.0, 2)
    bucket.answered(first, 10, 0.0, 2)
    assert bucket.estimate(0.0) == 9


def test_a_newer_answer_counts_even_when_it_shows_more() -> None:
    bucket = Bucket()
    bucket.answered(Permit(1, Priority.JOB, "/"), 9, 0.0, 1)
    bucket.answered(Permit(2, Priority.JOB, "/"), 500, 0.0, 2)
    assert bucket.estimate(0.0) == 500


def test_before_anything_is_known_a_few_of_each_priority_go() -> None:
    bucket = Bucket()
    for number in range(UNPROVEN):
        assert bucket.wait(Priority.JOB, 0.0) == 0
        bucket.under_way.add(Permit(number, Priority.JOB, "/"))
    assert bucket.wait(Priority.JOB, 0.0) == math.inf
    assert bucket.wait(Priority.POLL, 0.0) == 0


def test_a_server_without_a_limit_is_counted_for() -> None:
    bucket = Bucket()
    for number in range(100):
        bucket.uncounted(0.0, number + 1, answered=True)
    assert bucket.estimate(0.0) == 3500
    assert bucket.estimate(50.0) == pytest.approx(3550)
    assert not bucket.known


def test_after_a_refusal_one_at_a_time_finds_out() -> None:
    bucket = Bucket()
    bucket.answered(Permit(1, Priority.JOB, "/"), 3000, 0.0, 1)
    bucket.refused(0.0, 2, None)
    assert bucket.wait(Priority.POWER_ON, 0.0) == 1
    assert bucket.wait(Priority.JOB, 1.0) == 0
    probe = Permit(3, Priority.JOB, "/")
    bucket.under_way.add(probe)
    assert bucket.wait(Priority.JOB, 1.0) == math.inf
    bucket.under_way.remove(probe)
    bucket.refused(1.0, 3, None)
    assert bucket.wait(Priority.JOB, 1.0) == 2
    bucket.refused(3.0, 4, 30)
    assert bucket.wait(Priority.JOB, 3.0) == 30
    bucket.accepted()
    bucket.under_way.add(Permit(5, Priority.JOB, "/"))
    assert bucket.wait(Priority.JOB, 33.0) == 0
