"""When the list of snapshots is worth reading again (pure)."""

from __future__ import annotations

from dataclasses import dataclass

REGULARLY = 600.0
GATHER_SECONDS = 4.0
"""Seconds after the end of a `create_image`, so that those that end together make one list."""
MAX_GATHER_SECONDS = 20.0
"""Seconds after the first such end, when they keep ending."""
SHARE = 0.25
"""Of the refill of the rate limit, what these lists may take."""
AFTER_FAILURE = 60.0


@dataclass(slots=True)
class SnapshotSchedule:
    """Times are monotonic seconds of one clock. Due at once when it was never read."""

    _read_at: float | None = None
    _pages: int = 1
    _due_at: float = 0.0
    _first_end: float | None = None

    def image_ended(self, now: float) -> None:
        """A `create_image` has ended: there is a new snapshot, or one less that is being made."""
        if self._first_end is None:
            self._first_end = now
        self._due_at = min(now + GATHER_SECONDS, self._first_end + MAX_GATHER_SECONDS)

    def due(self, now: float, refill: float, slow: float) -> bool:
        """Whether to read it now. In requests a second: the `refill` of the rate limit, and what lists may take that
        are read without a reason (`slow`)."""
        if self._read_at is None:
            return now >= self._due_at
        affordable = self._read_at + self._pages / max(SHARE * refill, 1e-6)
        reason = self._due_at if self._first_end is not None else self._read_at + max(REGULARLY, self._pages / slow)
        return now >= max(reason, affordable)

    def begun(self, now: float) -> None:
        """The list is being read: what ends from now on makes it due again."""
        self._read_at, self._first_end = now, None

    def read(self, pages: int) -> None:
        """It was read, in so many requests."""
        self._pages = pages

    def failed(self, now: float) -> None:
        """It could not be read: again in a minute."""
        self._first_end = now
        self._due_at = now + AFTER_FAILURE
