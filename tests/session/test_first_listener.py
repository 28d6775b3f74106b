"""Nothing is lost that a session tells before its screen is there: the real session and the screens' fake alike."""

from __future__ import annotations

from pathlib import Path

from hsnap_tui.events import Event, FleetUpdated
from hsnap_tui.session.interface import SessionInterface
from tests.jobs.support import desk, simulated
from tests.tui.fake_session import FakeSession


def listeners(session: SessionInterface) -> tuple[list[Event], list[Event]]:
    """What two listeners are handed that come one after the other."""
    first: list[Event] = []
    second: list[Event] = []
    session.subscribe(first.append)
    session.subscribe(second.append)
    return first, second


async def test_the_first_listener_is_handed_what_was_published_before(tmp_path: Path) -> None:
    with simulated() as served:
        async with desk(served, tmp_path, listens=False) as at:
            await at.session.listed()
            first, second = listeners(at.session)
            assert [event.first for event in first if isinstance(event, FleetUpdated)] == [True]
            assert second == []
            await at.session.refresh()
            await at.until(lambda: len(second) > 0)
            assert first[-len(second) :] == second


async def test_so_is_the_first_listener_of_the_fake() -> None:
    fake = FakeSession()
    told = FleetUpdated(fake.clock.now(), "p", frozenset({1}))
    fake.emit(told)
    assert listeners(fake) == ([told], [])
