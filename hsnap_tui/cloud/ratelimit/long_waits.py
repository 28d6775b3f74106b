"""When a wait for the rate limit is worth telling (pure): what holds back a power-on or a job for long."""

from __future__ import annotations

from datetime import datetime, timedelta

from hsnap_tui.cloud.api import Priority, RateLimitStatus

LONG = timedelta(seconds=5)
"""Waits at least this long are told."""
AGAIN_AFTER = timedelta(minutes=5)
"""A wait that goes on is told again after this time."""

_WHAT = {
    Priority.POWER_ON: "Powering on a server waits for the rate limit",
    Priority.WHILE_OFF: "The snapshot of a server that is off waits for the rate limit",
    Priority.JOB: "Snapshots wait for the rate limit",
}


class LongWaits:
    """Told of the budget again and again; gives the sentence to tell, once for each wait and for each oddity."""

    def __init__(self) -> None:
        self._since: dict[Priority, datetime] = {}
        self._reported: dict[Priority, datetime] = {}
        self._strange_reported = False

    def note(self, view: RateLimitStatus, now: datetime) -> str | None:
        """What is worth telling now, if anything."""
        for priority, words in _WHAT.items():
            if priority not in view.held:
                self._since.pop(priority, None)
                self._reported.pop(priority, None)
                continue
            since = self._since.setdefault(priority, now)
            reported = self._reported.get(priority)
            if now - since < LONG or (reported is not None and now - reported < AGAIN_AFTER):
                continue
            self._reported[priority] = now
            return f"{words}: {view.remaining:.0f} of {view.limit} requests are left{_until(view, now)}."
        if view.strange is not None and not self._strange_reported:
            self._strange_reported = True
            return (
                f"Hetzner's answers show a strange rate limit ({view.strange}), which is not believed. "
                f"hsnap-tui assumes {view.limit} requests an hour."
            )
        return None


def _until(view: RateLimitStatus, now: datetime) -> str:
    seconds = (view.until - now).total_seconds() if view.until is not None else 0.0
    return f"; the next one is sent in about {seconds:.0f} s" if seconds >= 1 else ""
