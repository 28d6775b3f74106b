"""The rate limit: the bucket itself, and what clients see of it."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.demo.model.clock import FIXED_START
from hsnap_tui.demo.serving.ratelimit import RequestBudget
from tests.demo.support import bench


@given(
    st.integers(1, 5000),
    st.floats(0, 1),
    st.lists(st.tuples(st.floats(0, 300), st.integers(0, 40)), max_size=30),
)
def test_a_bucket_never_gives_more_than_its_limit(limit: int, share: float, story: list[tuple[float, int]]) -> None:
    now = FIXED_START
    bucket = RequestBudget(limit, now, share)
    given_out = 0
    for seconds, tries in story:
        now += timedelta(seconds=seconds)
        given_out += sum(bucket.take(now) for _ in range(tries))
        assert 0 <= bucket.remaining(now) <= limit * (1 - share) + 1e-6
        passed = (now - FIXED_START).total_seconds()
        assert given_out <= limit * (1 - share) + limit * passed / 3600 + 1e-6


def test_it_refills_steadily() -> None:
    bucket = RequestBudget(3600, FIXED_START)
    bucket.drain(FIXED_START)
    assert not bucket.take(FIXED_START)
    later = FIXED_START + timedelta(seconds=10)
    assert bucket.remaining(later) == 10
    assert bucket.headers(later)["RateLimit-Reset"] == str(int(later.timestamp()) + 3590)


def test_another_client_takes_its_share() -> None:
    bucket = RequestBudget(3600, FIXED_START, other_share=0.9)
    assert bucket.remaining(FIXED_START) == 360
    bucket.drain(FIXED_START)
    later = FIXED_START + timedelta(seconds=100)
    assert 9 <= bucket.remaining(later) <= 10


def test_the_headers_count_down_and_then_it_is_429() -> None:
    with bench(rate_limit=3) as at:
        left = [at.ask("GET", "/locations").headers["RateLimit-Remaining"] for _ in range(3)]
        assert left == ["2", "1", "0"]
        assert at.refused("GET", "/locations") == (429, "rate_limit_exceeded")
        assert at.refused("GET", "/nowhere") == (429, "rate_limit_exceeded")
        at.clock.advance(1200)
        assert at.ask("GET", "/locations").status_code == 200


def test_requests_without_a_token_are_limited_on_their_own() -> None:
    with bench(rate_limit=2) as at:
        codes = [at.ask("GET", "/servers", token="").status_code for _ in range(3)]
        assert codes == [401, 401, 429]
        assert at.ask("GET", "/servers").status_code == 200


def test_several_actions_by_id_may_have_a_budget_of_their_own() -> None:
    with bench(servers=1, actions_rate_limit=7200) as at:
        first = at.get("/servers/actions")["actions"][0]["id"]
        answer = at.ask("GET", f"/actions?id={first}")
        assert (answer.headers["RateLimit-Limit"], answer.headers["RateLimit-Remaining"]) == ("7200", "7199")
        assert at.ask("GET", f"/actions/{first}").headers["RateLimit-Remaining"] == "3598"
