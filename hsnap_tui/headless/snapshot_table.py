"""Snapshots as lines of a table and as JSON records (pure). Texts from outside have been cleaned before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.cells import cell_len, set_cell_size

from hsnap_tui.cloud.model import ImageStatus, Snapshot, StoragePrice
from hsnap_tui.common import formatting
from hsnap_tui.headless import json_lines
from hsnap_tui.snapshots.costs import monthly

_RIGHT = frozenset({"ID", "SIZE", "AGE", "MONTHLY"})
_GAP = "  "


def lines(snapshots: Sequence[Snapshot], now: datetime, price: StoragePrice | None = None) -> list[str]:
    """The heading and a line for each snapshot, with its cost a month if the price is known."""
    titles = ["ID", "SERVER", "AGE", "SIZE", *(["MONTHLY"] if price else []), "DESCRIPTION"]
    rows = [titles, *(_cells(snapshot, now, price) for snapshot in snapshots)]
    widths = [max(cell_len(row[index]) for row in rows) for index in range(len(titles))]
    return [_line(row, titles, widths) for row in rows]


def total(snapshots: Sequence[Snapshot], price: StoragePrice | None) -> str:
    """The last line: number, size and cost of all snapshots."""
    size = sum(snapshot.image_size or 0 for snapshot in snapshots)
    told = f"{formatting.count(len(snapshots), 'snapshot')}, {formatting.gigabytes(size)}"
    if price is None:
        return f"{told}."
    cost = monthly(snapshots, price)
    return f"{told}, {cost.in_words()} a month without VAT ({cost.gross:.2f} {cost.currency} with it)."


def as_record(snapshot: Snapshot, price: StoragePrice | None, name: str = "snapshot") -> dict[str, Any]:
    """A snapshot as a line of JSON; amounts are numbers in `currency`."""
    known: dict[str, Any] = {
        "server_id": snapshot.server_id,
        "server_name": snapshot.server_name,
        "size": snapshot.image_size,
    }
    if price is not None:
        cost = monthly((snapshot,), price)
        known["monthly_net"] = float(round(cost.net, 6))
        known["monthly_gross"] = float(round(cost.gross, 6))
        known["currency"] = cost.currency
    return json_lines.record(
        name,
        image_id=snapshot.id,
        description=snapshot.description,
        created=snapshot.created.isoformat(),
        status=snapshot.status.value,
        protected=snapshot.delete_protected,
        labels=dict(snapshot.labels),
        **{field: value for field, value in known.items() if value is not None},
    )


def _cells(snapshot: Snapshot, now: datetime, price: StoragePrice | None) -> list[str]:
    size = formatting.gigabytes(snapshot.image_size) if snapshot.image_size else "–"
    cost = [monthly((snapshot,), price).in_words()] if price else []
    flags = [word for word, holds in _flags(snapshot) if holds]
    told = f"{snapshot.description} ({', '.join(flags)})" if flags else snapshot.description
    server = snapshot.server_name or "–"
    return [str(snapshot.id), server, formatting.short(now - snapshot.created), size, *cost, told]


def _flags(snapshot: Snapshot) -> list[tuple[str, bool]]:
    return [
        ("protected", snapshot.delete_protected),
        (snapshot.status.value, snapshot.status is not ImageStatus.AVAILABLE),
    ]


def _line(row: Sequence[str], titles: Sequence[str], widths: Sequence[int]) -> str:
    """A row padded to the widths of the columns; the last column is not padded."""
    told = []
    for cell, title, width in zip(row[:-1], titles, widths, strict=False):
        room = " " * (width - cell_len(cell))
        told.append(room + cell if title in _RIGHT else set_cell_size(cell, width))
    return _GAP.join([*told, row[-1]]).rstrip()
