"""Switching off before a snapshot and on again after it (pure): what we owe a server, and when it is paid.

The debt is written down together with the intent to shut down, so that it outlives everything but the journal.
It is paid when the server is seen running, is gone, or when somebody else has switched it since.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hsnap_tui.cloud.model import Action, ActionStatus, ServerStatus
from hsnap_tui.events import Failure, JobEventKind
from hsnap_tui.jobs import sending
from hsnap_tui.jobs.draft import Draft
from hsnap_tui.jobs.model import IfStillOn, JobState, Phase, Power, Sending, Verb
from hsnap_tui.jobs.observations import LookedUp, Seen

CUT_WITHIN = timedelta(minutes=1)
"""How long a server may take to be off after its power was cut."""

ON_WITHIN = timedelta(minutes=2)
"""How long a server may take to be running after it was switched on, before that is tried again."""

LATE_OFF_AT_LEAST = timedelta(seconds=10)
LATE_OFF_AT_MOST = timedelta(minutes=2)

STATUS_FRESH = timedelta(seconds=10)
"""A server is only shut down when it was seen running this recently: one that is off is none of our business."""

_STOPS = sending.COMMANDS["shutdown"] | sending.COMMANDS["poweroff"]
_STARTS = sending.COMMANDS["poweron"]
_SWITCHES = _STOPS | _STARTS


# -- off ---------------------------------------------------------------------------------------------------------


def bring_down(draft: Draft, seen: Seen) -> bool:
    """Goes one step towards off; true when the server is off and its snapshot can be taken."""
    job, server = draft.job, seen.server
    if server is None:
        return False
    if server.status is ServerStatus.OFF:
        _note_off(draft, seen)
        return not server.locked
    running = server.status is ServerStatus.RUNNING
    if job.off_at is not None:
        if running:
            _fail_switched(draft, "it runs again")
    elif job.cut.phase is Phase.ACCEPTED:
        _await_cut(draft, seen)
    elif job.stop.phase is Phase.ACCEPTED and not _waited_for_off(draft, seen):
        return False
    elif running and not server.locked:
        _stop_next(draft, seen)
    return False


def _waited_for_off(draft: Draft, seen: Seen) -> bool:
    """Whether it is time to cut the power; fails the job when it is time and that was not chosen."""
    job = draft.job
    deadline = _reached(draft, job.stop) + job.options.off_within
    if seen.started < deadline:
        draft.put(sending.paused(job.stop, deadline))
        return False
    if job.options.if_still_on is IfStillOn.POWER_OFF:
        return True
    within = int(job.options.off_within.total_seconds())
    draft.fail(
        Failure(
            "still_on",
            f"the server did not shut down within {within} s and was left running; no snapshot was made",
            "Its system may ignore ACPI. Shut it down from inside, allow more time, or choose to power it off.",
        )
    )
    return False


def _stop_next(draft: Draft, seen: Seen) -> None:
    if draft.job.stop.phase is Phase.ACCEPTED:
        draft.look_up(Verb.POWER_OFF)
    elif not draft.turn.may_stop and draft.job.power is not Power.OWED:
        draft.set(state=JobState.QUEUED, holder=None, waiting_since=None)
    elif draft.job.stop.attempts:
        draft.look_up(Verb.SHUTDOWN)
    elif seen.started >= draft.now - STATUS_FRESH:
        shut_down(draft)


def shut_down(draft: Draft) -> None:
    """Writes down the debt and asks for the shutdown."""
    draft.set(power=Power.OWED)
    draft.tell(JobEventKind.SHUTTING_DOWN)
    draft.send(Verb.SHUTDOWN, JobState.SHUTTING_DOWN)


def switching_off(draft: Draft, action: Action) -> None:
    """How the shutdown's action goes; one that fails ends the job, unless the power is to be cut in that case."""
    job = draft.job
    failed = action.status is ActionStatus.ERROR and job.result is None and job.off_at is None
    if failed and job.options.if_still_on is IfStillOn.LEAVE:
        draft.put(sending.again(job.stop))
        draft.set(fresh_after=draft.now)
        draft.fail(
            Failure(
                "action_failed",
                f"the shutdown failed: {action.error_message or 'no reason given'}",
                "The server was left running and no snapshot was made. Try again, or choose to power it off.",
            )
        )


def _await_cut(draft: Draft, seen: Seen) -> None:
    if seen.started >= _reached(draft, draft.job.cut) + CUT_WITHIN:
        draft.fail(
            Failure("still_on", "the server is still on after its power was cut", "Look at it in the console.")
        )


def power_off(draft: Draft) -> None:
    """Asks for the power to be cut."""
    draft.tell(JobEventKind.POWERING_OFF)
    draft.send(Verb.POWER_OFF, JobState.SHUTTING_DOWN)


def looked_up_stop(draft: Draft, found: LookedUp) -> None:
    """What a look-up before a shutdown or a power-off, or after a lost answer to one, says."""
    verb, server = found.verb, found.server
    current = draft.sending(verb)
    if server is None:
        return
    own = sending.perhaps_ours(current, found.actions, draft.turn.clock_offset)
    if own and current.phase is not Phase.ACCEPTED:
        draft.put(sending.found(current, own[-1].id, draft.now))
        draft.set(fresh_after=draft.now)
        draft.tell(JobEventKind.FOUND, action_id=own[-1].id, note="by the server's actions")
    elif current.doubt_until is not None and found.started < current.doubt_until:
        draft.look_again_later(verb)
    else:
        draft.put(sending.settled(current))
        if server.status is ServerStatus.RUNNING and not server.locked and draft.may_start:
            _stop(draft, found)


def _stop(draft: Draft, found: LookedUp) -> None:
    if found.verb is Verb.SHUTDOWN:
        if draft.turn.may_stop or draft.job.power is Power.OWED:
            shut_down(draft)
    elif foreign := _foreign(draft, found):
        _fail_switched(draft, f"action {foreign.id}, {foreign.command}")
    else:
        power_off(draft)


def _fail_switched(draft: Draft, how: str) -> None:
    draft.fail(
        Failure(
            "switched",
            f"somebody else has switched the server after it was asked to shut down ({how}); no snapshot was made",
            "It is left as it is. Try again when nobody else works on it.",
        )
    )


def _note_off(draft: Draft, seen: Seen) -> None:
    if draft.job.power is Power.OWED and draft.job.off_at is None:
        draft.set(off_at=seen.started, fresh_after=draft.now)
        draft.tell(JobEventKind.SERVER_OFF)


# -- on again ----------------------------------------------------------------------------------------------------


def settle(draft: Draft, seen: Seen | None) -> None:
    """Goes one step towards paying the debt."""
    if draft.job.start.phase is Phase.UNCLEAR:
        draft.look_up(Verb.POWER_ON)
    elif seen is None:
        return
    elif seen.server is None:
        _pay(draft, JobEventKind.LEFT_ALONE, "the server is gone")
    elif seen.server.status is ServerStatus.RUNNING:
        _seen_running(draft, seen)
    elif seen.server.status is ServerStatus.OFF:
        _note_off(draft, seen)
        if not seen.server.locked:
            _seen_off(draft, seen)


def _seen_running(draft: Draft, seen: Seen) -> None:
    job = draft.job
    if seen.started < _may_still_switch_until(draft):
        if job.result is not None:
            draft.set(state=JobState.POWERING_ON)
        if unclear := next((s for s in (job.stop, job.cut) if _in_doubt(s)), None):
            draft.look_up(unclear.verb)
    elif job.start.phase is Phase.ACCEPTED:
        draft.set(on_at=seen.started)
        downtime = draft.job.downtime
        _pay(draft, JobEventKind.SERVER_ON, None, downtime.total_seconds() if downtime else None)
    elif job.off_at is not None:
        draft.set(on_at=seen.started)
        _pay(draft, JobEventKind.LEFT_ALONE, "it runs again: somebody else has switched it on")
    else:
        _pay(draft, JobEventKind.LEFT_ALONE, "it never went off")


def _may_still_switch_until(draft: Draft) -> datetime:
    """Until when a request of ours may still switch the server.

    Once it was off, only one whose answer was lost can. Before, an ACPI request can take effect long after we
    stopped waiting for it: as long again, within reason.
    """
    job = draft.job
    if job.off_at is not None:
        doubts = (request.doubt_until for request in (job.stop, job.cut, job.start))
        return max((until for until in doubts if until is not None), default=job.off_at)
    within = job.options.off_within
    grace = max(LATE_OFF_AT_LEAST, min(within, LATE_OFF_AT_MOST))
    requests = [request for request in (job.stop, job.cut) if request.phase is Phase.ACCEPTED or _in_doubt(request)]
    return max((_reached(draft, request) + within + grace for request in requests), default=job.created)


def _in_doubt(request: Sending) -> bool:
    return request.phase is not Phase.ACCEPTED and request.doubt_until is not None


def _reached(draft: Draft, request: Sending) -> datetime:
    """The latest moment at which the newest attempt can have reached the server."""
    return sending.effective_by(request) or draft.job.created


def _seen_off(draft: Draft, seen: Seen) -> None:
    start = draft.job.start
    if start.phase is not Phase.ACCEPTED:
        draft.look_up(Verb.POWER_ON)
    elif seen.started >= _reached(draft, start) + ON_WITHIN:
        draft.put(sending.again(start))
        draft.tell(JobEventKind.RETRYING, note="the server is still off after it was switched on")


def switching_on(draft: Draft, action: Action) -> None:
    """How the action that switches the server on goes; one that fails is tried again."""
    if action.status is ActionStatus.ERROR and draft.job.power is Power.OWED:
        draft.put(sending.again(draft.job.start))
        draft.pause(Verb.POWER_ON, sending.backoff(draft.job.start.attempts))
        draft.set(fresh_after=draft.now)
        draft.tell(JobEventKind.RETRYING, note=action.error_message)


def looked_up(draft: Draft, found: LookedUp) -> None:
    """What a look-up before switching on says: somebody else's word counts, ours is sent (again)."""
    start, server = draft.job.start, found.server
    own = sending.perhaps_ours(start, found.actions, draft.turn.clock_offset)
    off = server is not None and server.status is ServerStatus.OFF
    foreign = _foreign(draft, found) if off else None
    if foreign is not None and foreign.running:
        draft.look_again_later(Verb.POWER_ON)
    elif foreign is not None:
        note = f"somebody else has switched it since (action {foreign.id}, {foreign.command})"
        _pay(draft, JobEventKind.LEFT_ALONE, note)
    elif own:
        all_found = len(own) >= start.doubts
        settled = sending.found if all_found else sending.accepted
        draft.put(settled(start, own[-1].id, draft.now))
        draft.set(fresh_after=draft.now)
        draft.tell(JobEventKind.FOUND, action_id=own[-1].id, note="by the server's actions")
    elif off and server is not None and not server.locked:
        draft.tell(JobEventKind.POWERING_ON)
        draft.send(Verb.POWER_ON, draft.job.state if draft.job.result is None else JobState.POWERING_ON)
    elif start.doubt_until is not None and found.started < start.doubt_until:
        draft.look_again_later(Verb.POWER_ON)
    else:
        draft.put(sending.settled(start))


def _foreign(draft: Draft, found: LookedUp) -> Action | None:
    """The newest action of somebody else that has switched the server since ours, or just before ours reached it."""
    ours = _ours(draft, found)
    stop = draft.job.stop
    since_ours = sending.begun_since(found.actions, stop.doubt_since or stop.last_intent, draft.turn.clock_offset)
    switches = [action for action in since_ours if action.command in _SWITCHES]
    foreign = [a for a in switches if a.id not in ours and a.status is not ActionStatus.ERROR]
    our_last_stop = max((a.id for a in found.actions if a.id in ours and a.command in _STOPS), default=0)
    if not foreign or (foreign[-1].command in _STARTS and foreign[-1].id < our_last_stop):
        return None
    return foreign[-1]


def _ours(draft: Draft, found: LookedUp) -> set[int]:
    """The switching actions that requests of ours have made, or may have made as far as their answers were lost."""
    offset = draft.turn.clock_offset
    ours: set[int] = set()
    for stop in (draft.job.stop, draft.job.cut):
        lost = [a.id for a in sending.perhaps_ours(stop, found.actions, offset) if a.status is not ActionStatus.ERROR]
        ours |= _known(stop) | set(lost[:1])
    start = draft.job.start
    known = _known(start)
    begun = sending.suspects(start, found.actions, start.first_intent, offset)
    unknown = [action.id for action in begun if action.id not in known]
    return ours | known | set(unknown[: max(0, start.attempts - len(known))])


def _known(request: Sending) -> set[int]:
    return {action_id for action_id in (request.action_id, *request.explained) if action_id is not None}


def _pay(draft: Draft, kind: JobEventKind, note: str | None, seconds: float | None = None) -> None:
    draft.set(power=Power.SETTLED)
    draft.tell(kind, note=note, seconds=seconds)
