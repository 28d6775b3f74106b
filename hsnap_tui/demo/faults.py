"""Faults on demand: what goes wrong with which requests, how often, and how many times at most."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

_METHODS = ("GET", "POST", "PUT", "DELETE")

#: Every kind of fault, in words for the help. Those that have a time are in DEFAULT_SECONDS.
KINDS = {
    "latency": "the answer comes S seconds later (1)",
    "drop-before": "the connection closes, nothing was done",
    "drop-after": "the connection closes, it was done",
    "drop-then-effect": "the connection closes, it is done S seconds later (5)",
    "stall": "no answer for S seconds (60), then the connection closes; nothing was done",
    "timeout-after": "no answer for S seconds (60), then the connection closes; it was done",
    "trickle": "one byte of the answer a second, at most S seconds (60); it was done",
    "500": "500 server_error as JSON, nothing was done",
    "502": "502 as a gateway's HTML page, nothing was done",
    "503": "503 as a gateway's HTML page, nothing was done",
    "503-after": "503 unavailable as JSON, it was done",
    "504-after": "504 timeout as JSON, it was done",
    "429": "429 rate_limit_exceeded, nothing was done",
    "conflict": "409 conflict, nothing was done",
    "cut-json": "half of the JSON in a complete answer, it was done",
    "cut-body": "the connection closes in the middle of the answer, it was done",
    "empty": "the answer has no body, it was done",
    "null": "the answer's body is null, it was done",
}

DEFAULT_SECONDS = {
    "latency": 1.0,
    "drop-then-effect": 5.0,
    "stall": 60.0,
    "timeout-after": 60.0,
    "trickle": 60.0,
}

MAX_SECONDS = 3600

SYNTAX = "KIND[=SECONDS]:[METHOD ]ROUTE[:RATE[:TIMES]]"


class FaultSyntaxError(ValueError):
    """The text describes no fault; the message says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule: `kind` happens to requests of `method` (`*`: any) on `route`, with `rate` (0 to 1).

    `route` is a pattern: of the path when it starts with a slash (`/servers/*/actions/*`), else of the last fixed
    word of a route (`create_image`, `power*`, `*`; `servers` is the list and a single one). `times` bounds how
    often it happens at all.
    """

    kind: str
    method: str = "*"
    route: str = "*"
    rate: float = 1.0
    times: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise FaultSyntaxError(f"unknown fault kind {self.kind!r}; there are: {', '.join(KINDS)}")
        if self.method not in (*_METHODS, "*"):
            raise FaultSyntaxError(f"unknown method {self.method!r}; there are: {', '.join(_METHODS)}, *")
        if not 0 <= self.rate <= 1:
            raise FaultSyntaxError(f"the rate must be between 0 and 1, not {self.rate}")
        if self.times is not None and self.times < 1:
            raise FaultSyntaxError(f"the number of times must be at least 1, not {self.times}")
        if self.seconds is not None and self.kind not in DEFAULT_SECONDS:
            raise FaultSyntaxError(f"{self.kind} takes no seconds; {', '.join(DEFAULT_SECONDS)} do")
        if self.seconds is not None and not 0 <= self.seconds <= MAX_SECONDS:
            raise FaultSyntaxError(f"the seconds must be between 0 and {MAX_SECONDS}, not {self.seconds}")

    @property
    def duration(self) -> float:
        """Give its time in seconds; 0 for a kind that has none."""
        return DEFAULT_SECONDS.get(self.kind, 0.0) if self.seconds is None else self.seconds

    def matches(self, method: str, path: str, template: str) -> bool:
        """Tell whether a request is meant, by its method, its path below /v1 and the path's template."""
        if self.method not in ("*", method):
            return False
        return fnmatchcase(path if self.route.startswith("/") else route_word(template), self.route)


def route_word(template: str) -> str:
    """Give the last fixed word of a path template: `create_image` of `/servers/{id}/actions/create_image`."""
    words = [part for part in template.split("/") if part and not part.startswith("{")]
    return words[-1] if words else ""


def parse(text: str) -> Fault:
    """Read a fault from its text form (SYNTAX). Raises FaultSyntaxError."""
    parts = [part.strip() for part in text.split(":")]
    if not 2 <= len(parts) <= 4 or not all(parts):
        raise FaultSyntaxError(f"{text!r} is not of the form {SYNTAX}")
    kind, equals, seconds = parts[0].partition("=")
    words = parts[1].split()
    if len(words) > 2:
        raise FaultSyntaxError(f"{parts[1]!r} is not a method and a route")
    return Fault(
        kind=kind,
        method=words[0].upper() if len(words) == 2 else "*",
        route=words[-1],
        rate=_number(parts[2], "rate") if len(parts) > 2 else 1.0,
        times=_count(parts[3]) if len(parts) > 3 else None,
        seconds=_number(seconds.removesuffix("s"), "number of seconds") if equals else None,
    )


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise FaultSyntaxError(f"the {what} must be a number, not {text!r}") from None


def _count(text: str) -> int:
    if not text.isdecimal():
        raise FaultSyntaxError(f"the number of times must be a whole number, not {text!r}")
    return int(text)


@dataclass(slots=True)
class _Rule:
    fault: Fault
    left: int | None


@dataclass(slots=True)
class FaultBook:
    """The rules in force. What is added last comes first, and one fault at most happens to a request."""

    rng: random.Random
    _rules: list[_Rule] = field(default_factory=list)

    def add(self, faults: Iterable[Fault]) -> None:
        """Put rules into force, in this order."""
        self._rules[:0] = [_Rule(fault, fault.times) for fault in faults]

    def clear(self) -> None:
        """Take all rules out of force."""
        self._rules.clear()

    def draw(self, method: str, path: str, template: str) -> Fault | None:
        """Decide which fault, if any, happens to a request, and count it."""
        for rule in self._rules:
            if not rule.fault.matches(method, path, template):
                continue
            if rule.fault.rate < 1 and self.rng.random() >= rule.fault.rate:
                continue
            if rule.left is not None:
                rule.left -= 1
                if rule.left == 0:
                    self._rules.remove(rule)
            return rule.fault
        return None
