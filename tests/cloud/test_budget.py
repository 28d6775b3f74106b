"""The arithmetic of the budget against a model of Hetzner's limiter, with answers in any order."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hsnap_tui.cloud.api import Purpose
from hsnap_tui.cloud.budget import UNPROVEN, Bucket, Ticket, floor, reserve

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
        self.waiting: list[Ticket] = []
        self.counted: list[tuple[Ticket, float]] = []

    @initialize(limit=LIMITS, share=st.floats(0, 1))
    def start(self, limit: int, share: float) -> None:
        self.limit = limit
        self.bucket = Bucket(limit)
        self.level = limit * share
        first = self.admit(Purpose.POLL)
        self.waiting.remove(first)
        self.bucket.under_way.remove(first)
        self.level = max(0.0, self.level - 1)
        self.bucket.answered(first, math.floor(self.level), self.now, self.admitted)

    def admit(self, purpose: Purpose) -> Ticket:
        self.admitted += 1
        ticket = Ticket(self.admitted, purpose, "/")
        self.waiting.append(ticket)
        self.bucket.under_way.add(ticket)
        return ticket

    @rule(seconds=st.floats(0, 500))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.level = min(self.limit, self.level + seconds * self.limit / 3600)

    @rule(purpose=st.sampled_from(Purpose))
    def ask(self, purpose: Purpose) -> None:
        wait = self.bucket.wait(purpose, self.now)
        if wait > 0:
            assert floor(purpose, self.limit) + 1 > self.bucket.estimate(self.now)
            return
        self.admit(purpose)
        assert self.level - len(self.waiting) >= floor(purpose, self.limit) - EPSILON

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def hetzner_counts_one(self, data: st.DataObject) -> None:
        ticket = self.waiting.pop(data.draw(st.integers(0, len(self.waiting) - 1)))
        assert self.level >= 1 - EPSILON, "a 429 though nobody else was there"
        self.level -= 1
        self.counted.append((ticket, math.floor(self.level + EPSILON)))

    @precondition(lambda self: self.counted)
    @rule(data=st.data())
    def an_answer_arrives(self, data: st.DataObject) -> None:
        ticket, left = self.counted.pop(data.draw(st.integers(0, len(self.counted) - 1)))
        self.bucket.under_way.remove(ticket)
        self.bucket.answered(ticket, left, self.now, self.admitted)
        self.bucket.accepted()

    @precondition(lambda self: self.counted)
    @rule(data=st.data())
    def an_answer_is_lost(self, data: st.DataObject) -> None:
        ticket, _ = self.counted.pop(data.draw(st.integers(0, len(self.counted) - 1)))
        self.bucket.under_way.remove(ticket)
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
    tickets = [Ticket(number + 1, Purpose.POLL, "/") for number in range(len(lefts))]
    for ticket in data.draw(st.permutations(tickets)):
        bucket.answered(ticket, lefts[ticket.number - 1], 0.0, len(tickets))
    assert bucket.estimate(0.0) == min(limit, *lefts)


@given(limit=LIMITS, left=st.integers(0, 100_000), seconds=st.floats(0, 10_000))
def test_refill_is_steady_and_capped(limit: int, left: int, seconds: float) -> None:
    bucket = Bucket(limit)
    bucket.answered(Ticket(1, Purpose.POLL, "/"), left, 0.0, 1)
    assert bucket.estimate(seconds) == pytest.approx(min(limit, left + seconds * limit / 3600))


@given(limit=LIMITS, left=st.integers(0, 100), purpose=st.sampled_from(Purpose))
def test_the_wait_is_as_long_as_it_says(limit: int, left: int, purpose: Purpose) -> None:
    bucket = Bucket(limit)
    bucket.answered(Ticket(1, Purpose.POLL, "/"), left, 0.0, 1)
    wait = bucket.wait(purpose, 0.0)
    assert bucket.wait(purpose, wait + 0.001) == 0
    if wait > 1:
        assert bucket.wait(purpose, wait - 1) > 0


@given(limit=st.integers(1, 200_000))
def test_floors_rise_with_the_purpose_and_leave_room(limit: int) -> None:
    floors = [floor(purpose, limit) for purpose in Purpose]
    assert floors == sorted(floors)
    assert floors[Purpose.POWER_ON] == 0
    assert max(floors) < limit
    assert floors[Purpose.JOB] == reserve(limit)
    if limit >= 8:
        assert reserve(limit) >= 2
        assert floors[Purpose.KEYPRESS] < floors[Purpose.JOB] < floors[Purpose.POLL]


def test_an_older_answer_that_comes_late_raises_nothing() -> None:
    bucket = Bucket()
    first, second = Ticket(1, Purpose.JOB, "/"), Ticket(2, Purpose.JOB, "/")
    bucket.answered(second, 9, 0.0, 2)
    bucket.answered(first, 10, 0.0, 2)
    assert bucket.estimate(0.0) == 9


def test_a_newer_answer_counts_even_when_it_shows_more() -> None:
    bucket = Bucket()
    bucket.answered(Ticket(1, Purpose.JOB, "/"), 9, 0.0, 1)
    bucket.answered(Ticket(2, Purpose.JOB, "/"), 500, 0.0, 2)
    assert bucket.estimate(0.0) == 500


def test_before_anything_is_known_a_few_of_each_purpose_go() -> None:
    bucket = Bucket()
    for number in range(UNPROVEN):
        assert bucket.wait(Purpose.JOB, 0.0) == 0
        bucket.under_way.add(Ticket(number, Purpose.JOB, "/"))
    assert bucket.wait(Purpose.JOB, 0.0) == math.inf
    assert bucket.wait(Purpose.POLL, 0.0) == 0


def test_a_server_without_a_limit_is_counted_for() -> None:
    bucket = Bucket()
    for number in range(100):
        bucket.uncounted(0.0, number + 1, answered=True)
    assert bucket.estimate(0.0) == 3500
    assert bucket.estimate(50.0) == pytest.approx(3550)
    assert not bucket.known


def test_after_a_refusal_one_at_a_time_finds_out() -> None:
    bucket = Bucket()
    bucket.answered(Ticket(1, Purpose.JOB, "/"), 3000, 0.0, 1)
    bucket.refused(0.0, 2, None)
    assert bucket.wait(Purpose.POWER_ON, 0.0) == 1
    assert bucket.wait(Purpose.JOB, 1.0) == 0
    probe = Ticket(3, Purpose.JOB, "/")
    bucket.under_way.add(probe)
    assert bucket.wait(Purpose.JOB, 1.0) == math.inf
    bucket.under_way.remove(probe)
    bucket.refused(1.0, 3, None)
    assert bucket.wait(Purpose.JOB, 1.0) == 2
    bucket.refused(3.0, 4, 30)
    assert bucket.wait(Purpose.JOB, 3.0) == 30
    bucket.accepted()
    bucket.under_way.add(Ticket(5, Purpose.JOB, "/"))
    assert bucket.wait(Purpose.JOB, 33.0) == 0
