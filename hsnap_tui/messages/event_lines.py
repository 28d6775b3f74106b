"""The text of every event, for the log pane and for commands without a screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hsnap_tui import events as ev
from hsnap_tui.cloud.model import Server
from hsnap_tui.common import formatting
from hsnap_tui.events import JobEventKind as Kind
from hsnap_tui.messages import terms
from hsnap_tui.messages.failures import explain, unreachable
from hsnap_tui.messages.job_messages import count_in_words, job_in_words


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


class RoleNews:
    """Whether a change of role is worth a line: becoming the leader is, after having been a follower."""

    def __init__(self) -> None:
        self._followed = False

    def is_news(self, event: ev.Event) -> bool:
        """To be asked of each event, in their order."""
        if not isinstance(event, ev.RoleChanged):
            return True
        followed, self._followed = self._followed, event.role is ev.Role.FOLLOWER
        return event.role is not ev.Role.LEADER or followed


_ServerText = tuple[str, str, Severity]


def _fleet(event: ev.Event) -> _ServerText | None:
    match event:
        case ev.LockTaken(server=server, lock_holder=lock_holder, ours=ours):
            by = f", {terms.whose(ours)}" if lock_holder else " (Hetzner lists no running action)"
            return server.name, f"{terms.lock_in_words(lock_holder)}{by}", Severity.QUIET if ours else Severity.INFO
        case ev.LockCleared(server=server, lock_holder=lock_holder, ours=ours, seconds=seconds):
            what = f"{lock_holder.command} {terms.whose(ours)}" if lock_holder else terms.CAUSE_UNKNOWN
            return server.name, f"unlocked after {formatting.duration(seconds)}: {what}", Severity.GOOD
        case ev.ServerAppeared(server=server):
            return server.name, f"new: {server.type} in {server.location}, {server.status}", Severity.INFO
        case ev.ServerGone(server=server):
            return server.name, f"gone: Hetzner no longer knows server {server.id}", Severity.WARNING
        case ev.ServerChanged(before=before, server=server):
            changes = _changes(before, server)
            return (server.name, ", ".join(changes), Severity.INFO) if changes else None
        case ev.WatchEnded(server=server, gone=True):
            return server.name, "gone: no longer watched", Severity.WARNING
        case ev.WatchEnded(server=server):
            return server.name, "unlocked: no longer watched", Severity.GOOD
    return None


def _program(event: ev.Event) -> _ServerText | None:
    match event:
        case ev.ConnectionLost(error=error):
            return "", f"{unreachable(ev.Failure.of(error))} What is shown is the last data.", Severity.BAD
        case ev.ConnectionRestored(seconds=seconds):
            return "", f"Hetzner answers again after {formatting.duration(seconds)}.", Severity.GOOD
        case ev.BatchQueued(batch=batch, jobs=jobs, job_kind=kind):
            return "", f"batch {batch}: {count_in_words(jobs, (kind,))} queued; safe to quit", Severity.INFO
        case ev.BatchEnded():
            return "", _batch_ended(event), Severity.WARNING if event.failed else Severity.GOOD
        case ev.RoleChanged(role=ev.Role.LEADER):
            return "", "This hsnap-tui is in charge now", Severity.INFO
        case ev.RoleChanged(role=ev.Role.FOLLOWER, leader_pid=pid):
            return "", in_charge(pid), Severity.WARNING
        case ev.LeaderStalled(pid=pid, since=since):
            return "", stalled(pid, since), Severity.BAD
        case ev.LeaderResponds(pid=pid):
            return "", f"{_process(pid)} responds again", Severity.GOOD
        case ev.SendingHalted(failure=failure):
            return "", paused(failure), Severity.BAD
        case ev.SendingResumed():
            return "", "no longer paused", Severity.GOOD
        case ev.Notice(text=text, warning=warning):
            return "", text, Severity.WARNING if warning else Severity.INFO
    return None


def in_charge(pid: int | None) -> str:
    """That another process sends for the project, and what this one does."""
    return f"{_process(pid)} is in charge; this one shows and queues"


def stalled(pid: int | None, since: datetime) -> str:
    """That the process in charge does not respond, what it means, and what to do."""
    told = f"{_process(pid)} is in charge and has not responded since {formatting.clock_time(since)}"
    what = f"Continue it (kill -CONT {pid}), or end it (kill -KILL {pid}) and" if pid else "End it and"
    return f"{told}: nothing is sent until it does. {what} run hsnap-tui resume."


def paused(failure: ev.Failure) -> str:
    """That nothing is sent, and why."""
    return f"Paused: {explain(failure)}"


def _process(pid: int | None) -> str:
    return f"Another hsnap-tui (PID {pid})" if pid else "Another hsnap-tui"


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
    return f"batch {event.batch} ended after {formatting.duration(event.seconds)}: {outcome}"


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


def powering_on_first(names: list[str]) -> str:
    """What happens before the program ends, while these servers are off because of it."""
    return f"Powering on first: {formatting.listed(names)}. Ctrl-C ends at once."


def off_in_words(names: list[str]) -> str:
    """Which servers are off because of the program, or may still be."""
    return f"Off because of hsnap-tui, or may still shut down: {formatting.listed(names, 20)}."
