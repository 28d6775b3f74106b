"""Which rate-limit headers are believed (pure): one absurd answer must not stop everything for an hour.

A gateway, a proxy or a fault may say anything. A limit that cannot be one is not believed at all, and one that
differs from what a route has always shown only when several answers in a row show it. Requests whose headers are not
believed are counted as if they had shown none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LOWEST_LIMIT = 10
LARGEST_LIMIT = 1_000_000
"""Requests an hour between which a limit may be one. Hetzner's is 3600 for a project."""
CONFIRMED_BY = 3
"""Answers of a route in a row that must show the same new limit."""


@dataclass(slots=True)
class _Shown:
    """What the answers of one route show: the limit that is believed, and another that some have shown since."""

    believed: int
    other: int = 0
    times: int = 0


@dataclass(slots=True)
class Plausible:
    """Judges the headers of each answer. `strange` says in words what was not believed last, or is none."""

    strange: str | None = None
    _routes: dict[str, _Shown] = field(default_factory=dict)

    def judge(self, route: str, limit: int | None, left: int | None) -> tuple[int | None, int | None]:
        """The limit and what is left of it as far as they are believed: both or neither."""
        if limit is None or left is None:
            return None, None
        if not LOWEST_LIMIT <= limit <= LARGEST_LIMIT or left > limit:
            self.strange = f"{left} of {limit} requests an hour left"
            return None, None
        shown = self._routes.setdefault(route, _Shown(limit))
        if limit == shown.believed:
            shown.times = 0
            return limit, left
        shown.times = shown.times + 1 if limit == shown.other else 1
        shown.other = limit
        if shown.times < CONFIRMED_BY:
            self.strange = f"a limit of {limit} requests an hour instead of {shown.believed}"
            return None, None
        self._routes[route] = _Shown(limit)
        return limit, left
