"""Faults on demand: what goes wrong with which requests, when, how often, and how many times at most."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from hsnap_tui.demo.model.errors import STATUSES

_METHODS = ("GET", "POST", "PUT", "DELETE")

MAX_SECONDS = 3600


class FaultSyntaxError(ValueError):
    """The text describes no fault; the message says why."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: its words for the help, and what it takes.

    `seconds` is its default time (None: it takes none), `takes` names the text it needs (empty: none). `header`:
    it changes headers of the answer only, and happens beside a fault of another kind.
    """

    words: str
    seconds: float | None = None
    takes: str = ""
    header: bool = False
    lowest: float = 0.0
    highest: float = MAX_SECONDS


KINDS = {
    "latency": Kind("the answer comes S seconds later (1)", 1.0),
    "drop-before": Kind("the connection closes, nothing was done"),
    "drop-after": Kind("the connection closes, it was done"),
    "drop-then-effect": Kind("the connection closes, it is done S seconds later (5)", 5.0),
    "stall": Kind("no answer for S seconds (60), then the connection closes; nothing was done", 60.0),
    "stall-then-effect": Kind("no answer for S seconds (60), then it is done, also when the client has left", 60.0),
    "timeout-after": Kind("no answer for S seconds (60), then the connection closes; it was done", 60.0),
    "trickle": Kind("one byte of the answer a second, at most S seconds (60); it was done", 60.0),
    "500": Kind("500 server_error as JSON, nothing was done"),
    "502": Kind("502 as a gateway's HTML page, nothing was done"),
    "503": Kind("503 as a gateway's HTML page, nothing was done"),
    "503-after": Kind("503 unavailable as JSON, it was done"),
    "504-after": Kind("504 timeout as JSON, it was done"),
    "429": Kind("429 rate_limit_exceeded, nothing was done"),
    "conflict": Kind("409 conflict, nothing was done"),
    "refuse": Kind("=STATUS, =CODE or =STATUS/CODE: that error as JSON, nothing was done", takes="a status or code"),
    "readonly": Kind("401 token_readonly to everything but GET, nothing was done"),
    "then": Kind("=COMMAND: it was done and the command of --at right after it, then comes the answer",
        takes="a command"),
    "cut-json": Kind("half of the JSON in a complete answer, it was done"),
    "cut-body": Kind("the connection closes in the middle of the answer, it was done"),
    "empty": Kind("the answer has no body, it was done"),
    "null": Kind("the answer's body is null, it was done"),
    "date": Kind("the Date header is S seconds ahead (3600), or behind when S is negative", 3600.0, header=True,
        lowest=-1e9, highest=1e9),
    "date-text": Kind("=TEXT: the Date header says this", takes="a text", header=True),
    "ratelimit": Kind("=LIMIT[/REMAINING[/RESET]]: the RateLimit headers say this, whatever it is",
        takes="a limit", header=True),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule: `kind` happens to requests of `method` (`*`: any) on `route`, with `rate` (0 to 1).

    `route` is a pattern: of the path when it starts with a slash (`/servers/*/actions/*`), else of the last fixed
    word of a route (`create_image`, `power*`, `*`; `servers` is the list and a single one). `times` bounds how
    often it happens at all. It begins `after` seconds of the cloud's clock and lasts `lasts` seconds (None: it
    does not end). `text` is what kinds with a text take; `retry_after` a header for `refuse`.
    """

    kind: str
    method: str = "*"
    route: str = "*"
    rate: float = 1.0
    times: int | None = None
    seconds: float | None = None
    text: str = ""
    after: float = 0.0
    lasts: float | None = None
    retry_after: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise FaultSyntaxError(f"unknown fault kind {self.kind!r}; there are: {', '.join(KINDS)}")
        if self.method not in (*_METHODS, "*"):
            raise FaultSyntaxError(f"unknown method {self.method!r}; there are: {', '.join(_METHODS)}, *")
        if not 0 <= self.rate <= 1:
            raise FaultSyntaxError(f"the rate must be between 0 and 1, not {self.rate}")
        if self.times is not None and self.times < 1:
            raise FaultSyntaxError(f"the number of times must be at least 1, not {self.times}")
        self._check_value()
        for name, seconds in (("after", self.after), ("for", self.lasts or 0.0)):
            if not 0 <= seconds <= 1e9:
                raise FaultSyntaxError(f"the seconds of {name!r} must not be negative, as {seconds} is")
        if self.retry_after and self.kind != "refuse":
            raise FaultSyntaxError(f"{self.kind} takes no retry-after; refuse does")

    def _check_value(self) -> None:
        kind = KINDS[self.kind]
        if self.seconds is not None and kind.seconds is None:
            timed = ", ".join(name for name, other in KINDS.items() if other.seconds is not None)
            raise FaultSyntaxError(f"{self.kind} takes no seconds; {timed} do")
        if self.seconds is not None and not kind.lowest <= self.seconds <= kind.highest:
            raise FaultSyntaxError(
                f"the seconds must be between {kind.lowest:g} and {kind.highest:g}, not {self.seconds}"
            )
        if bool(self.text) != bool(kind.takes):
            needs = f"needs {kind.takes}: {self.kind}=…" if kind.takes else "takes no text"
            raise FaultSyntaxError(f"{self.kind} {needs}")
        if self.kind == "refuse":
            _ = self.refusal

    @property
    def duration(self) -> float:
        """Give its time in seconds; 0 for a kind that has none."""
        return (KINDS[self.kind].seconds or 0.0) if self.seconds is None else self.seconds

    @property
    def refusal(self) -> tuple[int, str]:
        """Give status and code with which `refuse` answers."""
        status, slash, code = self.text.partition("/")
        if not status.isdecimal():
            if slash or status not in STATUSES:
                raise FaultSyntaxError(
                    f"unknown code {self.text!r}; with a status before it, any will do: 503/{code}"
                )
            return STATUSES[status], status
        number = int(status)
        if not 400 <= number <= 599:
            raise FaultSyntaxError(f"a refusal's status is between 400 and 599, not {number}")
        if not code:
            code = next((known for known, its in STATUSES.items() if its == number), "")
        if not code:
            raise FaultSyntaxError(f"status {number} needs a code: {number}/CODE")
        return number, code

    def matches(self, method: str, path: str, template: str) -> bool:
        """Tell whether a request is meant, by its method, its path below /v1 and the path's template."""
        if self.method not in ("*", method) or (self.kind == "readonly" and method == "GET"):
            return False
        return fnmatchcase(path if self.route.startswith("/") else route_word(template), self.route)


def route_word(template: str) -> str:
    """Give the last fixed word of a path template: `create_image` of `/servers/{id}/actions/create_image`."""
    words = [part for part in template.split("/") if part and not part.startswith("{")]
    return words[-1] if words else ""


@dataclass(slots=True)
class _Rule:
    fault: Fault
    left: int | None
    begins: datetime
    ends: datetime | None

    def in_force(self, now: datetime) -> bool:
        return self.begins <= now and (self.ends is None or now < self.ends)


@dataclass(slots=True)
class FaultBook:
    """The rules in force. What is added last comes first.

    One fault at most happens to a request; those of headers are apart, and all that fit happen.
    """

    rng: random.Random
    now: Callable[[], datetime]
    _rules: list[_Rule] = field(default_factory=list)

    def add(self, faults: Iterable[Fault]) -> None:
        """Put rules into force, in this order; their times count from now."""
        now = self.now()
        self._rules[:0] = [_rule(fault, now) for fault in faults]

    def clear(self) -> None:
        """Take all rules out of force."""
        self._rules.clear()

    def draw(self, method: str, path: str, template: str) -> Fault | None:
        """Decide which fault, if any, happens to a request, and count it."""
        return next(self._drawn(method, path, template, header=False), None)

    def draw_headers(self, method: str, path: str, template: str) -> list[Fault]:
        """Decide which faults happen to the headers of an answer, the strongest last, and count them."""
        return list(self._drawn(method, path, template, header=True))[::-1]

    def _drawn(self, method: str, path: str, template: str, *, header: bool) -> Iterator[Fault]:
        now = self.now()
        for rule in list(self._rules):
            fault = rule.fault
            if KINDS[fault.kind].header != header or not rule.in_force(now):
                continue
            if not fault.matches(method, path, template):
                continue
            if fault.rate < 1 and self.rng.random() >= fault.rate:
                continue
            if rule.left is not None:
                rule.left -= 1
                if rule.left == 0:
                    self._rules.remove(rule)
            yield fault


def _rule(fault: Fault, now: datetime) -> _Rule:
    begins = now + timedelta(seconds=fault.after)
    ends = None if fault.lasts is None else begins + timedelta(seconds=fault.lasts)
    return _Rule(fault, fault.times, begins, ends)
