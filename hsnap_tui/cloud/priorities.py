"""What a request's priority means: what it leaves of the rate limit, and which worker threads carry it (pure)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from hsnap_tui.cloud.api import Priority


class WorkerGroup(Enum):
    """Requests with worker threads of their own: `width` of them at the same time. One that hangs holds up its own
    group only."""

    POWER_ON = "power-on", 8
    COMMANDS = "commands", 16
    INTERACTIVE = "interactive", 20
    LOOK_UPS = "look-ups", 8
    POLLS = "polls", 20

    def __init__(self, _name: str, width: int) -> None:
        self.width = width


@dataclass(frozen=True, slots=True)
class _Meaning:
    """`leaves` is the part of the reserve that must remain after the request; `reads` and `commands` are the worker
    groups of its GETs and of everything else."""

    leaves: float
    reads: WorkerGroup
    commands: WorkerGroup


_MEANINGS: Mapping[Priority, _Meaning] = {
    Priority.POWER_ON: _Meaning(0.0, WorkerGroup.POWER_ON, WorkerGroup.POWER_ON),
    Priority.WHILE_OFF: _Meaning(0.125, WorkerGroup.LOOK_UPS, WorkerGroup.COMMANDS),
    Priority.KEYPRESS: _Meaning(0.25, WorkerGroup.INTERACTIVE, WorkerGroup.INTERACTIVE),
    Priority.JOB: _Meaning(1.0, WorkerGroup.LOOK_UPS, WorkerGroup.COMMANDS),
    Priority.LOOK_UP: _Meaning(1.0, WorkerGroup.LOOK_UPS, WorkerGroup.COMMANDS),
    Priority.POLL: _Meaning(1.5, WorkerGroup.POLLS, WorkerGroup.COMMANDS),
}


def reserve(limit: int) -> int:
    """Requests kept for servers that are off because of us, and for keypresses.

    2 %, at least 2, at most a quarter of the limit. The last of them are for power-ons alone.
    """
    return min(max(2, math.ceil(limit / 50)), limit // 4)


def must_remain(priority: Priority, limit: int) -> int:
    """Requests that must be left of the limit after one of this priority."""
    return math.ceil(_MEANINGS[priority].leaves * reserve(limit))


def worker_group(priority: Priority, method: str) -> WorkerGroup:
    """The worker group that a request runs in."""
    meaning = _MEANINGS[priority]
    return meaning.reads if method == "GET" else meaning.commands
