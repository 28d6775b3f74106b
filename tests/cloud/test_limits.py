"""What lists cost and how ID lists are split."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.cloud import limits


@given(st.lists(st.integers()), st.integers(1, 30))
def test_parts_hold_everything_once_in_order_and_none_is_too_long(items: list[int], size: int) -> None:
    parts = list(limits.split(items, size))
    assert [item for part in parts for item in part] == items
    assert all(1 <= len(part) <= size for part in parts)
    assert len(parts) == -(-len(items) // size)


def test_requests_that_lists_take() -> None:
    assert [limits.pages(entries) for entries in (0, 1, 50, 51, 100, 101)] == [1, 1, 1, 2, 2, 3]
    assert [limits.id_requests(ids) for ids in (0, 1, 25, 26, 50, 51)] == [0, 1, 1, 2, 2, 3]
