"""What happens to jobs of every kind in words, and how many there are; `KIND_messages.py` has the words of a kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime

from hsnap_tui.common import formatting
from hsnap_tui.events import JobEvent
from hsnap_tui.events import JobEventKind as Kind
from hsnap_tui.jobs.core.model import HoldReason, Job, JobState
from hsnap_tui.messages import deletion_messages, snapshot_messages, terms
from hsnap_tui.messages.failures import because, capital, explain
from hsnap_tui.messages.kind_messages import KindMessages, after, with_note

_OF_KIND = {snapshot_messages.KIND: snapshot_messages.MESSAGES, deletion_messages.KIND: deletion_messages.MESSAGES}

_UNKNOWN_KIND = KindMessages(noun="job", subject="Job", at_quit="", under_way_at_quit=("under way", "under way"))
"""For an event of a kind of job that a newer version has: it is told, but no job of it can be read."""


def job_in_words(event: JobEvent) -> str:
    """A milestone of a job, without the name of what it is about."""
    words = _words_of(event.job_kind).milestones.get(event.kind) or _MILESTONES.get(event.kind)
    return words(event) if words else with_note(event.kind.value.replace("_", " "), event)


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
    return " or ".join(sorted(subjects, reverse=True)).capitalize() or snapshot_messages.MESSAGES.subject


def at_quit_in_words(jobs: Iterable[Job]) -> str:
    """What becomes of these jobs when the program ends, in a sentence."""
    told = {_words_of(job.kind).at_quit for job in jobs} or {snapshot_messages.MESSAGES.at_quit}
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
    return _OF_KIND.get(kind, _UNKNOWN_KIND)


_HOLDS = {
    HoldReason.OLD: "left by a run more than an hour ago",
    HoldReason.NO_ACCESS: "the token was refused, or may only read",
    HoldReason.TRIED_OFTEN: "the request failed several times in a row",
} | {reason: text for messages in _OF_KIND.values() for reason, text in messages.holds.items()}


def _retrying(event: JobEvent) -> str:
    return because(f"retrying ({event.note})" if event.note else "retrying", event)


def _needs_approval(event: JobEvent) -> str:
    known = {reason.value: reason for reason in HoldReason}
    if event.note in known:
        text = approval_in_words(known[event.note])
    else:
        text = f"{terms.NEEDS_APPROVAL}: {event.note}" if event.note else terms.NEEDS_APPROVAL
    return f"{text}. {capital(explain(event.failure))}" if event.failure else text


_MILESTONES: dict[Kind, Callable[[JobEvent], str]] = {
    Kind.QUEUED: lambda e: with_note("queued", e),
    Kind.RETRYING: _retrying,
    Kind.NEEDS_APPROVAL: _needs_approval,
    Kind.APPROVED: lambda e: with_note("approved", e),
    Kind.DONE: lambda e: with_note(f"done{after(e)}", e),
    Kind.FAILED: lambda e: with_note(because("failed", e), e),
    Kind.SKIPPED: lambda e: with_note(
        f"skipped: locked by {e.lock_holder}" if e.lock_holder else because("skipped", e), e
    ),
    Kind.CANCELLED: lambda e: with_note("cancelled", e),
}
"""The words of what happens to jobs of every kind, for kinds that have none of their own."""
