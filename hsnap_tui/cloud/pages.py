"""Whether nothing can have been missed between the pages of a list, which shift while it changes (pure).

Sorted by falling ID, what is new comes first and only pushes older entries on, and what is deleted pulls later ones
to an earlier page, where they are missed if that was read already. So the entries that were there when the first page
was read are all known when as many as its `total_entries` says are, however the list has changed since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Generic, Protocol, TypeVar

from hsnap_tui.cloud.model import Action
from hsnap_tui.cloud.parse import EPOCH

NEWEST_FIRST = "id:desc"
"""The order that `is_whole` and `reach_back` need: the value of `sort` (API description, Sorting)."""
MOST_READS = 4
"""How often a list is read until nothing can be missing; then everything that any reading showed is taken."""


class Identified(Protocol):
    """Anything of the API with an ID."""

    @property
    def id(self) -> int:
        """Unique within its kind."""
        ...


I = TypeVar("I", bound=Identified)  # noqa: E741


@dataclass(frozen=True, slots=True)
class Page(Generic[I]):
    """One page of a list. `last` and `following` are page numbers, `total` counts all entries; none: not told."""

    entries: list[I]
    last: int | None
    following: int | None
    total: int | None = None

    @property
    def is_only(self) -> bool:
        """Whether the list has no other page."""
        return self.following is None and (self.last or 1) <= 1


def is_whole(pages: Sequence[Page[I]]) -> bool:
    """Whether nothing can be missing that was there when the first of these pages was read, before all others."""
    first = pages[0]
    if first.is_only:
        return True
    if first.total is None or not first.entries or not _falls(first.entries):
        return False
    newest = first.entries[0].id
    return len({entry.id for entry in merged(pages) if entry.id <= newest}) >= first.total


def merged(pages: Iterable[Page[I]]) -> Iterator[I]:
    """Each entry once, as it was last read, by rising ID."""
    found = {entry.id: entry for page in pages for entry in page.entries}
    return (found[key] for key in sorted(found))


def reach_back(pages: Sequence[Page[Action]]) -> datetime | None:
    """From when on all actions are on these first pages of the newest first, read one after the other.

    By Hetzner's clock; the distant past when the list has no more, none when that cannot be told.
    """
    for before, after in pairwise(pages):
        # While the count does not fall, what is new has pushed on at least as many as deletions have pulled back.
        if before.total is None or after.total is None or after.total < before.total:
            return reach_back(pages[: pages.index(after)])
    last = pages[-1]
    if not all(_falls(page.entries) for page in pages):
        return None
    if last.following is None:
        return EPOCH
    told = [action.started for action in last.entries if action.started > EPOCH]
    return told[-1] if told else None


def _falls(entries: Sequence[Identified]) -> bool:
    return all(one.id > following.id for one, following in pairwise(entries))
