"""Ages and durations in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.common import formatting

NOW = datetime(2026, 7, 11, 14, 3, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0s"), (0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (47 * 3600, "47h"), (172800, "2d")],
)
def test_short(seconds: int, said: str) -> None:
    assert formatting.short(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "less than a second"),
        (1, "1 second"),
        (72, "1 minute and 12 seconds"),
        (3600, "1 hour"),
        (3725, "1 hour and 2 minutes"),
    ],
)
def test_exactly(seconds: float, said: str) -> None:
    assert formatting.exactly(seconds) == said


def test_age_of_what_lies_ahead_is_a_moment() -> None:
    assert formatting.age(NOW + timedelta(hours=1), NOW) == "a moment"
    assert formatting.age(NOW - timedelta(days=3), NOW) == "3 days"


def test_listed() -> None:
    assert formatting.listed([]) == "none"
    assert formatting.listed(["a"]) == "a"
    assert formatting.listed(["a", "b"]) == "a and b"
    assert formatting.listed(["a", "b", "c", "d"], 2) == "a, b and 2 more"


def test_count() -> None:
    assert [formatting.count(n, "server") for n in (0, 1, 2000)] == ["0 servers", "1 server", "2,000 servers"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("2m", 120), (" 1h30m ", 5400), ("1 h 30 m", 5400), ("1D", 86400)]
)
def test_parse_duration(text: str, seconds: int) -> None:
    assert formatting.parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "2", "m", "2x", "-2m", "2m!", "0s", "9999d", "٢m"])
def test_parse_duration_says_how_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        formatting.parse_duration(text)


@given(st.integers(min_value=1, max_value=365 * 86400))
def test_brief_is_read_back(seconds: int) -> None:
    delta = timedelta(seconds=seconds)
    assert formatting.parse_duration(formatting.brief(delta)) == delta


@given(st.text())
def test_any_text_is_a_duration_or_an_error_in_words(text: str) -> None:
    try:
        delta = formatting.parse_duration(text)
    except ValueError:
        with pytest.raises(ValueError, match="duration"):
            formatting.parse_duration(text)
    else:
        assert delta > timedelta(0)
