"""Whose action switched a server: ours, or somebody else's (pure).

We shut a server down only when it was seen running just before. So when it is off, it is off because of us unless
an action that can't be ours says otherwise. As long as attempts of ours are missing, whose answers were lost and
whose actions were not found, the first actions of that kind since are theirs, whatever the clocks say.
"""

from __future__ import annotations

from hsnap_tui.cloud.model import Action, ActionStatus
from hsnap_tui.jobs import sending
from hsnap_tui.jobs.draft import Draft
from hsnap_tui.jobs.model import Sending
from hsnap_tui.jobs.observations import LookedUp

_STOPS = sending.COMMANDS["shutdown"] | sending.COMMANDS["poweroff"]
_STARTS = sending.COMMANDS["poweron"]
_SWITCHES = _STOPS | _STARTS


def foreign(draft: Draft, found: LookedUp) -> Action | None:
    """The newest action of somebody else that has switched the server since ours, or just before ours reached it."""
    ours = _ours(draft, found)
    stop = draft.job.stop
    since_ours = sending.begun_since(found.actions, stop.doubt_since or stop.last_intent, draft.turn.clock_offset)
    switches = [action for action in since_ours if action.command in _SWITCHES]
    others = [a for a in switches if a.id not in ours and a.status is not ActionStatus.ERROR]
    our_last_stop = max((a.id for a in found.actions if a.id in ours and a.command in _STOPS), default=0)
    if not others or (others[-1].command in _STARTS and others[-1].id < our_last_stop):
        return None
    return others[-1]


def _ours(draft: Draft, found: LookedUp) -> set[int]:
    """The switching actions that requests of ours have made, or may have made as far as their answers were lost."""
    offset = draft.turn.clock_offset
    ours: set[int] = set()
    for stop in (draft.job.stop, draft.job.cut):
        ours |= _known(stop) | {action.id for action in sending.unaccounted(stop, found.actions, offset)}
    start = draft.job.start
    known = _known(start)
    begun = sending.suspects(start, found.actions, start.first_intent, offset)
    unknown = [action.id for action in begun if action.id not in known]
    return ours | known | set(unknown[: max(0, start.attempts - len(known))])


def _known(request: Sending) -> set[int]:
    return {action_id for action_id in (request.action_id, *request.explained) if action_id is not None}
