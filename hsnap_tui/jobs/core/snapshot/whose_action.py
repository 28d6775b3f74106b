"""Whose action switched a server: ours, or somebody else's (pure).

We shut a server down only when it was seen running just before. So when it is off, it is off because of us unless
an action that can't be ours says otherwise. When our shutdown's answer told its action, everything is compared with
that action, by its ID and by Hetzner's clock alone: neither our clock nor what Hetzner's `Date` says matters then.
As long as attempts of ours are missing, whose answers were lost and whose actions were not found, the first actions
of that kind since are taken for theirs, whatever the clocks say.
"""

from __future__ import annotations

from collections.abc import Iterable

from hsnap_tui.cloud.model import Action, ActionStatus
from hsnap_tui.jobs.core import tracked_request
from hsnap_tui.jobs.core.model import RequestKind, SnapshotJob, TrackedRequest
from hsnap_tui.jobs.core.observations import LookedUp
from hsnap_tui.jobs.core.snapshot.step_builder import SnapshotStepBuilder

_STOPS = tracked_request.COMMANDS["shutdown"] | tracked_request.COMMANDS["poweroff"]
_STARTS = tracked_request.COMMANDS["poweron"]
_SWITCHES = _STOPS | _STARTS


def foreign(builder: SnapshotStepBuilder, found: LookedUp) -> Action | None:
    """The newest action of somebody else that has switched the server since ours, or just before ours reached it."""
    ours = _ours(builder, found)
    switches = [action for action in _since_our_shutdown(builder, found) if action.command in _SWITCHES]
    others = [a for a in switches if a.id not in ours and a.status is not ActionStatus.ERROR]
    our_last_stop = max((a.id for a in found.actions if a.id in ours and a.command in _STOPS), default=0)
    if not others or (others[-1].command in _STARTS and others[-1].id < our_last_stop):
        return None
    return others[-1]


def _since_our_shutdown(builder: SnapshotStepBuilder, found: LookedUp) -> tuple[Action, ...]:
    """The actions that began since our shutdown, or just before it; oldest first."""
    stop = builder.job.shutdown
    since = stop.unknown_since or stop.last_intent
    begun = tracked_request.begun_since(found.actions, since, builder.context.clock_offset)
    own = next((action for action in found.actions if action.id == tracked_request.known_action(stop)), None)
    if own is None or stop.answered is None or stop.last_intent is None:
        return begun
    # It may have been on its way for long: what came between its intent and its effect is as new as it is.
    earliest = own.started - (stop.answered - stop.last_intent) - tracked_request.CLOCK_MARGIN
    # A process that looked it up has it from its own clock, but the intent perhaps from another one's.
    looked_up = stop.lost_at is not None and stop.lost_at >= stop.last_intent
    near = begun if looked_up else found.actions
    before = [action for action in near if action.id <= own.id and action.started >= earliest]
    return _by_id([*before, *(action for action in found.actions if action.id > own.id)])


def before_all_of(job: SnapshotJob, request_kind: RequestKind) -> int | None:
    """An action of ours that is known to be older than all actions that requests of that kind have made."""
    return tracked_request.known_action(job.shutdown) if request_kind is RequestKind.POWER_OFF else None


def unaccounted(builder: SnapshotStepBuilder, request: TrackedRequest, found: LookedUp) -> tuple[Action, ...]:
    """The actions that are taken for those attempts of that request that are still missing; oldest first."""
    after = before_all_of(builder.job, request.kind)
    return tracked_request.unaccounted(request, found.actions, builder.context.clock_offset, after)


def give_up_missing(builder: SnapshotStepBuilder, found: LookedUp) -> None:
    """Missing shutdowns and power-offs that can't arrive any more are given up."""
    for request in (builder.job.shutdown, builder.job.power_off):
        after = before_all_of(builder.job, request.kind)
        offset = builder.context.clock_offset
        builder.set_request(tracked_request.given_up(request, found.actions, found.started, offset, after))


def _by_id(actions: Iterable[Action]) -> tuple[Action, ...]:
    return tuple(sorted(actions, key=lambda action: action.id))


def _ours(builder: SnapshotStepBuilder, found: LookedUp) -> set[int]:
    """The switching actions that requests of ours have made, or may have made as far as their answers were lost."""
    job = builder.job
    ours: set[int] = set()
    for stop in (job.shutdown, job.power_off):
        ours |= _known(stop) | {action.id for action in unaccounted(builder, stop, found)}
    known = _known(job.power_on)
    unknown = [action.id for action in _starts_of_ours(builder, found) if action.id not in known]
    return ours | known | set(unknown[: max(0, job.power_on.attempts - len(known))])


def _starts_of_ours(builder: SnapshotStepBuilder, found: LookedUp) -> tuple[Action, ...]:
    """The power-ons since our first request for one, or since our shutdown when its action is known; oldest first."""
    job, known = builder.job, tracked_request.known_action(builder.job.shutdown)
    if job.power_on.first_intent is None:
        return ()
    begun = tracked_request.begun_since(found.actions, job.power_on.first_intent, builder.context.clock_offset)
    later = [a for a in found.actions if known is not None and a.id > known and a not in begun]
    return _by_id(tracked_request.not_ruled_out(job.power_on, [*begun, *later]))


def _known(request: TrackedRequest) -> set[int]:
    return {action_id for action_id in (request.action_id, *request.ruled_out) if action_id is not None}
