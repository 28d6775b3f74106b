"""Shutting a server down before its snapshot (pure), and powering it off when that was chosen."""

from __future__ import annotations

from datetime import timedelta

from hsnap_tui.cloud.model import Action, ActionStatus, ServerStatus
from hsnap_tui.events import Failure, JobEventKind
from hsnap_tui.jobs.core import tracked_request
from hsnap_tui.jobs.core.model import HoldReason, IfStillOn, JobState, Phase, Power, RequestKind
from hsnap_tui.jobs.core.observations import LookedUp, ServerSeen
from hsnap_tui.jobs.core.snapshot import whose_action
from hsnap_tui.jobs.core.snapshot.power import note_off, reached
from hsnap_tui.jobs.core.snapshot.step_builder import SnapshotStepBuilder

POWER_OFF_WITHIN = timedelta(minutes=1)
"""How long a server may take to be off after it was powered off."""

STATUS_FRESH = timedelta(seconds=10)
"""A server is only shut down when it was seen running this recently: one that is off is none of our business."""

STATUS_WITHIN = timedelta(minutes=10)
"""How long a server that is to be shut down may be neither running nor off, without a lock."""


def ensure_off(builder: SnapshotStepBuilder, seen: ServerSeen) -> bool:
    """Goes one step towards off; true when the server is off and its snapshot can be taken."""
    job, server = builder.job, seen.server
    if server is None:
        return False
    if server.status is ServerStatus.OFF:
        note_off(builder, seen)
        return not server.locked
    running = server.status is ServerStatus.RUNNING
    if job.off_at is not None:
        if running:
            _fail_switched(builder, "it is running")
    elif job.power_off.phase is Phase.ACCEPTED:
        _await_power_off(builder, seen)
    elif job.shutdown.phase is Phase.ACCEPTED and not _waited_for_off(builder, seen):
        return False
    elif running and not server.locked:
        _stop_next(builder, seen)
    elif not running:
        _await_status(builder, seen, server.status)
    return False


def _await_status(builder: SnapshotStepBuilder, seen: ServerSeen, status: ServerStatus) -> None:
    since = builder.job.odd_since
    if since is None or seen.started < since + STATUS_WITHIN:
        return
    minutes = int(STATUS_WITHIN.total_seconds() / 60)
    failure = Failure(
        "status",
        f"the server has been “{status.value}” for {minutes} minutes; it can only be shut down while it is running",
        "Look at it in the Hetzner Console, then approve the job or cancel it.",
    )
    builder.hold(HoldReason.STATUS, failure)


def _waited_for_off(builder: SnapshotStepBuilder, seen: ServerSeen) -> bool:
    """Whether it is time to power it off; fails the job when it is time and that was not chosen."""
    job = builder.job
    deadline = reached(builder, job.shutdown) + job.options.off_within
    if seen.started < deadline:
        builder.set_request(tracked_request.paused(job.shutdown, deadline))
        return False
    if job.options.if_still_on is IfStillOn.POWER_OFF:
        return True
    within = int(job.options.off_within.total_seconds())
    builder.fail(
        Failure(
            "still_on",
            f"the server did not shut down within {within} s; no snapshot was made",
            "It may still shut down; it is then powered on. Its system may ignore ACPI: shut it down from "
            "inside, allow more time, or choose to power it off.",
        )
    )
    return False


def _stop_next(builder: SnapshotStepBuilder, seen: ServerSeen) -> None:
    if builder.job.shutdown.phase is Phase.ACCEPTED:
        builder.look_up(RequestKind.POWER_OFF)
    elif not builder.context.may_stop and builder.job.power is not Power.RESTORE_PENDING:
        builder.set(state=JobState.QUEUED, lock_holder=None, waiting_since=None)
    elif builder.job.shutdown.attempts:
        builder.look_up(RequestKind.SHUTDOWN)
    elif seen.started >= builder.now - STATUS_FRESH:
        _shut_down(builder)


def _shut_down(builder: SnapshotStepBuilder) -> None:
    """Writes down the pending restore and asks for the shutdown."""
    builder.set(power=Power.RESTORE_PENDING, watching=False)
    builder.tell(JobEventKind.SHUTTING_DOWN)
    builder.send(RequestKind.SHUTDOWN, JobState.SHUTTING_DOWN)


def refused(builder: SnapshotStepBuilder) -> None:
    """A shutdown was surely refused: the restore is as pending as it was before."""
    job = builder.job
    if job.watch_until is not None:
        builder.set(power=Power.WATCHED, watching=True)
    elif not job.shutdown.missing:
        builder.set(power=Power.NONE)


def action_seen(builder: SnapshotStepBuilder, action: Action) -> None:
    """How the shutdown's action goes; one that fails ends the job, unless it is to be powered off in that case."""
    job = builder.job
    failed = action.status is ActionStatus.ERROR and job.result is None and job.off_at is None
    if failed and job.options.if_still_on is IfStillOn.LEAVE:
        builder.set_request(tracked_request.again(job.shutdown))
        builder.set(fresh_after=builder.now)
        builder.fail(
            Failure(
                "action_failed",
                f"the shutdown failed: {action.error_message or 'no reason given'}",
                "The server was left running and no snapshot was made. Try again, or choose to power it off.",
            )
        )


def _await_power_off(builder: SnapshotStepBuilder, seen: ServerSeen) -> None:
    if seen.started >= reached(builder, builder.job.power_off) + POWER_OFF_WITHIN:
        builder.fail(
            Failure(
                "still_on", "the server is still on after it was powered off", "Look at it in the Hetzner Console."
            )
        )


def _power_off(builder: SnapshotStepBuilder) -> None:
    """Asks for the power-off."""
    builder.tell(JobEventKind.POWERING_OFF)
    builder.send(RequestKind.POWER_OFF, JobState.SHUTTING_DOWN)


def looked_up(builder: SnapshotStepBuilder, found: LookedUp) -> None:
    """What a look-up before a shutdown or a power-off, or after a lost answer to one, says."""
    request_kind, server = found.request_kind, found.server
    current = builder.request(request_kind)
    if server is None:
        return
    own = whose_action.unaccounted(builder, current, found)
    if own and current.phase is not Phase.ACCEPTED:
        builder.set_request(tracked_request.found(current, own[-1].id, builder.now))
        builder.set(fresh_after=builder.now)
        builder.tell(JobEventKind.FOUND, action_id=own[-1].id, note="by the server's actions")
    elif current.unknown_until is not None and found.started < current.unknown_until:
        builder.look_again_later(request_kind)
    else:
        builder.set_request(tracked_request.resolved(current))
        if current.unknown_count >= tracked_request.MOST_UNKNOWN and builder.job.result is None:
            builder.hold(HoldReason.TRIED_OFTEN)
        elif server.status is ServerStatus.RUNNING and not server.locked and builder.may_start:
            _stop(builder, found)


def _stop(builder: SnapshotStepBuilder, found: LookedUp) -> None:
    if found.request_kind is RequestKind.SHUTDOWN:
        if builder.context.may_stop or builder.job.power is Power.RESTORE_PENDING:
            _shut_down(builder)
    elif other := whose_action.foreign(builder, found):
        _fail_switched(builder, f"action {other.id}, {other.command}")
    else:
        _power_off(builder)


def _fail_switched(builder: SnapshotStepBuilder, how: str) -> None:
    builder.fail(
        Failure(
            "switched",
            f"another client changed the server's power after our shutdown request ({how}); no snapshot was made",
            "It is left as it is. Try again when no other client works on it.",
        )
    )
