"""Powering a server on again (pure): tried until it is seen running, unless somebody else has decided about it."""

from __future__ import annotations

from datetime import datetime, timedelta

from hsnap_tui.cloud.model import Action, ActionStatus, ServerStatus
from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs import ownership, sending, watching
from hsnap_tui.jobs.draft import Draft
from hsnap_tui.jobs.model import JobState, Phase, Power, Sending, Verb
from hsnap_tui.jobs.observations import LookedUp, Seen
from hsnap_tui.jobs.power import in_doubt, note_off, pay, reached

ON_WITHIN = timedelta(minutes=2)
"""How long a server may take to be running after it was switched on, before that is tried again."""

LOOKED_FOR = timedelta(minutes=2)
"""How long looking for a lost shutdown is tried before the server is only watched."""

STATUS_WITHIN = timedelta(minutes=15)
"""How long a server that is owed may be neither running nor off before its job goes on without it."""


def settle(draft: Draft, seen: Seen | None) -> None:
    """Goes one step towards paying the debt."""
    job = draft.job
    if job.result is not None:
        draft.set(state=JobState.POWERING_ON)
    if job.start.phase is Phase.UNCLEAR:
        draft.look_up(Verb.POWER_ON)
    elif seen is None:
        return
    elif seen.server is None:
        pay(draft, JobEventKind.LEFT_ALONE, "the server is gone")
    elif seen.server.status is ServerStatus.RUNNING:
        _seen_running(draft, seen)
    elif seen.server.status is ServerStatus.OFF:
        note_off(draft, seen)
        if not seen.server.locked:
            _seen_off(draft, seen)
    elif job.odd_since is not None and seen.started >= job.odd_since + STATUS_WITHIN:
        watching.begin(draft, seen, f"the server's status stays “{seen.server.status.value}”")


def _seen_running(draft: Draft, seen: Seen) -> None:
    job = draft.job
    if seen.started < _may_switch_until(draft):
        if unclear := next((s for s in (job.stop, job.cut) if in_doubt(s)), None):
            draft.look_up(unclear.verb)
    elif job.start.phase is Phase.ACCEPTED:
        draft.set(on_at=seen.started)
        downtime = draft.job.downtime
        draft.tell(JobEventKind.SERVER_ON, seconds=downtime.total_seconds() if downtime else None)
        _watch_or_pay(draft)
    elif job.off_at is not None:
        draft.set(on_at=seen.started)
        draft.tell(JobEventKind.LEFT_ALONE, note="it runs again: somebody else has powered it on")
        _watch_or_pay(draft)
    elif missing := next((s for s in (job.stop, job.cut) if s.missing and s.phase is not Phase.ACCEPTED), None):
        _look_for_missing(draft, seen, missing)
    elif watching.may_work_late(job):
        watching.begin(draft, seen, "it has not shut down")
    else:
        pay(draft, JobEventKind.LEFT_ALONE, "it never went off")


def _look_for_missing(draft: Draft, seen: Seen, request: Sending) -> None:
    """Looks once more, when it can't arrive any more, for a request that was lost and had no effect so far."""
    latest = (request.lost_at or draft.now) + sending.LATE
    if seen.started >= latest + LOOKED_FOR:
        watching.begin(draft, seen, "it can't be looked up whether a request for a shutdown arrived")
    elif seen.started >= latest:
        draft.look_up(request.verb)


def _watch_or_pay(draft: Draft) -> None:
    if not watching.begin_for_lost(draft):
        pay(draft, None)


def _may_switch_until(draft: Draft) -> datetime:
    """Until when a request of ours is likely to switch the server still.

    Once it was off, only one whose answer was lost can. Before, an accepted shutdown has the time that it is allowed.
    """
    job = draft.job
    doubts = (request.doubt_until for request in (job.stop, job.cut, job.start))
    latest = max((until for until in doubts if until is not None), default=job.created)
    if job.off_at is None:
        accepted = [request for request in (job.stop, job.cut) if request.phase is Phase.ACCEPTED]
        latest = max([latest, *(reached(draft, request) + job.options.off_within for request in accepted)])
    return latest


def _seen_off(draft: Draft, seen: Seen) -> None:
    start = draft.job.start
    if start.phase is not Phase.ACCEPTED:
        draft.look_up(Verb.POWER_ON)
    elif seen.started >= reached(draft, start) + ON_WITHIN:
        draft.put(sending.again(start))
        draft.tell(JobEventKind.RETRYING, note="the server is still off after it was switched on")


def action_seen(draft: Draft, action: Action) -> None:
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
    other = ownership.foreign(draft, found) if off else None
    if other is not None and other.running:
        draft.look_again_later(Verb.POWER_ON)
    elif other is not None:
        pay(
            draft,
            JobEventKind.LEFT_ALONE,
            f"somebody else has switched it since (action {other.id}, {other.command})",
        )
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
