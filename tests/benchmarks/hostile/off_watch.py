"""When each server was off."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from hsnap_tui.demo.serving.server import Served
from tests.benchmarks import truth

LOOK_EVERY = 0.1
"""Seconds between two looks at the servers."""


@dataclass(slots=True)
class OffWatch:
    """Looks at the servers all the time: when each was off, by the monotonic clock."""

    served: Served
    spans: dict[str, list[tuple[float, float | None]]] = field(default_factory=dict)
    _end: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        """Looks from now on."""
        threading.Thread(target=self._look, daemon=True).start()

    def end(self) -> None:
        """Looks no more."""
        self._end.set()

    def off_since(self, name: str) -> float | None:
        """Since when it is off; None when it is on."""
        spans = self.spans.get(name)
        return spans[-1][0] if spans and spans[-1][1] is None else None

    def longest(self, name: str) -> float:
        """How long it was off at a stretch, at most; up to now when it still is."""
        now = time.monotonic()
        return max(((until or now) - since for since, until in self.spans.get(name, [])), default=0.0)

    def most_at_once(self) -> int:
        """How many were off at the same time, at most."""
        now = time.monotonic()
        spans = [span for all_of_one in self.spans.values() for span in all_of_one]
        return max((sum(s <= since < (until or now) for s, until in spans) for since, _ in spans), default=0)

    def ever_off(self) -> list[str]:
        """The servers that were off at some time."""
        return sorted(self.spans)

    def _look(self) -> None:
        started_off = {name for name, status in truth.statuses(self.served).items() if status != "running"}
        while not self._end.wait(LOOK_EVERY):
            now = time.monotonic()
            for name, status in truth.statuses(self.served).items():
                spans = self.spans.get(name, [])
                is_open = bool(spans) and spans[-1][1] is None
                if status == "off" and not is_open and name not in started_off:
                    self.spans.setdefault(name, []).append((now, None))
                elif status == "running":
                    started_off.discard(name)
                    if is_open:
                        spans[-1] = (spans[-1][0], now)
