"""Moments of a job that another process' clock wrote down (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from hsnap_tui.jobs.core import tracked_request

T = TypeVar("T")

MAY_BE_AHEAD: Mapping[str, timedelta] = {
    "not_before": tracked_request.LONGEST_RETRY_AFTER,
    "unknown_until": tracked_request.SETTLE,
    "fresh_after": timedelta(seconds=1),
}
"""How far after the present a moment may be that is planned; all others are past."""


def not_in_the_future(thing: T, now: datetime, ahead: Mapping[str, timedelta] = MAY_BE_AHEAD) -> T:
    """The same with no moment that this process' clock says is still to come, beyond what can be planned.

    The clock of the process that wrote it may have been ahead, or has been set back since.
    """
    changes: dict[str, object] = {}
    for field in fields(thing):  # type: ignore[arg-type]
        value = getattr(thing, field.name)
        if isinstance(value, datetime):
            changes[field.name] = min(value, now + ahead.get(field.name, timedelta(0)))
        elif is_dataclass(value):
            changes[field.name] = not_in_the_future(value, now, ahead)
    return replace(thing, **changes)  # type: ignore[type-var]
