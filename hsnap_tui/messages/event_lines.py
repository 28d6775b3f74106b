"""The text of every event, for the log pane and for commands without a screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hsnap_tui import events as ev
from hsnap_tui.cloud.model import Server
from hsnap_tui.common import formatting
from hsnap_tui.events import JobEventKind as Kind
from hsnap_tui.messages.job_messages import capital, count_in_words, explain, job_in_words

__all__ = ["Line", "Severity", "explain", "line_for"]


class Severity(StrEnum):
    """How important a line is."""

    QUIET = "quiet"
    INFO = "info"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log; `server` is the name it is about, or empty.

    `percent` is set on lines that only tell progress: there may be many of them.
    """

    at: datetime
    server: str
    text: str
    severity: Severity = Severity.INFO
    percent: int | None = None

    def plain(self) -> str:
        """The line for a file or a pipe: time, server, words."""
        about = f"{self.server}: " if self.server else ""
        return f"{formatting.clock_time(self.at)}  {about}{self.text}"


def line_for(event: ev.Event) -> Line | None:
    """The line for an event; None for events that are only of use to programs."""
    if isinstance(event, ev.JobEvent):
        percent = event.percent if event.kind is Kind.PROGRESS else None
        severity = _SEVERITY.get(event.kind, Severity.INFO)
        return Line(event.at, event.server_name, job_in_words(event), severity, percent)
    server_text_severity = _fleet(event) or _program(event)
    if server_text_severity is None:
        return None
    server, text, severity = server_text_severity
    return Line(event.at, server, text, severity)


_ServerText = tuple[str, str, Severity]


def _fleet(event: ev.Event) -> _ServerText | None:
    match event:
        case ev.LockTaken(server=server, lock_holder=lock_holder, ours=ours):
            percent = f" ({lock_holder.progress} %)" if lock_holder and lock_holder.progress else ""
            by = (
                f"locked by {lock_holder.command}{percent}, {_whose(ours)}"
                if lock_holder
                else f"locked, {_NOT_LISTED}"
            )
            return server.name, by, Severity.QUIET if ours else Severity.INFO
        case ev.LockCleared(server=server, lock_holder=lock_holder, ours=ours, seconds=seconds):
            after = formatting.exactly(seconds) if seconds < 60 else formatting.roughly(timedelta(seconds=seconds))
            what = f"{lock_holder.command}, {_whose(ours)}" if lock_holder else "the holder was never listed"
            return server.name, f"unlocked after {after}: {what}", Severity.GOOD
        case ev.ServerAppeared(server=server):
            return server.name, f"is new: {server.type} in {server.location}, {server.status}", Severity.INFO
        case ev.ServerGone(server=server):
            return server.name, f"is gone: Hetzner no longer knows server {server.id}", Severity.WARNING
        case ev.ServerChanged(before=before, server=server):
            changes = _changes(before, server)
            return (server.name, ", ".join(changes), Severity.INFO) if changes else None
        case ev.WatchEnded(server=server, gone=True):
            return server.name, "is gone: the watch for its lock ends", Severity.WARNING
        case ev.WatchEnded(server=server):
            return server.name, "has no lock any more: the watch ends", Severity.GOOD
    return None


def _program(event: ev.Event) -> _ServerText | None:
    match event:
        case ev.ConnectionLost(error=error):
            return "", f"{capital(explain(ev.Failure.of(error)))} What is shown is the last data.", Severity.BAD
        case ev.ConnectionRestored(seconds=seconds):
            return "", f"Hetzner answers again after {formatting.exactly(seconds)}.", Severity.GOOD
        case ev.BatchQueued(batch=batch, jobs=jobs, job_kind=kind):
            many = count_in_words(jobs, (kind,))
            return "", f"batch {batch}: {many} in the journal; they survive this program from here on", Severity.INFO
        case ev.BatchEnded():
            return "", _batch_ended(event), Severity.WARNING if event.failed else Severity.GOOD
        case ev.RoleChanged(role=ev.Role.LEADER):
            return "", "this hsnap-tui sends for the project", Severity.INFO
        case ev.RoleChanged(role=ev.Role.FOLLOWER, leader_pid=pid):
            other = f"another hsnap-tui ({f'process {pid}' if pid else 'on this machine'})"
            return (
                "",
                f"{other} sends for this project; this one hands its jobs over and follows them",
                Severity.WARNING,
            )
        case ev.LeaderStalled(pid=pid, since=since):
            return "", stalled(pid, since), Severity.BAD
        case ev.LeaderResponds(pid=pid):
            return "", f"{_process(pid)} works again", Severity.GOOD
        case ev.SendingHalted(failure=failure):
            return "", f"Nothing is sent any more; all jobs are kept: {explain(failure)}", Severity.BAD
        case ev.SendingResumed():
            return "", "sending goes on", Severity.GOOD
        case ev.Notice(text=text, warning=warning):
            return "", text, Severity.WARNING if warning else Severity.INFO
    return None


def stalled(pid: int | None, since: datetime) -> str:
    """That the leader stands still, what that means, and what to do."""
    told = f"{_process(pid)} is in charge of this project and has not moved since {formatting.clock_time(since)}"
    what = f"Let it go on (kill -CONT {pid}), or end it (kill -KILL {pid}) and" if pid else "End it and"
    return f"{told}: nothing is sent until it does. {what} run hsnap-tui resume."


def _process(pid: int | None) -> str:
    return f"Another hsnap-tui (PID {pid})" if pid else "Another hsnap-tui"


_NOT_LISTED = "holder not listed (Hetzner shows no action that holds it)"


def _whose(ours: bool) -> str:
    return "ours" if ours else "not ours"


def _changes(before: Server, after: Server) -> list[str]:
    told = []
    if before.name != after.name:
        told.append(f"is the new name of {before.name}")
    if before.status is not after.status:
        told.append(f"{before.status} → {after.status}")
    if before.type != after.type:
        told.append(f"type {before.type} → {after.type}")
    if before.location != after.location:
        told.append(f"location {before.location} → {after.location}")
    if (before.ipv4, before.ipv6) != (after.ipv4, after.ipv6):
        told.append(f"address {before.address or 'none'} → {after.address or 'none'}")
    if before.labels != after.labels:
        told.append("labels changed")
    if before.volumes != after.volumes:
        told.append(f"volumes attached: {len(after.volumes)}")
    if (before.delete_protected, before.rebuild_protected) != (after.delete_protected, after.rebuild_protected):
        told.append("protection changed")
    if before.backups != after.backups:
        told.append("backups on" if after.backups else "backups off")
    return told


def _batch_ended(event: ev.BatchEnded) -> str:
    counts = [
        (event.done, "done"),
        (event.failed, "failed"),
        (event.skipped, "skipped"),
        (event.cancelled, "cancelled"),
    ]
    outcome = ", ".join(f"{number:,} {word}" for number, word in counts if number) or "nothing to do"
    return f"batch {event.batch} ended after {formatting.exactly(event.seconds)}: {outcome}"


_SEVERITY = {
    Kind.PROGRESS: Severity.QUIET,
    Kind.QUEUED: Severity.QUIET,
    Kind.OUTCOME_UNKNOWN: Severity.WARNING,
    Kind.POWERING_OFF: Severity.WARNING,
    Kind.SLOW: Severity.WARNING,
    Kind.RETRYING: Severity.WARNING,
    Kind.NEEDS_APPROVAL: Severity.WARNING,
    Kind.LEFT_ALONE: Severity.WARNING,
    Kind.WATCHED: Severity.WARNING,
    Kind.UNKNOWN: Severity.BAD,
    Kind.DUPLICATE: Severity.BAD,
    Kind.FAILED: Severity.BAD,
    Kind.SNAPSHOT_DONE: Severity.GOOD,
    Kind.SERVER_ON: Severity.GOOD,
    Kind.DONE: Severity.GOOD,
    Kind.SKIPPED: Severity.WARNING,
}


def not_suspended(names: list[str]) -> str:
    """Why the program can't be suspended while these servers are off because of it."""
    servers = formatting.listed(names)
    return f"Not suspended: {servers} must be powered on again first, and a suspended program can't do that."
