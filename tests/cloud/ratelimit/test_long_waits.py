from __future__ import annotations

from datetime import timedelta

import pytest

from hsnap_tui.cloud.api import Priority, RateLimitStatus
from hsnap_tui.cloud.ratelimit.long_waits import AGAIN_AFTER, LongWaits
from tests.clocks import START


def view(*held: Priority, seconds: float = 12, strange: str | None = None) -> RateLimitStatus:
    until = START + timedelta(seconds=seconds) if held else None
    waiting = min(held, default=None)
    return RateLimitStatus(3600, 2, 72, 1.0, True, waiting, until, frozenset(held), strange)


@pytest.mark.parametrize(
    ("priority", "words"),
    [
        (Priority.POWER_ON, "Powering on a server waits"),
        (Priority.WHILE_OFF, "The snapshot of a server that is off waits"),
        (Priority.JOB, "Snapshots wait"),
    ],
)
def test_a_long_wait_is_told_once_and_again_when_it_goes_on(priority: Priority, words: str) -> None:
    waits = LongWaits()
    told = {
        second: waits.note(view(priority, seconds=400), START + timedelta(seconds=second)) for second in range(400)
    }
    spoken = {second: text for second, text in told.items() if text}
    assert list(spoken) == [5, 5 + AGAIN_AFTER.total_seconds()]
    assert spoken[5].startswith(words)
    assert "2 of 3600" in spoken[5]
    assert "395 s" in spoken[5]


def test_short_waits_and_those_of_polls_are_not_told() -> None:
    waits = LongWaits()
    for second in range(100):
        held = (Priority.POWER_ON, Priority.JOB) if second % 5 else ()
        assert waits.note(view(*held, Priority.POLL), START + timedelta(seconds=second)) is None


def test_an_odd_limit_is_told_once() -> None:
    waits = LongWaits()
    texts = [waits.note(view(strange="0 of 1 requests an hour left"), START) for _ in range(5)]
    assert [text for text in texts if text] == texts[:1]
    assert texts[0] is not None
    assert "0 of 1" in texts[0]
