"""What one request may ask for at most, how long an answer may make us wait, and what lists cost (pure).

The one place for these numbers: the client splits by them, and polls and look-ups reckon their cost with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

PER_PAGE = 50
"""Entries of a page: the largest `per_page` (API description, Pagination)."""
IDS_A_REQUEST = 25
"""IDs in one `GET /actions?id=…`, which has no pages. It was seen to answer at most so many and to leave out the rest
silently; the API description names no number, but 25 is its default `per_page` (Pagination)."""
LABELS_A_REQUEST = 100
"""Labels in one label selector, ours: so that the request line stays well below the 8 kB that proxies take."""
MOST_PAGES = 1000
"""Pages of a list, ours: a server that names a next page even then is not believed."""

RATE_LIMIT_FULL_AGAIN = 3600.0
"""Seconds that a 429's `Retry-After` may stop all requests for, at most: after an hour the limit is full again (API
description, Rate Limiting: 3600 requests an hour, refilled steadily)."""
LONGEST_RETRY_AFTER = 300.0
"""Seconds that any other answer's `Retry-After` may delay a job's next attempt or the next poll, ours: a server may
be off meanwhile, and nobody sees it."""
LONGEST_RETRY_AFTER_POWER_ON = 30.0
"""The same before a server is powered on, and for what is looked up for that."""


def pages(entries: int) -> int:
    """Requests that a list of so many entries takes."""
    return max(1, -(-entries // PER_PAGE))


def id_requests(ids: int) -> int:
    """Requests that asking for so many actions by ID takes."""
    return -(-ids // IDS_A_REQUEST)


def split(items: Iterable[T], size: int) -> Iterator[Sequence[T]]:
    """The items in their order, in parts of at most `size`."""
    whole = list(items)
    return (whole[start : start + size] for start in range(0, len(whole), size))
