"""What snapshots cost (pure). Hetzner bills `image_size` by the GB and month ("Pricing" in the API description)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from hsnap_tui.cloud.model import Snapshot, StoragePrice


@dataclass(frozen=True, slots=True)
class Cost:
    """What something costs a month, without and with VAT."""

    currency: str
    net: Decimal
    gross: Decimal

    def in_words(self) -> str:
        """The amount without VAT, to the cent: `1.23 EUR`."""
        return f"{self.net:.2f} {self.currency}"


def monthly(snapshots: Iterable[Snapshot], price: StoragePrice) -> Cost:
    """What these snapshots cost a month; one that is still being created costs nothing yet."""
    size = sum((Decimal(str(snapshot.image_size or 0)) for snapshot in snapshots), Decimal(0))
    return Cost(price.currency, size * price.net, size * price.gross)
