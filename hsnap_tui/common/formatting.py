"""Ages, durations, counts, sizes and times as text, and durations read from text (pure)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import humanize

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PART = re.compile(r"([0-9]{1,6})\s*([smhd])")
_CLEAN = timedelta(0)


def short(delta: timedelta) -> str:
    """A duration in at most four characters, for narrow columns: `12s`, `2m`, `5h`, `3d`."""
    seconds = max(0, int(delta.total_seconds()))
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m"
    if seconds < 48 * 3600:
        return f"{seconds // 3600}h"
    return f"{seconds // 86400}d"


def duration(seconds: float) -> str:
    """A duration in short, to the second, to the minute from one hour on: `45s`, `1m 20s`, `2h 5m`, `3d 4h`."""
    left = max(0, round(seconds))
    if left >= 3600:
        left = round(left / 60) * 60
    parts = []
    for unit in ("d", "h", "m", "s"):
        whole, left = divmod(left, _UNITS[unit])
        if whole:
            parts.append(f"{whole}{unit}")
    return " ".join(parts[:2]) or "0s"


def roughly(delta: timedelta) -> str:
    """A duration as people say it: `2 minutes`, `3 days`."""
    delta = max(delta, _CLEAN)
    return "a moment" if delta < timedelta(seconds=1) else humanize.naturaldelta(delta)


def age(then: datetime, now: datetime) -> str:
    """How long ago `then` was, as people say it, without "ago"; `a moment` for times in the future."""
    return roughly(now - then)


def exactly(seconds: float) -> str:
    """A duration to the second, to the minute from one hour on: `1 minute and 12 seconds`."""
    whole = timedelta(seconds=max(0, round(seconds)))
    if whole < timedelta(seconds=1):
        return "less than a second"
    unit = "minutes" if whole >= timedelta(hours=1) else "seconds"
    return humanize.precisedelta(whole, minimum_unit=unit, format="%0.0f")


def count(number: int, thing: str, things: str | None = None) -> str:
    """A number with its noun: `1 server`, `20 servers`, `2,000 servers`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def listed(names: list[str], limit: int = 5) -> str:
    """Names in a sentence: `a`, `a and b`, `a, b and 3 more`."""
    shown, rest = names[:limit], len(names) - limit
    if rest > 0:
        return f"{', '.join(shown)} and {rest:,} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "none"


def gigabytes(size: float) -> str:
    """A size in GB as Hetzner counts it."""
    return f"{size:.2f} GB" if size < 10 else f"{size:.1f} GB"


def clock_time(at: datetime) -> str:
    """The time of day in this machine's zone, `14:03:07`."""
    return at.astimezone().strftime("%H:%M:%S")


def date_time(at: datetime) -> str:
    """Day and time of day in this machine's zone, `2026-07-11 14:03`."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M")


def parse_duration(text: str) -> timedelta:
    """Reads `90s`, `2m`, `1h30m` or `1d`. Raises ValueError with a sentence that says how to write it."""
    parts = _PART.findall(text.strip().lower())
    written = "".join(f"{number}{unit}" for number, unit in parts)
    if not parts or written != re.sub(r"\s+", "", text.lower()):
        raise ValueError(f"“{text}” is not a duration: write it like 90s, 2m, 1h30m or 1d")
    total = sum(int(number) * _UNITS[unit] for number, unit in parts)
    if not 0 < total <= 366 * 86400:
        raise ValueError("a duration must be more than nothing and at most a year")
    return timedelta(seconds=total)


def brief(delta: timedelta) -> str:
    """A duration as `parse_duration` reads it: `2m`, `1h30m`."""
    seconds = int(delta.total_seconds())
    parts = []
    for unit in ("d", "h", "m", "s"):
        whole, seconds = divmod(seconds, _UNITS[unit])
        if whole:
            parts.append(f"{whole}{unit}")
    return "".join(parts) or "0s"
