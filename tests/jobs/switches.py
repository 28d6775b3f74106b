"""Which parts of the hostile world the job machine is held to; the others are for searching until it holds them too.

`HSNAP_MACHINE_HOSTILE=all`, or some names with commas between, switches others on.
"""

from __future__ import annotations

import os
from enum import StrEnum


class Hostile(StrEnum):
    """A part of the world that is hard to live with."""

    SLOW_GUESTS = "slow-guests"
    """Guests that go off minutes after they were asked, when nobody waits for it any more."""
    BEYOND_THE_BOUND = "beyond-the-bound"
    """Lost requests that have their effect later than the bound: told and paid while the job lasts."""
    REFUSED_ROUTES = "refused-routes"
    """One route refuses for a while or for ever."""
    DOWNTIME = "downtime"
    """The downtime is held to what was allowed."""
    CLOCK_STEPS = "clock-steps"
    """The machine's clock is set while no process is there."""
    WRONG_DATES = "wrong-dates"
    """Hetzner's `Date` is wrong by minutes for a while."""
    NO_ACCESS = "no-access"
    """The token may not write, or does not work, for a while."""
    ODD_STATUS = "odd-status"
    """A server is shown as unknown, starting or stopping, for a while or for ever."""
    ENDLESS_ILLS = "endless-ills"
    """Every wait has an end though the world stays ill for hours."""


HELD = frozenset({Hostile.NO_ACCESS, Hostile.REFUSED_ROUTES, Hostile.ODD_STATUS})
"""What the job machine is held to."""

_ASKED = os.environ.get("HSNAP_MACHINE_HOSTILE", "")
ON = frozenset(Hostile) if _ASKED == "all" else HELD | {Hostile(name) for name in _ASKED.split(",") if name}
