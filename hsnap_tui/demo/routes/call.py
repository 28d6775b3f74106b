"""What the HTTP side hands to a route and gets back: no web framework in here, so that effects can come late."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hsnap_tui.demo.model.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """One request: its path's IDs and words by name, its query in order, its raw body, its URL without query."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    url: str = ""

    def values(self, name: str) -> list[str]:
        """Give all non-empty values of a query parameter."""
        return [value for key, value in self.query if key == name and value]

    def value(self, name: str) -> str | None:
        """Give the last non-empty value of a query parameter."""
        values = self.values(name)
        return values[-1] if values else None


@dataclass(frozen=True, slots=True)
class RouteResponse:
    """One answer: the HTTP status, the JSON body (None: no body), and headers of its own."""

    status: int
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[World, Call], RouteResponse]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method and a path template below /v1, e.g. `/servers/{id}`, and what answers there."""

    method: str
    template: str
    handler: Handler


Endpoints = Iterable[Endpoint]
