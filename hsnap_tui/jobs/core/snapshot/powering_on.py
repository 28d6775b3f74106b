"""Powering a server on again (pure): tried until it is seen running, unless somebody else has decided about it."""

from __future__ import annotations

from datetime import datetime, timedelta

from hsnap_tui.cloud.model import Action, ActionStatus, ServerStatus
from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs.core import tracked_request
from hsnap_tui.jobs.core.model import JobState, Phase, Power, RequestKind, TrackedRequest
from hsnap_tui.jobs.core.observations import LookedUp, ServerSeen
from hsnap_tui.jobs.core.snapshot import late_shutdown, whose_action
from hsnap_tui.jobs.core.snapshot.power import end_restoring, note_off, outcome_unknown, reached
from hsnap_tui.jobs.core.snapshot.step_builder import SnapshotStepBuilder

ON_WITHIN = timedelta(minutes=2)
"""How long a server may take to be running after it was powered on, before that is tried again."""

LOOKED_FOR = timedelta(minutes=2)
"""How long looking for a lost shutdown is tried before the server is only watched."""

STATUS_WITHIN = timedelta(minutes=15)
"""How long a server to be powered on may be neither running nor off before its job goes on without it."""


def restore(builder: SnapshotStepBuilder, seen: ServerSeen | None) -> None:
    """Goes one step towards a running server."""
    job = builder.job
    if job.result is not None:
        builder.set(state=JobState.POWERING_ON)
    if job.power_on.phase is Phase.OUTCOME_UNKNOWN:
        builder.look_up(RequestKind.POWER_ON)
    elif seen is None:
        return
    elif seen.server is None:
        end_restoring(builder, JobEventKind.LEFT_ALONE, "the server is gone")
    elif seen.server.status is ServerStatus.RUNNING:
        _seen_running(builder, seen)
    elif seen.server.status is ServerStatus.OFF:
        note_off(builder, seen)
        if not seen.server.locked:
            _seen_off(builder, seen)
    elif job.odd_since is not None and seen.started >= job.odd_since + STATUS_WITHIN:
        late_shutdown.begin(builder, seen, f"the server's status stays “{seen.server.status.value}”")


def _seen_running(builder: SnapshotStepBuilder, seen: ServerSeen) -> None:
    job = builder.job
    if seen.started < _may_switch_until(builder):
        if unclear := next((s for s in (job.shutdown, job.power_off) if outcome_unknown(s)), None):
            builder.look_up(unclear.kind)
    elif job.power_on.phase is Phase.ACCEPTED:
        builder.set(on_at=seen.started)
        downtime = builder.job.downtime
        builder.tell(JobEventKind.SERVER_ON, seconds=downtime.total_seconds() if downtime else None)
        _watch_or_end(builder)
    elif job.off_at is not None:
        builder.set(on_at=seen.started)
        builder.tell(JobEventKind.LEFT_ALONE, note="it is running: another client powered it on")
        _watch_or_end(builder)
    elif missing := next(
        (s for s in (job.shutdown, job.power_off) if s.missing and s.phase is not Phase.ACCEPTED), None
    ):
        _look_for_missing(builder, seen, missing)
    elif late_shutdown.may_work_late(job):
        late_shutdown.begin(builder, seen, "it has not shut down")
    elif job.unseen_since is not None or any(stop.lost_at for stop in (job.shutdown, job.power_off)):
        # Its action is looked for by its time: it is not found when a clock was set or Hetzner's date is wrong.
        late_shutdown.begin(builder, seen, "a request to shut it down was lost and may have arrived")
    else:
        end_restoring(builder, JobEventKind.LEFT_ALONE, "it did not shut down")


def _look_for_missing(builder: SnapshotStepBuilder, seen: ServerSeen, request: TrackedRequest) -> None:
    """Looks once more, when it can't arrive any more, for a request that was lost and had no effect so far."""
    latest = (request.lost_at or builder.now) + tracked_request.LATE
    if seen.started >= latest + LOOKED_FOR:
        late_shutdown.begin(builder, seen, "it can't be looked up whether a request for a shutdown arrived")
    elif seen.started >= latest:
        builder.look_up(request.kind)


def _watch_or_end(builder: SnapshotStepBuilder) -> None:
    if not late_shutdown.begin_for_lost(builder):
        end_restoring(builder, None)


def _may_switch_until(builder: SnapshotStepBuilder) -> datetime:
    """Until when a request of ours is likely to switch the server still.

    Once it was off, only one whose answer was lost can. Before, an accepted shutdown has the time that it is allowed.
    """
    job = builder.job
    unknown = (request.unknown_until for request in (job.shutdown, job.power_off, job.power_on))
    latest = max((until for until in unknown if until is not None), default=job.created)
    if job.off_at is None:
        accepted = [request for request in (job.shutdown, job.power_off) if request.phase is Phase.ACCEPTED]
        latest = max([latest, *(reached(builder, request) + job.options.off_within for request in accepted)])
    return latest


def _seen_off(builder: SnapshotStepBuilder, seen: ServerSeen) -> None:
    start = builder.job.power_on
    if start.phase is not Phase.ACCEPTED:
        builder.look_up(RequestKind.POWER_ON)
    elif seen.started >= reached(builder, start) + ON_WITHIN:
        builder.set_request(tracked_request.again(start))
        builder.tell(JobEventKind.RETRYING, note="the server is still off after it was powered on")


def action_seen(builder: SnapshotStepBuilder, action: Action) -> None:
    """How the action that switches the server on goes; one that fails is tried again."""
    if action.status is ActionStatus.ERROR and builder.job.power is Power.RESTORE_PENDING:
        builder.set_request(tracked_request.again(builder.job.power_on))
        builder.pause(RequestKind.POWER_ON, tracked_request.backoff(builder.job.power_on.attempts))
        builder.set(fresh_after=builder.now)
        builder.tell(JobEventKind.RETRYING, note=action.error_message)


def looked_up(builder: SnapshotStepBuilder, found: LookedUp) -> None:
    """What a look-up before switching on says: what somebody else has done counts, ours is sent (again)."""
    start, server = builder.job.power_on, found.server
    own = tracked_request.possibly_ours(start, found.actions, builder.context.clock_offset)
    off = server is not None and server.status is ServerStatus.OFF
    other = whose_action.foreign(builder, found) if off else None
    if other is not None and other.running:
        builder.look_again_later(RequestKind.POWER_ON)
    elif other is not None:
        end_restoring(
            builder,
            JobEventKind.LEFT_ALONE,
            f"another client has changed its power since (action {other.id}, {other.command})",
        )
    elif own:
        all_found = len(own) >= start.unknown_count
        settled = tracked_request.found if all_found else tracked_request.accepted
        builder.set_request(settled(start, own[-1].id, builder.now))
        builder.set(fresh_after=builder.now)
        builder.tell(JobEventKind.FOUND, action_id=own[-1].id, note="by the server's actions")
    elif off and server is not None and not server.locked:
        builder.tell(JobEventKind.POWERING_ON)
        builder.send(RequestKind.POWER_ON, builder.job.state if builder.job.result is None else JobState.POWERING_ON)
    elif start.unknown_until is not None and found.started < start.unknown_until:
        builder.look_again_later(RequestKind.POWER_ON)
    else:
        builder.set_request(tracked_request.resolved(start))
