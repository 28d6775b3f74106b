"""What stops one job stops others (pure): no further server is shut down for a snapshot that is refused anyway."""

from __future__ import annotations

from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.jobs.core.model import HoldReason, Job, Power
from hsnap_tui.jobs.core.observations import Hold

_FOR_OTHERS = frozenset({HoldReason.LIMIT, HoldReason.NO_ACCESS})

_REFUSED_FOR_ALL = frozenset(
    {
        ErrorKind.INVALID_INPUT,
        ErrorKind.UNSUPPORTED,
        ErrorKind.UNAVAILABLE,
        ErrorKind.MAINTENANCE,
        ErrorKind.REMOVED,
        ErrorKind.REFUSED,
    }
)
"""Refusals that the next server of a batch would most likely meet too, after its shutdown."""

_IN_VAIN = frozenset({HoldReason.TRIED_OFTEN, HoldReason.DOWNTIME})


def hold_for_others(before: Job, after: Job) -> Hold | None:
    """The hold that a job's step puts on others, if it does; `applies` tells on which."""
    newly = after.hold is not before.hold
    if newly and after.hold in _FOR_OTHERS and after.failure is not None:
        return Hold(after.hold, after.failure)
    if after.shuts_down and _was_in_vain(before, after, newly=newly):
        return Hold(HoldReason.REFUSED, after.failure or after.refusal)
    return None


def applies(hold: Hold, source: Job, other: Job) -> bool:
    """Whether the hold that comes from the `source` is for this job: no access stops all, the rest its batch.

    A refusal only stops those whose servers have not been asked to shut down.
    """
    if other.id == source.id or (hold.reason is not HoldReason.NO_ACCESS and other.batch != source.batch):
        return False
    return hold.reason is not HoldReason.REFUSED or not (
        other.power is Power.RESTORE_PENDING or other.main_request.attempts
    )


def _was_in_vain(before: Job, after: Job, *, newly: bool) -> bool:
    """Whether its server was shut down, or was to be, and no snapshot came of it.

    A server that was off as long as allowed counts whatever refused it: `locked` too, since it was seen unlocked.
    """
    if newly and after.hold in _IN_VAIN:
        return after.main_request.attempts > 0
    failure = after.failure
    return failure is not None and failure != before.failure and failure.kind in _REFUSED_FOR_ALL
