"""The words of jobs that make a snapshot of a server."""

from __future__ import annotations

from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.common import formatting
from hsnap_tui.events import JobEvent
from hsnap_tui.events import JobEventKind as Kind
from hsnap_tui.jobs.core import tracked_request
from hsnap_tui.jobs.core.model import HoldReason, Job, JobState, RequestKind, SnapshotJob
from hsnap_tui.messages import terms
from hsnap_tui.messages.failures import explain
from hsnap_tui.messages.kind_messages import KindMessages, after, with_note

KIND = SnapshotJob.kind

_RESUMED = {
    "sent": "resumed: an earlier run requested the snapshot, it is followed to its end",
    "outcome_unknown": "resumed: an earlier run was interrupted during a request; checking whether it took effect",
    "restore_pending": "resumed: an earlier run shut the server down, it is powered on",
    "watched": "resumed: an earlier run requested a shutdown that may have come late; powered on if it is off",
    "queued": "resumed: left by an earlier run, starts now",
}


def snapshot_in_words(job: Job) -> str:
    """Which snapshot a job is making or has made; empty where it does not exist, as after a failed action."""
    if job.image_id is None or not isinstance(job, SnapshotJob):
        return ""
    if job.state is JobState.CREATING and job.snapshot_done is None:
        return f"creating snapshot {job.image_id}"
    return f"snapshot {job.image_id}" if job.snapshot_done or job.state is JobState.DONE else ""


def _waiting(event: JobEvent) -> str:
    if event.note and not event.lock_holder and not event.failure:
        return "waiting"
    lock = f"locked by {event.lock_holder}" if event.lock_holder else terms.LOCKED_CAUSE_UNKNOWN
    text = f"waiting: {lock}; starts when the lock clears"
    if event.failure is None or event.failure.kind != ErrorKind.LOCKED:
        return text
    named = event.failure.correlation_id
    about = f"; its ID {named} names the request, not the lock" if named else ""
    return f"{text} (Hetzner: {event.failure.message}{about})"


def _outcome_unknown(event: JobEvent) -> str:
    request = f" to {event.note}" if event.note else ""
    why = f" ({event.failure.message})" if event.failure else ""
    exists = event.note in (None, RequestKind.CREATE_IMAGE)
    what = "checking whether the snapshot exists" if exists else "checking whether it took effect"
    seconds = formatting.duration(tracked_request.SETTLE.total_seconds())
    return f"no answer{request}{why}: {what} ({seconds}) before anything is sent again"


def _found(event: JobEvent) -> str:
    how = f" {event.note}" if event.note else ""
    return f"found{how}: the request took effect, nothing is sent again"


def _resumed(event: JobEvent) -> str:
    return _RESUMED.get(event.note or "", "resumed")


def _unknown(event: JobEvent) -> str:
    what = explain(event.failure) if event.failure else "look at the server's snapshots, then retry or cancel"
    return f"unknown whether the snapshot exists: {what}"


def _duplicate(event: JobEvent) -> str:
    ids = f"{event.image_id} and {event.note}" if event.image_id and event.note else "see its list"
    return f"there is more than one snapshot for this job ({ids}); delete the one that is not needed"


def _creating(event: JobEvent) -> str:
    image = f" snapshot {event.image_id}" if event.image_id else ""
    action = f" (action {event.action_id})" if event.action_id else ""
    return f"creating{image}{action}"


def _slow(event: JobEvent) -> str:
    so_far = f" ({formatting.duration(event.seconds)} so far)" if event.seconds else ""
    facts = [f"server {event.server_id}"]
    facts += [f"action {event.action_id}"] if event.action_id else []
    facts += [f"image {event.image_id}"] if event.image_id else []
    return f"takes far longer than usual{so_far}; if it never ends, send Hetzner's support: {', '.join(facts)}"


def _snapshot_done(event: JobEvent) -> str:
    image = f"snapshot {event.image_id} done" if event.image_id else "snapshot done"
    size = f", {formatting.gigabytes(event.size)}" if event.size else ""
    return f"{image}{size}{after(event)}"


def _server_on(event: JobEvent) -> str:
    return f"powered on; was off for {formatting.duration(event.seconds)}" if event.seconds else "powered on"


def _watched(event: JobEvent) -> str:
    why = f"{event.note}; " if event.note else ""
    until = f" for {formatting.duration(event.seconds)}" if event.seconds else ""
    return f"{why}may still shut down: watched{until}, and powered on if it does"


MESSAGES = KindMessages(
    noun="snapshot",
    subject="Server",
    at_quit="Running snapshots continue at Hetzner; hsnap-tui resume finishes the rest.",
    under_way_at_quit=("under way continues at Hetzner", "under way continue at Hetzner"),
    milestones={
        Kind.WAITING: lambda e: with_note(_waiting(e), e),
        Kind.SHUTTING_DOWN: lambda e: with_note("shutting down (requested by ACPI)", e),
        Kind.POWERING_OFF: lambda e: with_note("powering off: it did not shut down in time", e),
        Kind.SERVER_OFF: lambda e: with_note(f"off{after(e)}", e),
        Kind.REQUESTING: lambda e: with_note("requested", e),
        Kind.OUTCOME_UNKNOWN: _outcome_unknown,
        Kind.FOUND: _found,
        Kind.NOT_FOUND: lambda e: with_note("checked: the request had no effect, it may be sent again", e),
        Kind.CREATING: lambda e: with_note(_creating(e), e),
        Kind.PROGRESS: lambda e: with_note(f"creating: {e.percent if e.percent is not None else 0} %", e),
        Kind.SLOW: lambda e: with_note(_slow(e), e),
        Kind.SNAPSHOT_DONE: lambda e: with_note(_snapshot_done(e), e),
        Kind.POWERING_ON: lambda e: with_note("powering on", e),
        Kind.SERVER_ON: lambda e: with_note(_server_on(e), e),
        Kind.LEFT_ALONE: lambda e: f"left as it is: {e.note}" if e.note else "left as it is",
        Kind.WATCHED: _watched,
        Kind.RESUMED: _resumed,
        Kind.UNKNOWN: lambda e: with_note(_unknown(e), e),
        Kind.DUPLICATE: _duplicate,
    },
    holds={
        HoldReason.SHUTS_DOWN: "left by an earlier run, shuts the server down",
        HoldReason.INTERRUPTED: "interrupted while the server was shut down",
        HoldReason.LIMIT: "snapshot limit reached",
        HoldReason.WAITED_TOO_LONG: "the lock did not clear in time",
        HoldReason.DOWNTIME: "the allowed downtime was over, the server was powered on",
        HoldReason.REFUSED: "not shut down: the snapshot of another server of the batch was refused",
        HoldReason.STATUS: "the server was neither running nor off for too long",
    },
)
