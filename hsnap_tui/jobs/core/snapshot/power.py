"""Whether a server that we asked to shut down must be powered on (pure): since when it is off, until when.

The pending restore is written down together with the intent to shut down: it outlives everything but the journal.
It ends when the server is seen running and no shutdown of ours can still take effect (`late_shutdown`), when it is
gone, or when somebody else has switched it since (`whose_action`).
"""

from __future__ import annotations

from datetime import datetime

from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.common import formatting
from hsnap_tui.events import Failure, JobEventKind
from hsnap_tui.jobs.core import tracked_request
from hsnap_tui.jobs.core.model import HoldReason, Phase, Power, TrackedRequest
from hsnap_tui.jobs.core.observations import ServerSeen
from hsnap_tui.jobs.core.snapshot.step_builder import SnapshotStepBuilder

_PLAIN_STATUSES = (ServerStatus.RUNNING, ServerStatus.OFF)


def note_status(builder: SnapshotStepBuilder, seen: ServerSeen) -> None:
    """Since when the server is neither running nor off, though nothing holds it."""
    server = seen.server
    odd = server is not None and server.status not in _PLAIN_STATUSES and not server.locked
    if odd != (builder.job.odd_since is not None):
        builder.set(odd_since=seen.started if odd else None)


def note_off(builder: SnapshotStepBuilder, seen: ServerSeen) -> None:
    """Takes down since when the server is off because of us.

    A process that took the job over has not seen it go off: then it counts from when the shutdown may have worked.
    """
    if builder.job.power is Power.RESTORE_PENDING and builder.job.off_at is None:
        builder.set(off_at=builder.job.unseen_since or seen.started, unseen_since=None, fresh_after=builder.now)
        builder.tell(JobEventKind.SERVER_OFF)


def note_downtime(builder: SnapshotStepBuilder) -> None:
    """A server that was off as long as it may be, without a snapshot under way, is powered on and its job held."""
    job, by = builder.job, builder.job.must_be_on_by
    if by is None or builder.now < by or job.hold is not None or job.cancelled:
        return
    last = f"; the last answer was: {job.refusal.message}" if job.refusal else ""
    allowed = formatting.exactly(job.options.max_downtime.total_seconds())
    failure = Failure(
        "downtime",
        f"no snapshot was begun within the allowed downtime of {allowed}{last}",
        "The server is powered on. Approve the job to try it once more, or allow more downtime.",
        job.refusal.correlation_id if job.refusal else None,
    )
    builder.set(hold=HoldReason.DOWNTIME, refusal=failure)


def end_restoring(
    builder: SnapshotStepBuilder, kind: JobEventKind | None, note: str | None = None, seconds: float | None = None
) -> None:
    """No restore is pending any more; `kind` is how it is told, if it is."""
    builder.set(power=Power.RESTORED, watching=False, watch_until=None, expected_until=None)
    builder.set(unseen_since=None, taken_over=None)
    if kind is not None:
        builder.tell(kind, note=note, seconds=seconds)


def outcome_unknown(request: TrackedRequest) -> bool:
    """Whether it is not known what became of the request."""
    return request.phase is not Phase.ACCEPTED and request.unknown_until is not None


def reached(builder: SnapshotStepBuilder, request: TrackedRequest) -> datetime:
    """The latest moment at which the newest attempt can have reached the server."""
    return tracked_request.effective_by(request) or builder.job.created
