from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.jobs.core.route_breaker import FAILING_AFTER, FIRST_PAUSE, LONGEST_PAUSE, OTHERS_FIRST, RouteBreaker
from tests.clocks import START

JOBS = [f"job-{number}" for number in range(20)]


def broken() -> RouteBreaker:
    """A route that has failed for many just now."""
    route = RouteBreaker()
    for job in JOBS[:FAILING_AFTER]:
        route.failed(job, START)
    return route


def test_one_job_that_fails_often_says_nothing_about_the_route() -> None:
    route = RouteBreaker()
    for _ in range(10):
        route.failed("job-1", START)
    assert not route.failing
    assert route.may_try("job-2", START)
    assert not route.pauses(START)


def test_what_fails_for_several_is_paused_and_then_tried_by_one() -> None:
    route = broken()
    assert not any(route.may_try(job, START) for job in JOBS)
    later = START + FIRST_PAUSE
    assert all(route.may_try(job, later) for job in JOBS)
    route.begins("job-7")
    assert [job for job in JOBS if route.may_try(job, later)] == ["job-7"]


def test_pauses_grow_to_a_minute() -> None:
    route, now, pauses = broken(), START, []
    for number in range(8):
        began = now
        while not route.may_try(JOBS[number], now):
            now += timedelta(seconds=1)
        pauses.append((now - began).total_seconds())
        route.begins(JOBS[number])
        route.failed(JOBS[number], now)
    assert pauses == [5, 10, 20, 40, 60, 60, 60, 60]
    assert timedelta(seconds=pauses[-1]) == LONGEST_PAUSE


def test_one_that_gets_through_opens_it_for_all() -> None:
    route = broken()
    route.begins("job-7")
    route.worked()
    assert all(route.may_try(job, START) for job in JOBS)
    route.failed("job-1", START)
    assert not route.failing, "it starts to count anew"


def test_those_who_have_not_tried_come_first_and_then_anybody() -> None:
    route = broken()
    now = START + FIRST_PAUSE
    route.begins("job-7")
    route.failed("job-7", now)
    now += 2 * FIRST_PAUSE
    assert not route.may_try("job-7", now)
    assert route.may_try("job-8", now)
    assert route.may_try("job-7", now + OTHERS_FIRST)


def test_an_attempt_that_ends_before_it_was_sent_makes_way() -> None:
    route = broken()
    now = START + FIRST_PAUSE
    route.begins("job-7")
    assert not route.may_try("job-8", now)
    route.leaves("job-8")
    assert not route.may_try("job-8", now)
    route.leaves("job-7")
    assert route.may_try("job-8", now)


@given(st.lists(st.tuples(st.sampled_from(JOBS), st.sampled_from(["try", "fail", "work"]), st.integers(0, 90))))
def test_somebody_may_try_in_time_unless_one_is_trying(happenings: list[tuple[str, str, int]]) -> None:
    route, now, under_way = RouteBreaker(), START, set()
    for job, what, seconds in happenings:
        now += timedelta(seconds=seconds)
        if what == "try" and job not in under_way and route.may_try(job, now):
            if route.failing:
                assert not route.pauses(now)
            route.begins(job)
            under_way.add(job)
        elif what == "fail" and job in under_way:
            under_way.discard(job)
            route.failed(job, now)
        elif what == "work" and job in under_way:
            under_way.discard(job)
            route.worked()
        if not under_way:
            later = now + LONGEST_PAUSE + OTHERS_FIRST
            assert any(route.may_try(one, later) for one in JOBS)
