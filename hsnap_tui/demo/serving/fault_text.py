"""The text form of a fault, as the command line takes it."""

from __future__ import annotations

from typing import Any

from hsnap_tui.demo.model.faults import KINDS, Fault, FaultSyntaxError

SYNTAX = "KIND[=VALUE]:[METHOD ]ROUTE[:RATE[:TIMES]][:after=S][:for=S][:retry-after=S]"

_MOST_PARTS = 4


def parse(text: str) -> Fault:
    """Read a fault from its text form (SYNTAX). Raises FaultSyntaxError."""
    parts = [part.strip() for part in text.split(":")]
    named: dict[str, Any] = {}
    while len(parts) > 2 and "=" in parts[-1]:
        named |= _named(parts.pop())
    if not 2 <= len(parts) <= _MOST_PARTS or not all(parts):
        raise FaultSyntaxError(f"{text!r} is not of the form {SYNTAX}")
    kind, equals, value = parts[0].partition("=")
    words = parts[1].split()
    if len(words) > 2:
        raise FaultSyntaxError(f"{parts[1]!r} is not a method and a route")
    if equals and kind in KINDS and KINDS[kind].takes:
        named["text"] = value.strip()
    elif equals:
        named["seconds"] = _seconds(value)
    return Fault(
        kind=kind,
        method=words[0].upper() if len(words) == 2 else "*",
        route=words[-1],
        rate=_number(parts[2], "rate") if len(parts) > 2 else 1.0,
        times=_count(parts[3]) if len(parts) > 3 else None,
        **named,
    )


def _named(part: str) -> dict[str, Any]:
    name, _, value = (word.strip() for word in part.partition("="))
    match name:
        case "after":
            return {"after": _seconds(value)}
        case "for":
            return {"lasts": _seconds(value)}
        case "retry-after":
            return {"retry_after": value}
    raise FaultSyntaxError(f"{part!r} is none of after=S, for=S, retry-after=S")


def _seconds(text: str) -> float:
    return _number(text.removesuffix("s"), "number of seconds")


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise FaultSyntaxError(f"the {what} must be a number, not {text!r}") from None


def _count(text: str) -> int:
    if not text.isdecimal():
        raise FaultSyntaxError(f"the number of times must be a whole number, not {text!r}")
    return int(text)
