"""Send and know the outcome: the life of one request of one job over all its attempts (pure).

A request whose answer was lost may have had an effect, or may have one seconds later. It is looked up again and
again until `SETTLE` has passed; only then may it be sent again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from hsnap_tui.cloud import limits
from hsnap_tui.cloud.model import Action, ActionStatus
from hsnap_tui.jobs.core.model import Phase, TrackedRequest

SETTLE = timedelta(seconds=30)
"""How late the effect of a lost request may come. Proxies in front of an API give up on a request within seconds;
what has had no effect for this long, counted from when we gave up on it, is taken not to have arrived."""

CLOCK_MARGIN = timedelta(seconds=3)
"""Hetzner's clock is known to a second or two, and actions carry whole seconds."""

LONGEST_PAUSE = timedelta(seconds=30)
"""Between attempts that are refused again and again."""

LATE = timedelta(minutes=2)
"""How long after its answer was given up a request may arrive against all expectation. Its connection is reset, but
that does not reach what is on the way already or waits in a proxy; so what was made is looked at once more."""

LONGEST_RETRY_AFTER = timedelta(seconds=limits.LONGEST_RETRY_AFTER)
"""What an answer may ask us to wait at most: a server may be off meanwhile."""

LONGEST_FOR_POWER_ON = timedelta(seconds=limits.LONGEST_RETRY_AFTER_POWER_ON)
"""The same before a server is powered on, and before what is looked up for it."""

MOST_UNKNOWN = 6
"""After so many lost answers a person should look at what is wrong."""

_LOOK_UP_DELAYS = (1.0, 2.0, 4.0, 8.0, 15.0)

COMMANDS = {
    "create_image": frozenset({"create_image"}),
    "shutdown": frozenset({"shutdown_server", "shutdown"}),
    "poweroff": frozenset({"stop_server", "poweroff"}),
    "poweron": frozenset({"start_server", "poweron"}),
}
"""The `command` of the actions that each request makes (the API's own pairs of path and command)."""


def intend(request: TrackedRequest, now: datetime) -> TrackedRequest:
    """One more attempt, to be written down before it is sent."""
    return replace(
        request,
        phase=Phase.SENT,
        attempts=request.attempts + 1,
        first_intent=request.first_intent or now,
        last_intent=now,
        not_before=None,
    )


def accepted(request: TrackedRequest, action_id: int | None, now: datetime) -> TrackedRequest:
    """The newest attempt has had its effect; one before it that was lost may still have one."""
    return replace(request, phase=Phase.ACCEPTED, action_id=action_id, answered=now, look_ups=0, not_before=None)


def found(request: TrackedRequest, action_id: int | None, now: datetime) -> TrackedRequest:
    """The attempt whose answer was lost has had its effect."""
    missing = request.missing if request.phase is Phase.ACCEPTED else max(0, request.missing - 1)
    since = request.missing_since if missing else None
    return replace(accepted(resolved(request), action_id, now), missing=missing, missing_since=since)


def refused(request: TrackedRequest, now: datetime, retry_after: float | None) -> TrackedRequest:
    """The attempt surely had no effect. The next one waits as long as was asked for, or longer each time."""
    wait = asked_for(retry_after, request.kind) or backoff(request.attempts)
    return replace(request, phase=Phase.READY, look_ups=0, not_before=now + wait)


def backoff(attempts: int) -> timedelta:
    """How long to wait after so many attempts."""
    return min(timedelta(seconds=2.0 ** min(attempts, 10)), LONGEST_PAUSE)


def asked_for(retry_after: float | None, request_kind: str) -> timedelta | None:
    """How long an answer asked us to wait with such a request or what is looked up for it, within reason."""
    longest = LONGEST_FOR_POWER_ON if request_kind == "poweron" else LONGEST_RETRY_AFTER
    return min(timedelta(seconds=retry_after), longest) if retry_after else None


def locked_out(request: TrackedRequest, now: datetime, retry_after: float | None) -> TrackedRequest:
    """Refused because of a lock, which is that of the same request when something on the way sent it twice."""
    return replace(refused(request, now, retry_after), unknown_since=request.last_intent, unknown_until=now)


def lost(request: TrackedRequest, now: datetime) -> TrackedRequest:
    """The attempt may have had an effect. It is looked up soon, but later each time when one after the other is lost:
    what is sent again at once, as a power-on is, must not use up the budget of all."""
    delay = _LOOK_UP_DELAYS[min(request.unknown_count, len(_LOOK_UP_DELAYS) - 1)]
    return replace(
        request,
        phase=Phase.OUTCOME_UNKNOWN,
        unknown_since=request.unknown_since or request.last_intent or now,
        unknown_until=now + SETTLE,
        unknown_count=request.unknown_count + 1,
        missing=request.missing + 1,
        missing_since=request.missing_since or request.last_intent or now,
        lost_at=now,
        look_ups=0,
        not_before=now + timedelta(seconds=delay),
    )


def interrupted(request: TrackedRequest, now: datetime) -> TrackedRequest:
    """The process that sent it is gone, and the answer with it.

    The intent does not tell when it was sent: it may have waited for the rate limit until just before the end. Nor
    do the clocks of two processes tell how much of an older wait has passed, so that it begins again.
    """
    if request.phase is Phase.SENT:
        return replace(lost(request, now), not_before=None)
    if request.missing:
        request = replace(request, lost_at=now)
    if request.unknown_until is None:
        return request
    return replace(request, unknown_until=max(request.unknown_until, now + SETTLE))


def again(request: TrackedRequest) -> TrackedRequest:
    """The attempt ended without the wanted effect: its action is accounted for, and another may be made."""
    accounted_for = rule_out(request, request.action_id)
    return replace(accounted_for, phase=Phase.READY, action_id=None, answered=None, look_ups=0, not_before=None)


def afresh(request: TrackedRequest) -> TrackedRequest:
    """A person has looked: what was sent so far holds nothing up any more, whatever became of it.

    Attempts that are missing stay so: one that arrives against all expectation is told in the end.
    """
    return replace(resolved(again(request)), first_intent=None, unknown_count=0)


def rule_out(request: TrackedRequest, *action_ids: int | None) -> TrackedRequest:
    """These actions prove nothing about later attempts."""
    return replace(request, ruled_out=(*request.ruled_out, *(known for known in action_ids if known is not None)))


def resolved(request: TrackedRequest) -> TrackedRequest:
    """Looked up long enough: the lost attempts had no effect and will have none."""
    return replace(
        request, phase=Phase.READY, unknown_since=None, unknown_until=None, look_ups=0, not_before=None, answered=None
    )


def looked_without_result(request: TrackedRequest, now: datetime) -> TrackedRequest:
    """One more look-up told nothing."""
    return replace(request, look_ups=request.look_ups + 1, not_before=next_look(request, now))


def paused(request: TrackedRequest, until: datetime) -> TrackedRequest:
    """Neither looked up nor sent before then."""
    return replace(request, not_before=max(until, request.not_before or until))


def next_look(request: TrackedRequest, now: datetime) -> datetime:
    """When to look again: soon at first, then less often, and once more right when its outcome must be known."""
    delay = _LOOK_UP_DELAYS[min(request.look_ups, len(_LOOK_UP_DELAYS) - 1)]
    due = now + timedelta(seconds=delay)
    if request.unknown_until and now < request.unknown_until < due:
        return request.unknown_until
    return due


def effective_by(request: TrackedRequest) -> datetime | None:
    """The latest moment at which the newest attempt can have reached the server; none when nothing was sent."""
    return request.answered or request.unknown_until or request.last_intent


def known_action(request: TrackedRequest) -> int | None:
    """The action of an accepted request, when it is known."""
    return request.action_id if request.phase is Phase.ACCEPTED else None


def unaccounted(
    request: TrackedRequest, actions: Iterable[Action], clock_offset: timedelta, after: int | None = None
) -> tuple[Action, ...]:
    """Actions that account for the attempts whose answers were lost and that were never found, oldest first.

    However late they began: as long as attempts are missing, nobody else can be told to have made them. When the
    action of a later attempt is known, they are compared with that one: by its ID, and by Hetzner's clock alone.
    `after` is an action of the job's that all attempts came after; what came after it is then told by IDs alone.
    """
    if request.missing_since is None:
        return ()
    actions = tuple(actions)
    own = next((action for action in actions if action.id == known_action(request)), None)
    if after is not None:
        begun = tuple(action for action in actions if action.id > after)
    elif own is None or request.answered is None:
        begun = begun_since(actions, request.missing_since, clock_offset)
    else:
        earliest = own.started - (request.answered - request.missing_since) - CLOCK_MARGIN
        begun = tuple(action for action in actions if action.started >= earliest or action.id > own.id)
    found = not_ruled_out(request, sorted(begun, key=lambda action: action.id))
    unknown = [a for a in found if a.id != request.action_id and a.status is not ActionStatus.ERROR]
    return tuple(unknown[: request.missing])


def given_up(
    request: TrackedRequest,
    actions: Iterable[Action],
    looked: datetime,
    clock_offset: timedelta,
    after: int | None = None,
) -> TrackedRequest:
    """When so much time has passed that missing attempts can't arrive any more, and none has: they never will.

    That is judged by Hetzner's `Date`, which may be wrong and be right later. So the actions of this kind that are
    listed by then are ruled out for good: none of them is taken for a later one, or for somebody else's answer to it.
    """
    actions = tuple(actions)
    late = request.lost_at is not None and looked >= request.lost_at + LATE
    if not late or not request.missing or unaccounted(request, actions, clock_offset, after):
        return request
    listed = (action.id for action in not_ruled_out(request, actions) if action.id != request.action_id)
    return replace(rule_out(request, *listed), missing=0, missing_since=None)


def candidate_actions(
    request: TrackedRequest, actions: Iterable[Action], since: datetime | None, clock_offset: timedelta
) -> tuple[Action, ...]:
    """Actions of this kind that began since then by Hetzner's clock and are not accounted for; oldest first."""
    return not_ruled_out(request, begun_since(actions, since, clock_offset))


def not_ruled_out(request: TrackedRequest, actions: Iterable[Action]) -> tuple[Action, ...]:
    """Actions of this kind that are not accounted for, whenever they began; in the order given."""
    return tuple(
        action
        for action in actions
        if action.command in COMMANDS[request.kind] and action.id not in request.ruled_out
    )


def possibly_ours(request: TrackedRequest, actions: Iterable[Action], clock_offset: timedelta) -> tuple[Action, ...]:
    """Those candidates that began while an attempt whose outcome is not known may have had its effect."""
    if request.unknown_until is None:
        return ()
    latest = request.unknown_until + clock_offset + CLOCK_MARGIN
    found = candidate_actions(request, actions, request.unknown_since, clock_offset)
    return tuple(action for action in found if action.started <= latest)


def begun_since(actions: Iterable[Action], since: datetime | None, clock_offset: timedelta) -> tuple[Action, ...]:
    """Actions that began since then by Hetzner's clock, oldest first; none when there is no such time."""
    if since is None:
        return ()
    earliest = since + clock_offset - CLOCK_MARGIN
    found = [action for action in actions if action.started >= earliest]
    return tuple(sorted(found, key=lambda action: action.id))
