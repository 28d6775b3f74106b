"""Lists that change while their pages are read: nothing that was there is missed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.model import Action, ActionStatus
from hsnap_tui.cloud.pages import Page, is_whole, merged, reach_back
from hsnap_tui.cloud.parse import EPOCH
from tests.cloud.conftest import Connect, Serve
from tests.cloud.scripted import Link, Seen, answer

PER_PAGE = 4
START = datetime(2026, 7, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Entry:
    id: int


class Listing:
    """A list behind an API, newest first, four a page."""

    def __init__(self, entries: int, *, totals: bool = True) -> None:
        self.ids = list(range(1, entries + 1))
        self.newest = entries
        self.totals = totals

    def change(self, delete: int | None) -> None:
        """Deletes the entry at that place, or makes one more."""
        if delete is None:
            self.newest += 1
            self.ids.append(self.newest)
        elif self.ids:
            self.ids.pop(delete % len(self.ids))

    def page(self, number: int) -> Page[Entry]:
        """That page as it is now."""
        chosen = sorted(self.ids, reverse=True)[(number - 1) * PER_PAGE : number * PER_PAGE]
        last = max(1, -(-len(self.ids) // PER_PAGE))
        total = len(self.ids) if self.totals else None
        return Page([Entry(one) for one in chosen], last, number + 1 if number < last else None, total)


changes = st.lists(st.lists(st.none() | st.integers(0, 40), max_size=3), min_size=12, max_size=12)


@given(st.integers(0, 24), changes, st.randoms())
def test_what_counts_as_whole_misses_nothing_that_was_there(
    entries: int, happenings: list[list[int | None]], order: object
) -> None:
    listing = Listing(entries)
    there = set(listing.ids)
    first = listing.page(1)
    numbers = list(range(2, (first.last or 1) + 1))
    order.shuffle(numbers)  # type: ignore[attr-defined]
    read = {1: first}
    for number, happened in zip(numbers, happenings, strict=False):
        for delete in happened:
            listing.change(delete)
        read[number] = listing.page(number)
    pages = [read[number] for number in sorted(read)]
    if is_whole(pages):
        assert there <= {entry.id for entry in merged(pages)}
    if not any(happenings[: len(numbers)]):
        assert is_whole(pages), "a list that stands still is read once"


@given(st.integers(0, 24), changes, st.integers(1, 6))
def test_how_far_back_nothing_is_missing(entries: int, happenings: list[list[int | None]], most: int) -> None:
    listing = Listing(entries)

    def page(number: int) -> Page[Action]:
        now = listing.page(number)
        return Page([action(entry.id) for entry in now.entries], now.last, now.following, now.total)

    there, pages = set(listing.ids), [page(1)]
    while pages[-1].following is not None and len(pages) < most:
        for delete in happenings[len(pages)]:
            listing.change(delete)
        pages.append(page(len(pages) + 1))
    since = reach_back(pages)
    assert since is not None
    known = {entry.id for entry in merged(pages)}
    assert {one for one in there.intersection(listing.ids) if moment(one) >= since} <= known


def moment(number: int) -> datetime:
    return START + timedelta(seconds=number)


def action(number: int) -> Action:
    return Action(number, "reboot_server", ActionStatus.RUNNING, 0, moment(number))


def test_actions_in_another_order_reach_back_to_nowhere() -> None:
    pages = [Page([action(1), action(2)], 2, 2, 4), Page([action(3), action(4)], 2, None, 4)]
    assert reach_back(pages) is None
    assert reach_back([Page([action(2), action(1)], 1, None, 2)]) == EPOCH


class Cloud:
    """120 servers; so many are deleted, the newest first, after each first page until it is told to stand still."""

    def __init__(self, *, totals: bool = True, sorts: bool = True, deletions: int = 1) -> None:
        self.listing = list(range(1, 121))
        self.totals = totals
        self.sorts = sorts
        self.deletions = deletions
        self.firsts = 0

    def __call__(self, seen: Seen, _link: Link) -> bytes:
        number = int(seen.query["page"][0])
        falling = self.sorts and seen.query.get("sort") == ["id:desc"]
        ids = sorted(self.listing, reverse=falling)[(number - 1) * 50 : number * 50]
        last = -(-len(self.listing) // 50)
        pagination = {
            "page": number,
            "per_page": 50,
            "next_page": number + 1 if number < last else None,
            "last_page": last if self.totals else None,
            "total_entries": len(self.listing) if self.totals else None,
        }
        if number == 1:
            self.firsts += 1
            if self.deletions:
                self.deletions -= 1
                self.listing.remove(ids[3])
        return answer(200, {"servers": [{"id": one} for one in ids], "meta": {"pagination": pagination}})


@pytest.mark.parametrize("totals", [True, False])
@pytest.mark.parametrize("sorts", [True, False])
@pytest.mark.parametrize("deletions", [0, 1, 2])
async def test_no_server_is_missed_when_others_are_deleted_meanwhile(
    serve: Serve, connect: Connect, totals: bool, sorts: bool, deletions: int
) -> None:
    cloud = Cloud(totals=totals, sorts=sorts, deletions=deletions)
    listed = await connect(serve(cloud)).list_servers(Priority.POLL)
    found = [server.id for server in listed]
    assert set(cloud.listing) <= set(found)
    assert found == sorted(set(found))
    if totals and sorts:
        assert cloud.firsts == 1 + deletions, "read again only when something changed"


async def test_a_list_that_never_stands_still_is_read_a_few_times(serve: Serve, connect: Connect) -> None:
    cloud = Cloud(deletions=100)
    listed = await connect(serve(cloud)).list_servers(Priority.POLL)
    assert set(cloud.listing) <= {server.id for server in listed}
    assert cloud.firsts == 4
