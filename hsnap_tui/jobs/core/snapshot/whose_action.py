"""Whose action switched a server: ours, or somebody else's (pure).

We shut a server down only when it was seen running just before. So when it is off, it is off because of us unless
an action that can't be ours says otherwise. As long as attempts of ours are missing, whose answers were lost and
whose actions were not found, the first actions of that kind since are theirs, whatever the clocks say.
"""

from __future__ import annotations

from hsnap_tui.cloud.model import Action, ActionStatus
from hsnap_tui.jobs.core import tracked_request
from hsnap_tui.jobs.core.model import TrackedRequest
from hsnap_tui.jobs.core.observations import LookedUp
from hsnap_tui.jobs.core.snapshot.step_builder import SnapshotStepBuilder

_STOPS = tracked_request.COMMANDS["shutdown"] | tracked_request.COMMANDS["poweroff"]
_STARTS = tracked_request.COMMANDS["poweron"]
_SWITCHES = _STOPS | _STARTS


def foreign(builder: SnapshotStepBuilder, found: LookedUp) -> Action | None:
    """The newest action of somebody else that has switched the server since ours, or just before ours reached it."""
    ours = _ours(builder, found)
    stop = builder.job.shutdown
    since_ours = tracked_request.begun_since(
        found.actions, stop.unknown_since or stop.last_intent, builder.context.clock_offset
    )
    switches = [action for action in since_ours if action.command in _SWITCHES]
    others = [a for a in switches if a.id not in ours and a.status is not ActionStatus.ERROR]
    our_last_stop = max((a.id for a in found.actions if a.id in ours and a.command in _STOPS), default=0)
    if not others or (others[-1].command in _STARTS and others[-1].id < our_last_stop):
        return None
    return others[-1]


def _ours(builder: SnapshotStepBuilder, found: LookedUp) -> set[int]:
    """The switching actions that requests of ours have made, or may have made as far as their answers were lost."""
    offset = builder.context.clock_offset
    ours: set[int] = set()
    for stop in (builder.job.shutdown, builder.job.power_off):
        ours |= _known(stop) | {action.id for action in tracked_request.unaccounted(stop, found.actions, offset)}
    start = builder.job.power_on
    known = _known(start)
    begun = tracked_request.candidate_actions(start, found.actions, start.first_intent, offset)
    unknown = [action.id for action in begun if action.id not in known]
    return ours | known | set(unknown[: max(0, start.attempts - len(known))])


def _known(request: TrackedRequest) -> set[int]:
    return {action_id for action_id in (request.action_id, *request.ruled_out) if action_id is not None}
