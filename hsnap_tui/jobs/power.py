"""What we owe a server that we asked to shut down (pure): since when it is off, and when the debt is paid.

The debt is written down together with the intent to shut down, so that it outlives everything but the journal.
It is paid when the server is seen running and no shutdown of ours can still take effect (`watching`), when it is
gone, or when somebody else has switched it since (`ownership`).
"""

from __future__ import annotations

from datetime import datetime

from hsnap_tui import words
from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.events import Failure, JobEventKind
from hsnap_tui.jobs import sending
from hsnap_tui.jobs.draft import Draft
from hsnap_tui.jobs.model import HoldReason, Phase, Power, Sending
from hsnap_tui.jobs.observations import Seen

_PLAIN_STATUSES = (ServerStatus.RUNNING, ServerStatus.OFF)


def note_status(draft: Draft, seen: Seen) -> None:
    """Since when the server is neither running nor off, though nothing holds it."""
    server = seen.server
    odd = server is not None and server.status not in _PLAIN_STATUSES and not server.locked
    if odd != (draft.job.odd_since is not None):
        draft.set(odd_since=seen.started if odd else None)


def note_off(draft: Draft, seen: Seen) -> None:
    """Takes down since when the server is off because of us.

    A process that took the job over has not seen it go off: then it counts from when the shutdown may have worked.
    """
    if draft.job.power is Power.OWED and draft.job.off_at is None:
        draft.set(off_at=draft.job.unseen_since or seen.started, unseen_since=None, fresh_after=draft.now)
        draft.tell(JobEventKind.SERVER_OFF)


def note_downtime(draft: Draft) -> None:
    """A server that was off as long as it may be, without a snapshot under way, is powered on and its job held."""
    job, by = draft.job, draft.job.must_be_on_by
    if by is None or draft.now < by or job.hold is not None or job.cancelled:
        return
    last = f"; the last answer was: {job.refusal.message}" if job.refusal else ""
    allowed = words.exactly(job.options.max_downtime.total_seconds())
    failure = Failure(
        "downtime",
        f"no snapshot was begun within the allowed downtime of {allowed}{last}",
        "The server is powered on again. Approve the job to try it once more, or allow more downtime.",
        job.refusal.correlation_id if job.refusal else None,
    )
    draft.set(hold=HoldReason.DOWNTIME, refusal=failure)


def pay(draft: Draft, kind: JobEventKind | None, note: str | None = None, seconds: float | None = None) -> None:
    """Nothing is owed any more; `kind` is how it is told, if it is."""
    draft.set(power=Power.SETTLED, watching=False, watch_until=None, debt_until=None, unseen_since=None)
    if kind is not None:
        draft.tell(kind, note=note, seconds=seconds)


def in_doubt(request: Sending) -> bool:
    """Whether it is not known what became of the request."""
    return request.phase is not Phase.ACCEPTED and request.doubt_until is not None


def reached(draft: Draft, request: Sending) -> datetime:
    """The latest moment at which the newest attempt can have reached the server."""
    return sending.effective_by(request) or draft.job.created
