"""What snapshots cost a month."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hsnap_tui.cloud import parse
from hsnap_tui.cloud.model import ImageStatus, Snapshot, StoragePrice
from hsnap_tui.snapshots.costs import Cost, monthly

PRICE = StoragePrice("EUR", Decimal("0.0110"), Decimal("0.0131"))


def snapshot(size: float | None) -> Snapshot:
    return Snapshot("p", 1, "", ImageStatus.AVAILABLE, datetime(2026, 1, 1, tzinfo=UTC), size)


def test_the_billed_size_counts_and_sums_are_exact() -> None:
    cost = monthly([snapshot(0.1)] * 3, PRICE)
    assert cost == Cost("EUR", Decimal("0.00330"), Decimal("0.00393"))
    assert monthly([snapshot(None)], PRICE).net == 0
    assert monthly([snapshot(100.0)], PRICE).in_words() == "1.10 EUR"


def test_the_price_of_an_answer() -> None:
    price = {"net": "0.0110", "gross": "0.0131"}
    answer = {"pricing": {"currency": "EUR", "image": {"price_per_gb_month": price}}}
    assert parse.storage_price(answer) == PRICE


@pytest.mark.parametrize("value", [None, 1, "", "free", "NaN", "Infinity", "-1"])
def test_what_is_no_price_is_not_guessed(value: object) -> None:
    price = {"net": value, "gross": "0.0131"}
    with pytest.raises(parse.MalformedError):
        parse.storage_price({"pricing": {"image": {"price_per_gb_month": price}}})
