"""Send and know the outcome: the life of one verb of one job over all its attempts (pure).

A request whose answer was lost may have had an effect, or may have one seconds later. It is looked up again and
again until `SETTLE` has passed; only then may it be sent again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from hsnap_tui.cloud.model import Action
from hsnap_tui.jobs.model import Phase, Sending

SETTLE = timedelta(seconds=30)
"""How late the effect of a lost request may come. Proxies in front of an API give up on a request within seconds;
what has had no effect for this long, counted from when we gave up on it, is taken not to have arrived."""

ANSWER_WITHIN = timedelta(seconds=45)
"""Longer than any request of ours can be on its way; used for requests that an earlier process sent."""

CLOCK_MARGIN = timedelta(seconds=3)
"""Hetzner's clock is known to a second or two, and actions carry whole seconds."""

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
    )


def accepted(sending: Sending, action_id: int | None) -> Sending:
    """The request, or an earlier one of the same kind, is known to have had its effect."""
    return replace(sending, phase=Phase.ACCEPTED, action_id=action_id, doubt_since=None, doubt_until=None, look_ups=0)


def refused(sending: Sending) -> Sending:
    """The attempt surely had no effect."""
    return replace(sending, phase=Phase.READY, look_ups=0)


def lost(sending: Sending, now: datetime) -> Sending:
    """The attempt may have had an effect."""
    return replace(
        sending,
        phase=Phase.UNCLEAR,
        doubt_since=sending.doubt_since or sending.last_intent or now,
        doubt_until=now + SETTLE,
        doubts=sending.doubts + 1,
        look_ups=0,
    )


def interrupted(sending: Sending, now: datetime) -> Sending:
    """The process that sent it is gone, and the answer with it."""
    if sending.phase is not Phase.SENT:
        return sending
    sent = sending.last_intent or now
    return replace(lost(sending, now), doubt_until=max(now, sent + ANSWER_WITHIN + SETTLE))


def again(sending: Sending) -> Sending:
    """The attempt ended without the wanted effect: its action is accounted for, and another may be made."""
    explained = sending.explained if sending.action_id is None else (*sending.explained, sending.action_id)
    return replace(settled(sending), action_id=None, explained=explained)


def afresh(sending: Sending) -> Sending:
    """A person has looked: what was sent so far is accounted for, whatever became of it."""
    return replace(again(sending), first_intent=None, doubts=0)


def settled(sending: Sending) -> Sending:
    """Looked up long enough: the lost attempts had no effect and will have none."""
    return replace(sending, phase=Phase.READY, doubt_since=None, doubt_until=None, look_ups=0)


def looked(sending: Sending) -> Sending:
    """One more look-up told nothing."""
    return replace(sending, look_ups=sending.look_ups + 1)


def next_look(sending: Sending, now: datetime) -> datetime:
    """When to look again: soon at first, then less often, and once more right when the doubt ends."""
    delay = _LOOK_UP_DELAYS[min(sending.look_ups, len(_LOOK_UP_DELAYS) - 1)]
    due = now + timedelta(seconds=delay)
    if sending.doubt_until and now < sending.doubt_until < due:
        return sending.doubt_until
    return due


def suspects(
    sending: Sending, actions: Iterable[Action], since: datetime | None, clock_offset: timedelta
) -> tuple[Action, ...]:
    """Actions of this verb that began since then by Hetzner's clock and are not accounted for; oldest first."""
    return tuple(
        action
        for action in begun_since(actions, since, clock_offset)
        if action.command in COMMANDS[sending.verb] and action.id not in sending.explained
    )


def begun_since(actions: Iterable[Action], since: datetime | None, clock_offset: timedelta) -> tuple[Action, ...]:
    """Actions that began since then by Hetzner's clock, oldest first; none when there is no such time."""
    if since is None:
        return ()
    earliest = since + clock_offset - CLOCK_MARGIN
    found = [action for action in actions if action.started >= earliest]
    return tuple(sorted(found, key=lambda action: action.id))
