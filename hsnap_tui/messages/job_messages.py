"""What happens to jobs, and failures, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime

from hsnap_tui import events as ev
from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.common import formatting
from hsnap_tui.events import JobEventKind as Kind
from hsnap_tui.jobs.core import tracked_request
from hsnap_tui.jobs.core.model import HoldReason, Job, JobState, RequestKind, SnapshotJob
from hsnap_tui.messages import deletion_messages, terms
from hsnap_tui.messages.failures import because, capital, explain, unreachable
from hsnap_tui.messages.kind_messages import KindMessages

__all__ = [
    "approval_in_words",
    "at_quit_in_words",
    "batch_in_words",
    "by_state",
    "capital",
    "count_in_words",
    "counted",
    "destruction_in_words",
    "explain",
    "hold_in_words",
    "job_in_words",
    "snapshot_in_words",
    "state_in_words",
    "subject_in_words",
    "under_way_at_quit",
    "unreachable",
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
    """Why a job needs approval; empty when no reason is known."""
    return _HOLDS[reason] if reason else ""


def approval_in_words(reason: HoldReason | None) -> str:
    """That a job needs approval, and why."""
    return f"{terms.NEEDS_APPROVAL}: {hold_in_words(reason)}" if reason else terms.NEEDS_APPROVAL


def state_in_words(job: Job) -> str:
    """Where a job stands."""
    return _words_of(job.kind).state(job) or terms.state_in_words(job.state)


def count_in_words(number: int, kinds: Collection[str]) -> str:
    """So many jobs of these kinds: `3 snapshots`, `2 deletions`, or `5 jobs` where there are several kinds."""
    known = {_words_of(kind).noun for kind in kinds}
    return formatting.count(number, known.pop() if len(known) == 1 else "job")


def counted(jobs: Sequence[Job]) -> str:
    """How many jobs, by what they make."""
    return count_in_words(len(jobs), {job.kind for job in jobs})


def by_state(jobs: Iterable[Job]) -> str:
    """How many jobs are in which state, in the order of a job's life: `2 waiting, 3 creating`; empty without jobs."""
    order = list(JobState)
    found = Counter(state_in_words(job) for job in sorted(jobs, key=lambda job: order.index(job.state)))
    return ", ".join(f"{number:,} {state}" for state, number in found.items())


def batch_in_words(jobs: Sequence[Job], created: datetime, now: datetime) -> str:
    """A batch: how many jobs, how long it took, or so far, and their states."""
    ended = [job.ended for job in jobs if job.ended is not None]
    over = len(ended) == len(jobs)
    lasted = formatting.duration(((max(ended, default=now) if over else now) - created).total_seconds())
    took = f"took {lasted}" if over else f"{lasted} so far"
    return f"{counted(jobs)}, {took}: {by_state(jobs)}"


def subject_in_words(jobs: Iterable[Job]) -> str:
    """What these jobs are about, as the heading of a column."""
    subjects = {_words_of(job.kind).subject for job in jobs}
    return " or ".join(sorted(subjects, reverse=True)).capitalize() or _OF_SNAPSHOTS.subject


def at_quit_in_words(jobs: Iterable[Job]) -> str:
    """What becomes of these jobs when the program ends, in a sentence."""
    told = {_words_of(job.kind).at_quit for job in jobs} or {_OF_SNAPSHOTS.at_quit}
    return " ".join(sorted(told, reverse=True))


def under_way_at_quit(jobs: Sequence[Job]) -> list[tuple[str, Sequence[Job]]]:
    """What becomes of jobs that are under way when the program ends, each kind in words, with its jobs."""
    told: list[tuple[str, Sequence[Job]]] = []
    for kind in dict.fromkeys(job.kind for job in jobs):
        of_kind = [job for job in jobs if job.kind == kind]
        one, several = _words_of(kind).under_way_at_quit
        told.append((f"{counted(of_kind)} {one if len(of_kind) == 1 else several}", of_kind))
    return told


def destruction_in_words(jobs: Iterable[Job]) -> str:
    """What is destroyed when these jobs go on, in sentences; empty when nothing is."""
    found: dict[str, list[str]] = {}
    for job in jobs:
        if destroys := _words_of(job.kind).destroys:
            found.setdefault(destroys, []).append(job.server_name)
    return " ".join(f"{destroys}: {formatting.listed(names, 12)}." for destroys, names in found.items())


def _words_of(kind: str) -> KindMessages:
    return _OF_KIND.get(kind, _OF_SNAPSHOTS)


def snapshot_in_words(job: Job) -> str:
    """Which snapshot a job is making or has made; empty where it does not exist, as after a failed action."""
    if job.image_id is None or not isinstance(job, SnapshotJob):
        return ""
    if job.state is JobState.CREATING and job.snapshot_done is None:
        return f"creating snapshot {job.image_id}"
    return f"snapshot {job.image_id}" if job.snapshot_done or job.state is JobState.DONE else ""


_OF_SNAPSHOTS = KindMessages(
    "snapshot",
    "Server",
    "Running snapshots continue at Hetzner; hsnap-tui resume finishes the rest.",
    ("under way continues at Hetzner", "under way continue at Hetzner"),
)

_HOLDS = {
    HoldReason.OLD: "left by a run more than an hour ago",
    HoldReason.SHUTS_DOWN: "left by an earlier run, shuts the server down",
    HoldReason.INTERRUPTED: "interrupted while the server was shut down",
    HoldReason.LIMIT: "snapshot limit reached",
    HoldReason.NO_ACCESS: "the token was refused, or may only read",
    HoldReason.WAITED_TOO_LONG: "the lock did not clear in time",
    HoldReason.TRIED_OFTEN: "the request failed several times in a row",
    HoldReason.DOWNTIME: "the allowed downtime was over, the server was powered on",
    HoldReason.REFUSED: "not shut down: the snapshot of another server of the batch was refused",
    HoldReason.STATUS: "the server was neither running nor off for too long",
}

_RESUMED = {
    "sent": "resumed: an earlier run requested the snapshot, it is followed to its end",
    "outcome_unknown": "resumed: an earlier run was interrupted during a request; checking whether it took effect",
    "restore_pending": "resumed: an earlier run shut the server down, it is powered on",
    "watched": "resumed: an earlier run requested a shutdown that may have come late; powered on if it is off",
    "queued": "resumed: left by an earlier run, starts now",
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
        return "waiting"
    lock = f"locked by {event.lock_holder}" if event.lock_holder else terms.LOCKED_CAUSE_UNKNOWN
    text = f"waiting: {lock}; starts when the lock clears"
    if event.failure is None or event.failure.kind != ErrorKind.LOCKED:
        return text
    named = event.failure.correlation_id
    about = f"; its ID {named} names the request, not the lock" if named else ""
    return f"{text} (Hetzner: {event.failure.message}{about})"


def _outcome_unknown(event: ev.JobEvent) -> str:
    request = f" to {event.note}" if event.note else ""
    why = f" ({event.failure.message})" if event.failure else ""
    exists = event.note in (None, RequestKind.CREATE_IMAGE)
    what = "checking whether the snapshot exists" if exists else "checking whether it took effect"
    seconds = formatting.duration(tracked_request.SETTLE.total_seconds())
    return f"no answer{request}{why}: {what} ({seconds}) before anything is sent again"


def _found(event: ev.JobEvent) -> str:
    how = f" {event.note}" if event.note else ""
    return f"found{how}: the request took effect, nothing is sent again"


def _retrying(event: ev.JobEvent) -> str:
    return because(f"retrying ({event.note})" if event.note else "retrying", event)


def _resumed(event: ev.JobEvent) -> str:
    return _RESUMED.get(event.note or "", "resumed")


def _needs_approval(event: ev.JobEvent) -> str:
    known = {reason.value: reason for reason in HoldReason}
    if event.note in known:
        text = approval_in_words(known[event.note])
    else:
        text = f"{terms.NEEDS_APPROVAL}: {event.note}" if event.note else terms.NEEDS_APPROVAL
    return f"{text}. {capital(explain(event.failure))}" if event.failure else text


def _unknown(event: ev.JobEvent) -> str:
    what = explain(event.failure) if event.failure else "look at the server's snapshots, then retry or cancel"
    return f"unknown whether the snapshot exists: {what}"


def _duplicate(event: ev.JobEvent) -> str:
    ids = f"{event.image_id} and {event.note}" if event.image_id and event.note else "see its list"
    return f"there is more than one snapshot for this job ({ids}); delete the one that is not needed"


def _creating(event: ev.JobEvent) -> str:
    image = f" snapshot {event.image_id}" if event.image_id else ""
    action = f" (action {event.action_id})" if event.action_id else ""
    return f"creating{image}{action}"


def _slow(event: ev.JobEvent) -> str:
    so_far = f" ({formatting.duration(event.seconds)} so far)" if event.seconds else ""
    facts = [f"server {event.server_id}"]
    facts += [f"action {event.action_id}"] if event.action_id else []
    facts += [f"image {event.image_id}"] if event.image_id else []
    return f"takes far longer than usual{so_far}; if it never ends, send Hetzner's support: {', '.join(facts)}"


def _snapshot_done(event: ev.JobEvent) -> str:
    image = f"snapshot {event.image_id} done" if event.image_id else "snapshot done"
    size = f", {formatting.gigabytes(event.size)}" if event.size else ""
    return f"{image}{size}{_after(event)}"


def _server_on(event: ev.JobEvent) -> str:
    return f"powered on; was off for {formatting.duration(event.seconds)}" if event.seconds else "powered on"


def _watched(event: ev.JobEvent) -> str:
    why = f"{event.note}; " if event.note else ""
    until = f" for {formatting.duration(event.seconds)}" if event.seconds else ""
    return f"{why}may still shut down: watched{until}, and powered on if it does"


def _after(event: ev.JobEvent) -> str:
    return f" after {formatting.duration(event.seconds)}" if event.seconds else ""


_PLAIN = {
    Kind.QUEUED: "queued",
    Kind.SHUTTING_DOWN: "shutting down (requested by ACPI)",
    Kind.POWERING_OFF: "powering off: it did not shut down in time",
    Kind.REQUESTING: "requested",
    Kind.NOT_FOUND: "checked: the request had no effect, it may be sent again",
    Kind.POWERING_ON: "powering on",
    Kind.APPROVED: "approved",
    Kind.CANCELLED: "cancelled",
}

_WORDS: dict[Kind, Callable[[ev.JobEvent], str]] = {
    Kind.FOUND: _found,
    Kind.RETRYING: _retrying,
    Kind.RESUMED: _resumed,
    Kind.NEEDS_APPROVAL: _needs_approval,
    Kind.DUPLICATE: _duplicate,
    Kind.WAITING: _waiting,
    Kind.SERVER_OFF: lambda e: f"off{_after(e)}",
    Kind.OUTCOME_UNKNOWN: _outcome_unknown,
    Kind.CREATING: _creating,
    Kind.PROGRESS: lambda e: f"creating: {e.percent if e.percent is not None else 0} %",
    Kind.SLOW: _slow,
    Kind.LEFT_ALONE: lambda e: f"left as it is: {e.note}" if e.note else "left as it is",
    Kind.WATCHED: _watched,
    Kind.SNAPSHOT_DONE: _snapshot_done,
    Kind.SERVER_ON: _server_on,
    Kind.UNKNOWN: _unknown,
    Kind.DONE: lambda e: f"done{_after(e)}",
    Kind.FAILED: lambda e: because("failed", e),
    Kind.SKIPPED: lambda e: f"skipped: locked by {e.lock_holder}" if e.lock_holder else because("skipped", e),
}
