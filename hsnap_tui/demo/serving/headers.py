"""The headers of every response, and how faults change them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import format_datetime

from hsnap_tui.demo.model.faults import Fault

Headers = dict[str, str]

_RATE_LIMIT = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def common(now: datetime, correlation_id: str, budget: Headers) -> Headers:
    """Give the headers of an answer: its time, the request's name, and the rate limit."""
    return {"Date": format_datetime(now, usegmt=True), "X-Correlation-Id": correlation_id, **budget}


def with_faults(headers: Headers, now: datetime, faults: Iterable[Fault]) -> Headers:
    """Give the headers as changed by these faults."""
    changed = dict(headers)
    for fault in faults:
        match fault.kind:
            case "date":
                changed["Date"] = format_datetime(now + timedelta(seconds=fault.duration), usegmt=True)
            case "date-text":
                changed["Date"] = fault.text
            case _:
                changed |= dict(zip(_RATE_LIMIT, fault.text.split("/"), strict=False))
    return changed


def as_bytes(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Give headers for ASGI with their names as they are: Starlette would write them in small letters."""
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
