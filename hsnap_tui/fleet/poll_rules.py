"""What the next poll should ask for, and what that costs (pure)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from hsnap_tui.cloud.limits import id_requests, pages
from hsnap_tui.fleet.poll_targets import PollScope, PollTargets
from hsnap_tui.fleet.state import Fleet

LIST_ANYWAY = timedelta(seconds=60)
"""How long the list of running actions can wait while it only adds to what other answers tell."""


def is_busy(fleet: Fleet, targets: PollTargets) -> bool:
    """Whether anything runs or waits that somebody may want to see the end of."""
    return bool(targets) or bool(fleet.running) or fleet.locked > 0


def needs_running_actions(fleet: Fleet, targets: PollTargets, scope: PollScope, now: datetime) -> bool:
    """Whether the list of running actions is worth its requests in this poll."""
    listed_at = fleet.actions.listed_at
    old = listed_at is None or now - listed_at >= LIST_ANYWAY
    if scope is PollScope.JOBS_ONLY:
        followed = len(targets.actions)
        cheapest = id_requests(followed) > max(pages(followed), pages(len(fleet.running)))
        return cheapest or (old and bool(targets.servers))
    # The list of a small fleet's servers, one page, goes with each poll and shows each new lock.
    return old or pages(len(fleet.views)) > 1 or is_busy(fleet, targets)


def to_verify(fleet: Fleet, asked: Collection[int], limit: int) -> list[int]:
    """At most `limit` locked servers besides those `asked` anyway: first those whose holder is not listed, since only
    the server tells when their lock ends, then the longest unseen, since a lock may end before its action does."""
    locked = [view for key, view in fleet.views.items() if view.server.locked and key not in asked]
    locked.sort(key=lambda view: (view.server.id in fleet.actions.holders, view.seen, view.server.id))
    return [view.server.id for view in locked[: max(0, limit)]]


def missing_from(fleet: Fleet, began: datetime, listed: Collection[int]) -> set[int]:
    """Servers known from before a full list `began` and missing in it: gone, or lost between two of its pages."""
    return {key for key, view in fleet.views.items() if key not in listed and view.seen < began}
