"""Shutting a server down before its snapshot (pure), and cutting its power when that was chosen."""

from __future__ import annotations

from datetime import timedelta

from hsnap_tui.cloud.model import Action, ActionStatus, ServerStatus
from hsnap_tui.events import Failure, JobEventKind
from hsnap_tui.jobs import ownership, sending
from hsnap_tui.jobs.draft import Draft
from hsnap_tui.jobs.model import HoldReason, IfStillOn, JobState, Phase, Power, Verb
from hsnap_tui.jobs.observations import LookedUp, Seen
from hsnap_tui.jobs.power import note_off, reached

CUT_WITHIN = timedelta(minutes=1)
"""How long a server may take to be off after its power was cut."""

STATUS_FRESH = timedelta(seconds=10)
"""A server is only shut down when it was seen running this recently: one that is off is none of our business."""

STATUS_WITHIN = timedelta(minutes=10)
"""How long a server that is to be shut down may be neither running nor off, without a lock."""


def bring_down(draft: Draft, seen: Seen) -> bool:
    """Goes one step towards off; true when the server is off and its snapshot can be taken."""
    job, server = draft.job, seen.server
    if server is None:
        return False
    if server.status is ServerStatus.OFF:
        note_off(draft, seen)
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
    elif not running:
        _await_status(draft, seen, server.status)
    return False


def _await_status(draft: Draft, seen: Seen, status: ServerStatus) -> None:
    since = draft.job.odd_since
    if since is None or seen.started < since + STATUS_WITHIN:
        return
    minutes = int(STATUS_WITHIN.total_seconds() / 60)
    failure = Failure(
        "status",
        f"the server has been “{status.value}” for {minutes} minutes; it can only be shut down while it is running",
        "Look at it in the Hetzner Console, then approve the job or cancel it.",
    )
    draft.hold(HoldReason.STATUS, failure)


def _waited_for_off(draft: Draft, seen: Seen) -> bool:
    """Whether it is time to cut the power; fails the job when it is time and that was not chosen."""
    job = draft.job
    deadline = reached(draft, job.stop) + job.options.off_within
    if seen.started < deadline:
        draft.put(sending.paused(job.stop, deadline))
        return False
    if job.options.if_still_on is IfStillOn.POWER_OFF:
        return True
    within = int(job.options.off_within.total_seconds())
    draft.fail(
        Failure(
            "still_on",
            f"the server did not shut down within {within} s; no snapshot was made",
            "It may still shut down; it is then powered on again. Its system may ignore ACPI: shut it down from "
            "inside, allow more time, or choose to power it off.",
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
        _shut_down(draft)


def _shut_down(draft: Draft) -> None:
    """Writes down the debt and asks for the shutdown."""
    draft.set(power=Power.OWED, watching=False)
    draft.tell(JobEventKind.SHUTTING_DOWN)
    draft.send(Verb.SHUTDOWN, JobState.SHUTTING_DOWN)


def refused(draft: Draft) -> None:
    """A shutdown was surely refused: what is owed is what was owed before."""
    job = draft.job
    if job.watch_until is not None:
        draft.set(power=Power.WATCHED, watching=True)
    elif not job.stop.missing:
        draft.set(power=Power.NONE)


def action_seen(draft: Draft, action: Action) -> None:
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
    if seen.started >= reached(draft, draft.job.cut) + CUT_WITHIN:
        draft.fail(
            Failure("still_on", "the server is still on after its power was cut", "Look at it in the console.")
        )


def _power_off(draft: Draft) -> None:
    """Asks for the power to be cut."""
    draft.tell(JobEventKind.POWERING_OFF)
    draft.send(Verb.POWER_OFF, JobState.SHUTTING_DOWN)


def looked_up(draft: Draft, found: LookedUp) -> None:
    """What a look-up before a shutdown or a power-off, or after a lost answer to one, says."""
    verb, server = found.verb, found.server
    current = draft.sending(verb)
    if server is None:
        return
    own = sending.unaccounted(current, found.actions, draft.turn.clock_offset)
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
            _shut_down(draft)
    elif other := ownership.foreign(draft, found):
        _fail_switched(draft, f"action {other.id}, {other.command}")
    else:
        _power_off(draft)


def _fail_switched(draft: Draft, how: str) -> None:
    draft.fail(
        Failure(
            "switched",
            f"somebody else has switched the server after it was asked to shut down ({how}); no snapshot was made",
            "It is left as it is. Try again when nobody else works on it.",
        )
    )
