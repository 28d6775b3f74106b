"""Send and know the outcome: the life of one verb of one job over all its attempts (pure).

A request whose answer was lost may have had an effect, or may have one seconds later. It is looked up again and
again until `SETTLE` has passed; only then may it be sent again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from hsnap_tui.cloud.model import Action, ActionStatus
from hsnap_tui.jobs.model import Phase, Sending

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

LONGEST_RETRY_AFTER = timedelta(minutes=5)
"""What an answer may ask us to wait at most: a server may be off meanwhile."""

LONGEST_FOR_POWER_ON = timedelta(seconds=30)
"""The same before a server is powered on, and before what is looked up for it."""

_LOOK_UP_DELAYS = (1.0, 2.0, 4.0, 8.0, 15.0)

COMMANDS = {
    "create_image": frozenset({"create_image"}),
    "shutdown": frozenset({"shutdown_server", "shutdown"}),
    "poweroff": frozenset({"stop_server", "poweroff"}),
    "poweron": frozenset({"start_server", "poweron"}),
}
"""The `command` of the actions that each verb makes (the API's own pairs of path and command)."""


def intend(sending: Sending, now: datetime) -> Sending:
    """One more attempt, to be written down before it is sent."""
    return replace(
        sending,
        phase=Phase.SENT,
        attempts=sending.attempts + 1,
        first_intent=sending.first_intent or now,
        last_intent=now,
        not_before=None,
    )


def accepted(sending: Sending, action_id: int | None, now: datetime) -> Sending:
    """The newest attempt has had its effect; one before it that was lost may still have one."""
    return replace(sending, phase=Phase.ACCEPTED, action_id=action_id, answered=now, look_ups=0, not_before=None)


def found(sending: Sending, action_id: int | None, now: datetime) -> Sending:
    """The attempt whose answer was lost has had its effect."""
    missing = sending.missing if sending.phase is Phase.ACCEPTED else max(0, sending.missing - 1)
    since = sending.missing_since if missing else None
    return replace(accepted(settled(sending), action_id, now), missing=missing, missing_since=since)


def refused(sending: Sending, now: datetime, retry_after: float | None) -> Sending:
    """The attempt surely had no effect. The next one waits as long as was asked for, or longer each time."""
    wait = asked_for(retry_after, sending.verb) or backoff(sending.attempts)
    return replace(sending, phase=Phase.READY, look_ups=0, not_before=now + wait)


def backoff(attempts: int) -> timedelta:
    """How long to wait after so many attempts."""
    return min(timedelta(seconds=2.0 ** min(attempts, 10)), LONGEST_PAUSE)


def asked_for(retry_after: float | None, verb: str) -> timedelta | None:
    """How long an answer asked us to wait with such a request or what is looked up for it, within reason."""
    longest = LONGEST_FOR_POWER_ON if verb == "poweron" else LONGEST_RETRY_AFTER
    return min(timedelta(seconds=retry_after), longest) if retry_after else None


def locked_out(sending: Sending, now: datetime, retry_after: float | None) -> Sending:
    """Refused because of a lock, which is that of the same request when something on the way sent it twice."""
    return replace(refused(sending, now, retry_after), doubt_since=sending.last_intent, doubt_until=now)


def lost(sending: Sending, now: datetime) -> Sending:
    """The attempt may have had an effect. It is looked up soon, but later each time when one after the other is lost:
    what is sent again at once, as a power-on is, must not use up the budget of all."""
    delay = _LOOK_UP_DELAYS[min(sending.doubts, len(_LOOK_UP_DELAYS) - 1)]
    return replace(
        sending,
        phase=Phase.UNCLEAR,
        doubt_since=sending.doubt_since or sending.last_intent or now,
        doubt_until=now + SETTLE,
        doubts=sending.doubts + 1,
        missing=sending.missing + 1,
        missing_since=sending.missing_since or sending.last_intent or now,
        lost_at=now,
        look_ups=0,
        not_before=now + timedelta(seconds=delay),
    )


def interrupted(sending: Sending, now: datetime) -> Sending:
    """The process that sent it is gone, and the answer with it.

    The intent does not tell when it was sent: it may have waited for the rate limit until just before the end. Nor
    do the clocks of two processes tell how much of an older doubt has passed, so that it begins again.
    """
    if sending.phase is Phase.SENT:
        return replace(lost(sending, now), not_before=None)
    if sending.doubt_until is None:
        return sending
    return replace(sending, doubt_until=max(sending.doubt_until, now + SETTLE))


def again(sending: Sending) -> Sending:
    """The attempt ended without the wanted effect: its action is accounted for, and another may be made."""
    explained = explain(sending, sending.action_id)
    return replace(explained, phase=Phase.READY, action_id=None, answered=None, look_ups=0, not_before=None)


def afresh(sending: Sending) -> Sending:
    """A person has looked: what was sent so far is accounted for, whatever became of it."""
    return replace(settled(again(sending)), first_intent=None, doubts=0, missing=0, missing_since=None)


def explain(sending: Sending, *action_ids: int | None) -> Sending:
    """These actions prove nothing about later attempts."""
    return replace(sending, explained=(*sending.explained, *(known for known in action_ids if known is not None)))


def settled(sending: Sending) -> Sending:
    """Looked up long enough: the lost attempts had no effect and will have none."""
    return replace(
        sending, phase=Phase.READY, doubt_since=None, doubt_until=None, look_ups=0, not_before=None, answered=None
    )


def looked(sending: Sending, now: datetime) -> Sending:
    """One more look-up told nothing."""
    return replace(sending, look_ups=sending.look_ups + 1, not_before=next_look(sending, now))


def paused(sending: Sending, until: datetime) -> Sending:
    """Neither looked up nor sent before then."""
    return replace(sending, not_before=max(until, sending.not_before or until))


def next_look(sending: Sending, now: datetime) -> datetime:
    """When to look again: soon at first, then less often, and once more right when the doubt ends."""
    delay = _LOOK_UP_DELAYS[min(sending.look_ups, len(_LOOK_UP_DELAYS) - 1)]
    due = now + timedelta(seconds=delay)
    if sending.doubt_until and now < sending.doubt_until < due:
        return sending.doubt_until
    return due


def effective_by(sending: Sending) -> datetime | None:
    """The latest moment at which the newest attempt can have reached the server; none when nothing was sent."""
    return sending.answered or sending.doubt_until or sending.last_intent


def unaccounted(sending: Sending, actions: Iterable[Action], clock_offset: timedelta) -> tuple[Action, ...]:
    """Actions that account for the attempts whose answers were lost and that were never found, oldest first.

    However late they began: as long as attempts are missing, nobody else can be told to have made them.
    """
    if sending.missing_since is None:
        return ()
    found = suspects(sending, actions, sending.missing_since, clock_offset)
    unknown = [a for a in found if a.id != sending.action_id and a.status is not ActionStatus.ERROR]
    return tuple(unknown[: sending.missing])


def given_up(sending: Sending, actions: Iterable[Action], looked: datetime, clock_offset: timedelta) -> Sending:
    """When so much time has passed that missing attempts can't arrive any more, and none has: they never will."""
    late = sending.lost_at is not None and looked >= sending.lost_at + LATE
    if not late or not sending.missing or unaccounted(sending, actions, clock_offset):
        return sending
    return replace(sending, missing=0, missing_since=None)


def suspects(
    sending: Sending, actions: Iterable[Action], since: datetime | None, clock_offset: timedelta
) -> tuple[Action, ...]:
    """Actions of this verb that began since then by Hetzner's clock and are not accounted for; oldest first."""
    return tuple(
        action
        for action in begun_since(actions, since, clock_offset)
        if action.command in COMMANDS[sending.verb] and action.id not in sending.explained
    )


def perhaps_ours(sending: Sending, actions: Iterable[Action], clock_offset: timedelta) -> tuple[Action, ...]:
    """Those suspects that began while an attempt whose outcome is not known may have had its effect."""
    if sending.doubt_until is None:
        return ()
    latest = sending.doubt_until + clock_offset + CLOCK_MARGIN
    found = suspects(sending, actions, sending.doubt_since, clock_offset)
    return tuple(action for action in found if action.started <= latest)


def begun_since(actions: Iterable[Action], since: datetime | None, clock_offset: timedelta) -> tuple[Action, ...]:
    """Actions that began since then by Hetzner's clock, oldest first; none when there is no such time."""
    if since is None:
        return ()
    earliest = since + clock_offset - CLOCK_MARGIN
    found = [action for action in actions if action.started >= earliest]
    return tuple(sorted(found, key=lambda action: action.id))
