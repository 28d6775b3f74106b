"""Switching off before a snapshot and on again after it (pure): what we owe a server, and when it is paid.

The debt is written down together with the intent to shut down, so that it outlives everything but the journal.
It is paid when the server is seen running, is gone, or when somebody else has switched it since.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hsnap_tui.cloud.model import Action, ActionStatus, Server, ServerStatus
from hsnap_tui.events import Failure, JobEventKind
from hsnap_tui.jobs import sending
from hsnap_tui.jobs.draft import Draft
from hsnap_tui.jobs.model import IfStillOn, JobState, Phase, Power, Verb
from hsnap_tui.jobs.observations import LookedUp, Seen

CUT_WITHIN = timedelta(minutes=1)
"""How long a server may take to be off after its power was cut."""

ON_WITHIN = timedelta(minutes=2)
"""How long a server may take to be running after it was switched on, before that is tried again."""

LATE_OFF_AT_LEAST = timedelta(seconds=10)
LATE_OFF_AT_MOST = timedelta(minutes=2)

STATUS_FRESH = timedelta(seconds=10)
"""A server is only shut down when it was seen running this recently: one that is off is none of our business."""

_SWITCHES = sending.COMMANDS["shutdown"] | sending.COMMANDS["poweroff"] | sending.COMMANDS["poweron"]


def bring_down(draft: Draft, seen: Seen) -> bool:
    """Goes one step towards off; true when the server is off and its snapshot can be taken."""
    job, server = draft.job, seen.server
    if server is None:
        return False
    if server.status is ServerStatus.OFF:
        _note_off(draft, seen)
        return not server.locked
    if job.cut.phase is not Phase.READY or job.cut.attempts:
        _cut(draft, seen)
    elif job.stop.phase is Phase.ACCEPTED:
        _await_off(draft, seen)
    elif not server.locked:
        _shut_down(draft, seen)
    return False


def _shut_down(draft: Draft, seen: Seen) -> None:
    job, server = draft.job, seen.server
    if job.stop.attempts:
        if job.wake_at is None or draft.now >= job.wake_at:
            draft.look_up(Verb.SHUTDOWN)
    elif server is not None and server.status is ServerStatus.RUNNING and seen.started >= draft.now - STATUS_FRESH:
        if draft.turn.may_stop:
            shut_down(draft)
        else:
            draft.set(state=JobState.QUEUED, holder=None)


def shut_down(draft: Draft) -> None:
    """Writes down the debt and asks for the shutdown."""
    draft.set(power=Power.OWED)
    draft.tell(JobEventKind.SHUTTING_DOWN)
    draft.send(Verb.SHUTDOWN, JobState.SHUTTING_DOWN)


def _await_off(draft: Draft, seen: Seen) -> None:
    job = draft.job
    asked = job.stop.last_intent or draft.now
    deadline = asked + job.options.off_within
    if seen.started < deadline:
        draft.set(wake_at=deadline)
        return
    if job.options.if_still_on is IfStillOn.POWER_OFF:
        _cut(draft, seen)
        return
    within = int(job.options.off_within.total_seconds())
    draft.fail(
        Failure(
            "still_on",
            f"the server did not shut down within {within} s and was left running; no snapshot was made",
            "Its system may ignore ACPI. Shut it down from inside, allow more time, or choose to power it off.",
        )
    )


def _cut(draft: Draft, seen: Seen) -> None:
    job, server = draft.job, seen.server
    if server is None:
        return
    if job.cut.phase is Phase.ACCEPTED:
        if seen.started >= (job.cut.last_intent or draft.now) + CUT_WITHIN:
            draft.fail(
                Failure("still_on", "the server is still on after its power was cut", "Look at it in the console.")
            )
    elif not server.locked:
        if job.cut.attempts:
            if job.wake_at is None or draft.now >= job.wake_at:
                draft.look_up(Verb.POWER_OFF)
        else:
            power_off(draft)


def power_off(draft: Draft) -> None:
    """Asks for the power to be cut."""
    draft.tell(JobEventKind.POWERING_OFF)
    draft.send(Verb.POWER_OFF, JobState.SHUTTING_DOWN)


def looked_up_stop(draft: Draft, found: LookedUp) -> None:
    """What became of a shutdown or power-off whose answer was lost, or that was refused before."""
    verb, server = found.verb, found.server
    current = draft.sending(verb)
    if server is None or draft.job.result is not None:
        return
    own = sending.suspects(current, found.actions, current.doubt_since, draft.turn.clock_offset)
    if current.phase is Phase.UNCLEAR and (own or server.status is ServerStatus.OFF):
        draft.put(sending.accepted(current, own[-1].id if own else None))
        draft.set(fresh_after=draft.now)
        draft.tell(JobEventKind.FOUND, action_id=own[-1].id if own else None, note="by the server's actions")
    elif current.doubt_until is not None and found.started < current.doubt_until:
        draft.look_again_later(verb)
    else:
        draft.put(sending.settled(current))
        _stop_again(draft, verb, server)


def _stop_again(draft: Draft, verb: Verb, server: Server) -> None:
    turn = draft.turn
    if server.locked or server.status is not ServerStatus.RUNNING or turn.leaving or not turn.may_send:
        return
    if verb is Verb.POWER_OFF:
        power_off(draft)
    elif turn.may_stop or draft.job.power is Power.OWED:
        shut_down(draft)


def switching_on(draft: Draft, action: Action) -> None:
    """How the action that switches the server on goes; one that fails is tried again."""
    if action.status is ActionStatus.ERROR and draft.job.power is Power.OWED:
        draft.put(sending.again(draft.job.start))
        draft.set(fresh_after=draft.now)
        draft.wake_in(5)
        draft.tell(JobEventKind.RETRYING, note=action.error_message)


def _note_off(draft: Draft, seen: Seen) -> None:
    if draft.job.power is Power.OWED and draft.job.off_at is None:
        draft.set(off_at=seen.started)
        draft.tell(JobEventKind.SERVER_OFF)


def settle(draft: Draft, seen: Seen | None) -> None:
    """Goes one step towards paying the debt."""
    job = draft.job
    if job.start.phase is Phase.UNCLEAR:
        if job.wake_at is None or draft.now >= job.wake_at:
            draft.look_up(Verb.POWER_ON)
        return
    if seen is None or (job.wake_at is not None and draft.now < job.wake_at and job.start.attempts):
        return
    server = seen.server
    if server is None:
        _pay(draft, JobEventKind.LEFT_ALONE, "the server is gone")
    elif server.status is ServerStatus.RUNNING:
        _seen_running(draft, seen)
    elif server.status is ServerStatus.OFF:
        _note_off(draft, seen)
        _seen_off(draft, seen)


def _seen_running(draft: Draft, seen: Seen) -> None:
    job = draft.job
    if job.start.phase is Phase.ACCEPTED:
        draft.set(on_at=seen.started)
        downtime = draft.job.downtime
        _pay(draft, JobEventKind.SERVER_ON, None, downtime.total_seconds() if downtime else None)
    elif job.off_at is not None:
        draft.set(on_at=seen.started)
        _pay(draft, JobEventKind.LEFT_ALONE, "it runs again: somebody else has switched it on")
    elif seen.started >= _may_still_go_off_until(draft):
        _pay(draft, JobEventKind.LEFT_ALONE, "it never went off")
    else:
        draft.set(state=JobState.POWERING_ON)


def _may_still_go_off_until(draft: Draft) -> datetime:
    """An ACPI request can take effect long after we stopped waiting for it: as long again, within reason."""
    job = draft.job
    within = job.options.off_within
    grace = max(LATE_OFF_AT_LEAST, min(within, LATE_OFF_AT_MOST))
    if job.stop.phase is Phase.UNCLEAR or job.cut.phase is Phase.UNCLEAR:
        grace += sending.SETTLE
    return (job.cut.last_intent or job.stop.last_intent or draft.now) + within + grace


def _seen_off(draft: Draft, seen: Seen) -> None:
    job, server = draft.job, seen.server
    if server is None or server.locked:
        return
    if job.start.phase is Phase.ACCEPTED:
        if seen.started >= (job.start.last_intent or draft.now) + ON_WITHIN:
            draft.put(sending.again(job.start))
            draft.tell(JobEventKind.RETRYING, note="the server is still off after it was switched on")
        return
    draft.look_up(Verb.POWER_ON)


def looked_up(draft: Draft, found: LookedUp) -> None:
    """What a look-up before switching on says: somebody else's word counts, ours is sent (again)."""
    job, server = draft.job, found.server
    seen = Seen(found.started, server)
    if server is None or server.status is ServerStatus.RUNNING:
        adopted = _own(draft, found, Verb.POWER_ON)
        if adopted:
            draft.put(sending.accepted(job.start, adopted[0].id))
        else:
            draft.put(sending.settled(job.start))
        settle(draft, seen)
        return
    foreign = _foreign(draft, found)
    if foreign is not None and server.status is ServerStatus.OFF:
        note = f"somebody else has switched it since (action {foreign.id}, {foreign.command})"
        _pay(draft, JobEventKind.LEFT_ALONE, note)
        return
    adopted = _own(draft, found, Verb.POWER_ON) if job.start.phase is Phase.UNCLEAR else ()
    if adopted:
        draft.put(sending.accepted(job.start, adopted[-1].id))
        draft.set(fresh_after=draft.now)
    elif server.status is not ServerStatus.OFF or server.locked:
        draft.put(sending.refused(job.start) if job.start.phase is not Phase.UNCLEAR else job.start)
        draft.look_again_later(Verb.POWER_ON)
    else:
        draft.tell(JobEventKind.POWERING_ON)
        draft.send(Verb.POWER_ON, JobState.CREATING if job.result is None else JobState.POWERING_ON)


def _own(draft: Draft, found: LookedUp, verb: Verb) -> tuple[Action, ...]:
    current = draft.sending(verb)
    return sending.suspects(current, found.actions, current.first_intent, draft.turn.clock_offset)


def _foreign(draft: Draft, found: LookedUp) -> Action | None:
    """The newest switching action since our shutdown that no request of ours can have made."""
    stop = draft.job.stop
    ours: set[int] = set()
    for verb in (Verb.SHUTDOWN, Verb.POWER_OFF, Verb.POWER_ON):
        current = draft.sending(verb)
        known = {i for i in (current.action_id, *current.explained) if i is not None}
        unknown = [action.id for action in _own(draft, found, verb) if action.id not in known]
        ours |= known | set(unknown[: max(0, current.attempts - len(known))])
    later = sending.begun_since(found.actions, stop.first_intent, draft.turn.clock_offset)
    foreign = [
        action
        for action in later
        if action.command in _SWITCHES and action.id not in ours and action.id > (stop.action_id or 0)
    ]
    return foreign[-1] if foreign else None


def _pay(draft: Draft, kind: JobEventKind, note: str | None, seconds: float | None = None) -> None:
    draft.set(power=Power.SETTLED)
    draft.tell(kind, note=note, seconds=seconds)
