from __future__ import annotations

import pytest

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.ratelimit.plausible import CONFIRMED_BY, Plausible
from tests.clocks import VirtualClock
from tests.cloud.conftest import Connect, Serve
from tests.cloud.scripted import Link, Seen, answer

NOTHING = (None, None)


@pytest.mark.parametrize(("limit", "left"), [(0, 0), (1, 0), (9, 9), (10**9, 5), (3600, 3601), (2_000_000, 0)])
def test_what_cannot_be_is_not_believed(limit: int, left: int) -> None:
    judge = Plausible()
    assert judge.judge("/servers", 3600, 3000) == (3600, 3000)
    for _ in range(10):
        assert judge.judge("/servers", limit, left) == NOTHING
    assert str(limit) in str(judge.strange)
    assert judge.judge("/servers", 3600, 2999) == (3600, 2999)


def test_a_limit_that_jumps_for_one_answer_is_not_believed_and_one_that_stays_is() -> None:
    judge = Plausible()
    judge.judge("/servers", 3600, 3000)
    for _ in range(5):
        assert judge.judge("/servers", 20, 5) == NOTHING
        assert judge.judge("/servers", 3600, 3000) == (3600, 3000)
    told = [judge.judge("/servers", 7200, 7000) for _ in range(CONFIRMED_BY)]
    assert told == [NOTHING] * (CONFIRMED_BY - 1) + [(7200, 7000)]
    assert judge.judge("/servers", 7200, 6999) == (7200, 6999)


def test_each_route_has_its_own() -> None:
    judge = Plausible()
    assert judge.judge("/servers", 3600, 3000) == (3600, 3000)
    assert judge.judge("/actions", 7200, 7000) == (7200, 7000)
    assert judge.judge("/images", None, None) == NOTHING
    assert judge.strange is None


@pytest.mark.parametrize(
    ("limit", "left"), [("1", "0"), ("0", "0"), ("20", "0"), ("999999999", "0"), ("3600", "9999")]
)
async def test_one_absurd_answer_holds_nobody_up(serve: Serve, connect: Connect, limit: str, left: str) -> None:
    odd = {"RateLimit-Limit": limit, "RateLimit-Remaining": left, "RateLimit-Reset": "1"}
    sane = {"RateLimit-Limit": "3600", "RateLimit-Remaining": "3000", "RateLimit-Reset": "1"}
    said = iter([sane, odd])

    def script(_seen: Seen, _link: Link) -> bytes:
        return answer(200, {"server": {"id": 1}}, next(said, sane))

    clock = VirtualClock()
    cloud = connect(serve(script), clock)
    for _ in range(8):
        assert (await cloud.get_server(1, Priority.POLL)).id == 1
    assert clock.monotonic() == 0.0
    view = cloud.budget()
    assert (view.limit, view.known) == (3600, True)
    assert view.remaining > 2900
    assert view.strange is not None
