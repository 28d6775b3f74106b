"""What happens to jobs, and failures, in words."""

from __future__ import annotations

from collections.abc import Callable, Collection

from hsnap_tui import events as ev
from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.common import formatting
from hsnap_tui.events import JobEventKind as Kind
from hsnap_tui.jobs.core.model import HoldReason, Job, JobState, SnapshotJob
from hsnap_tui.messages import deletion_messages
from hsnap_tui.messages.failures import because, capital, explain
from hsnap_tui.messages.kind_messages import KindMessages

__all__ = [
    "capital",
    "count_in_words",
    "explain",
    "hold_in_words",
    "job_in_words",
    "snapshot_in_words",
    "state_in_words",
]

_OF_KIND = {deletion_messages.KIND: deletion_messages.MESSAGES}
"""The words of kinds of jobs that differ from those of snapshots, which are below."""


def job_in_words(event: ev.JobEvent) -> str:
    """A milestone of a job, without the name of what it is about."""
    own = _words_of(event.job_kind).milestones.get(event.kind)
    if own is not None:
        return own(event)
    text = _PLAIN.get(event.kind) or _WORDS[event.kind](event)
    if event.note is None or event.kind in _USES_NOTE or event.note.casefold().rstrip(".") in text.casefold():
        return text
    return f"{text}: {event.note}"


def hold_in_words(reason: HoldReason | None) -> str:
    """Why a job needs a yes."""
    return _HOLDS[reason] if reason else "needs your yes"


def state_in_words(job: Job) -> str:
    """Where a job stands."""
    return _words_of(job.kind).state(job) or job.state.value.replace("_", " ")


def count_in_words(number: int, kinds: Collection[str]) -> str:
    """So many jobs of these kinds: `3 snapshots`, `2 deletions`, or `5 jobs` where there are several kinds."""
    known = {_words_of(kind).noun for kind in kinds}
    return formatting.count(number, known.pop() if len(known) == 1 else "job")


def _words_of(kind: str) -> KindMessages:
    return _OF_KIND.get(kind, _OF_SNAPSHOTS)


def snapshot_in_words(job: Job) -> str:
    """Which snapshot a job is making or has made; empty where it does not exist, as after a failed action."""
    if job.image_id is None or not isinstance(job, SnapshotJob):
        return ""
    if job.state is JobState.CREATING and job.snapshot_done is None:
        return f"creating snapshot {job.image_id}"
    return f"snapshot {job.image_id}" if job.snapshot_done or job.state is JobState.DONE else ""


_OF_SNAPSHOTS = KindMessages("snapshot")

_HOLDS = {
    HoldReason.OLD: "left by a run an hour ago or more",
    HoldReason.SHUTS_DOWN: "left by an earlier run, and would shut the server down",
    HoldReason.INTERRUPTED: "interrupted while the server was shut down",
    HoldReason.LIMIT: "snapshot limit reached",
    HoldReason.NO_ACCESS: "the token was refused, or may only read",
    HoldReason.WAITED_TOO_LONG: "the lock did not clear in time",
    HoldReason.TRIED_OFTEN: "the request failed several times in a row",
    HoldReason.DOWNTIME: "powered on again: the allowed downtime was over",
    HoldReason.REFUSED: "not shut down: the snapshot of another server of the batch was refused",
    HoldReason.STATUS: "the server was neither running nor off for too long",
}

_RESUMED = {
    "sent": "an earlier run asked for its snapshot: it is followed to its end",
    "outcome_unknown": "an earlier run was interrupted while it asked for the snapshot; looking up what happened",
    "restore_pending": "an earlier run had it shut down: it is powered on again",
    "watched": "an earlier run asked it to shut down, and it may have done so late: it is powered on if it is off",
    "queued": "left by an earlier run, goes on",
}

_USES_NOTE = frozenset(
    {
        Kind.NEEDS_APPROVAL,
        Kind.OUTCOME_UNKNOWN,
        Kind.RETRYING,
        Kind.RESUMED,
        Kind.DUPLICATE,
        Kind.FOUND,
        Kind.LEFT_ALONE,
        Kind.WATCHED,
    }
)


def _waiting(event: ev.JobEvent) -> str:
    if event.note and not event.lock_holder and not event.failure:
        return "waits"
    lock_holder = f"{event.lock_holder} holds the lock" if event.lock_holder else "locked, holder not listed"
    if event.failure is None or event.failure.kind != ErrorKind.LOCKED:
        return f"waits: {lock_holder}; the snapshot starts when it clears"
    named = event.failure.correlation_id
    hint = f" (the ID {named} in Hetzner's answer names the request, not the lock)" if named else ""
    return f"was locked when asked: {lock_holder}; back to waiting{hint}"


def _unclear(event: ev.JobEvent) -> str:
    what = f" to {event.note}" if event.note else ""
    why = f" ({event.failure.message})" if event.failure else ""
    return f"the answer{what} was lost{why}; looking up what happened before anything is sent again"


def _found(event: ev.JobEvent) -> str:
    how = f" {event.note}" if event.note else ""
    return f"looked up{how}: the request did take effect, nothing is sent again"


def _retrying(event: ev.JobEvent) -> str:
    return because(f"tries again ({event.note})" if event.note else "tries again", event)


def _resumed(event: ev.JobEvent) -> str:
    return _RESUMED.get(event.note or "", "goes on where the last run left it")


def _held(event: ev.JobEvent) -> str:
    known = {reason.value: reason for reason in HoldReason}
    reason = hold_in_words(known[event.note]) if event.note in known else event.note
    return because(f"held until somebody says yes, {reason}" if reason else "held until somebody says yes", event)


def _duplicate(event: ev.JobEvent) -> str:
    ids = f"{event.image_id} and {event.note}" if event.image_id and event.note else "look at its list"
    return f"there is more than one snapshot for this job ({ids}); look which one to keep"


def _creating(event: ev.JobEvent) -> str:
    image = f" {event.image_id}" if event.image_id else ""
    action = f" (action {event.action_id})" if event.action_id else ""
    return f"snapshot{image} is being made{action}"


def _slow(event: ev.JobEvent) -> str:
    so_far = f" ({formatting.exactly(event.seconds)} so far)" if event.seconds else ""
    facts = [f"server {event.server_id}"]
    facts += [f"action {event.action_id}"] if event.action_id else []
    facts += [f"image {event.image_id}"] if event.image_id else []
    return f"takes far longer than usual{so_far}; if it never ends, send Hetzner's support: {', '.join(facts)}"


def _snapshot_done(event: ev.JobEvent) -> str:
    image = f"snapshot {event.image_id} is done" if event.image_id else "the snapshot is done"
    size = f", {formatting.gigabytes(event.size)}" if event.size else ""
    return f"{image}{size}{_after(event)}"


def _server_on(event: ev.JobEvent) -> str:
    return f"runs again; it was off for {formatting.exactly(event.seconds)}" if event.seconds else "runs again"


def _watched(event: ev.JobEvent) -> str:
    why = f"{event.note}; " if event.note else ""
    until = f" for {formatting.exactly(event.seconds)}" if event.seconds else ""
    return f"{why}a shutdown request may still take effect: the server is watched{until}, and powered on if it does"


def _after(event: ev.JobEvent) -> str:
    return f" after {formatting.exactly(event.seconds)}" if event.seconds else ""


_PLAIN = {
    Kind.QUEUED: "snapshot queued",
    Kind.SHUTTING_DOWN: "asked to shut down (ACPI)",
    Kind.POWERING_OFF: "is still on: the power is cut (power off)",
    Kind.REQUESTING: "snapshot asked for",
    Kind.NOT_FOUND: "looked up: the request had no effect, it may be sent again",
    Kind.POWERING_ON: "is being switched on again",
    Kind.APPROVED: "goes on: somebody said yes",
    Kind.CANCELLED: "cancelled",
}

_WORDS: dict[Kind, Callable[[ev.JobEvent], str]] = {
    Kind.FOUND: _found,
    Kind.RETRYING: _retrying,
    Kind.RESUMED: _resumed,
    Kind.NEEDS_APPROVAL: _held,
    Kind.DUPLICATE: _duplicate,
    Kind.WAITING: _waiting,
    Kind.SERVER_OFF: lambda e: f"is off{_after(e)}",
    Kind.OUTCOME_UNKNOWN: _unclear,
    Kind.CREATING: _creating,
    Kind.PROGRESS: lambda e: f"snapshot {e.percent if e.percent is not None else 0} %",
    Kind.SLOW: _slow,
    Kind.LEFT_ALONE: lambda e: f"is left as it is: {e.note}" if e.note else "is left as it is",
    Kind.WATCHED: _watched,
    Kind.SNAPSHOT_DONE: _snapshot_done,
    Kind.SERVER_ON: _server_on,
    Kind.UNKNOWN: lambda e: because("it could not be found out whether the snapshot exists; look, then decide", e),
    Kind.DONE: lambda e: f"done{_after(e)} in all" if e.seconds else "done",
    Kind.FAILED: lambda e: because("failed", e),
    Kind.SKIPPED: lambda e: f"skipped: locked by {e.lock_holder}" if e.lock_holder else because("skipped", e),
}
