"""The texts of the status line and of the problem lines (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.cells import cell_len

from hsnap_tui.cloud.api import Priority, RateLimitStatus
from hsnap_tui.common import formatting
from hsnap_tui.events import Role
from hsnap_tui.jobs.core import groups
from hsnap_tui.jobs.core.model import Job, SnapshotJob
from hsnap_tui.messages.event_lines import Severity, in_charge, paused, stalled
from hsnap_tui.messages.failures import unreachable
from hsnap_tui.messages.job_messages import by_state, counted, hold_in_words
from hsnap_tui.session.interface import ConnectionStatus, SessionInterface


@dataclass(frozen=True, slots=True)
class StatusPart:
    """One part of the status line: its full and its short text. Parts with a low `rank` are left out last."""

    full: str
    brief: str
    rank: int
    severity: Severity = Severity.INFO


SEPARATOR = " │ "

_WAITS_URGENTLY = {
    Priority.POWER_ON: "powering a server on",
    Priority.WHILE_OFF: "the snapshot of a server that is off",
    Priority.KEYPRESS: "your request",
}

_NEARLY_FULL = 5
"""With at most so many requests missing the rate limit is shown as full: an idle console takes and regains a few all
the time, and each change would redraw the line."""


def status_parts(session: SessionInterface, *, selected: int, hidden: int, matching: int | None) -> list[StatusPart]:
    """The parts of the status line. `matching` is how many servers match the filter, None without a filter."""
    now, fleet = session.clock.now(), session.fleet
    servers = formatting.count(len(fleet.views), "server")
    if matching is not None:
        servers = f"{matching:,} of {servers}"
    parts = [
        StatusPart(session.title, session.title, 0, Severity.GOOD),
        _live(session.connection, fleet.updated, now),
    ]
    parts += _full_list(session.connection, fleet.listed_at, now)
    parts.append(StatusPart(servers, servers, 2))
    if selected:
        unseen = f" ({hidden} hidden)" if hidden else ""
        parts.append(StatusPart(f"{selected:,} selected{unseen}", f"{selected:,} selected{unseen}", 1))
    parts.append(StatusPart(f"{fleet.locked:,} locked", f"{fleet.locked:,} locked", 3))
    parts += _jobs(list(session.jobs.by_id.values()))
    parts.append(_budget(session.budget()))
    if session.read_only:
        parts.append(StatusPart("read-only", "read-only", 2, Severity.WARNING))
    return parts


def fit(parts: Sequence[StatusPart], width: int) -> list[tuple[str, Severity]]:
    """The texts that fit into `width` terminal cells: shortens, then leaves out parts, the highest rank first."""
    kept = list(parts)
    texts = {id(part): part.full for part in kept}

    def used() -> int:
        return sum(cell_len(texts[id(part)]) for part in kept) + len(SEPARATOR) * max(0, len(kept) - 1)

    for part in sorted(kept, key=lambda part: -part.rank):
        if used() > width:
            texts[id(part)] = part.brief
    for part in sorted(kept, key=lambda part: -part.rank):
        if used() > width and len(kept) > 1:
            kept.remove(part)
    for part in sorted(kept, key=lambda part: part.rank):
        if used() + cell_len(part.full) - cell_len(texts[id(part)]) <= width:
            texts[id(part)] = part.full
    return [(texts[id(part)], part.severity) for part in kept if texts[id(part)]]


def problems(session: SessionInterface, *, is_follower: bool, leader_pid: int | None) -> list[tuple[str, Severity]]:
    """What needs the user's attention, most urgent first, each in a sentence or two; usually empty.

    `is_follower` is set once it is known that another process is the leader; `leader_pid` is its PID if known.
    """
    found: list[tuple[str, Severity]] = []
    now = session.clock.now()
    if session.jobs.halted:
        found.append((paused(session.jobs.halted), Severity.BAD))
    connection = session.connection
    if connection.stale_since and connection.failure and connection.failure != session.jobs.halted:
        texts = [unreachable(connection.failure)]
        if connection.next_try is not None and connection.next_try > now:
            texts.append(f"Next try in {_seconds(connection.next_try - now)}.")
        if session.fleet.updated:
            texts.append(f"What you see is {formatting.roughly(now - connection.stale_since)} old.")
        found.append((" ".join(texts), Severity.BAD))
    countdown = _countdown(session.budget(), now)
    if countdown:
        found.append((countdown, Severity.WARNING))
    leader = session.jobs.leader
    if leader is not None and leader.still_since is not None:
        off = [job.server_name for job in session.jobs.by_id.values() if job.may_be_off]
        names = f" Off, or about to be, because of it: {formatting.listed(off, 3)}." if off else ""
        found.append((stalled(leader.pid, leader.still_since) + names, Severity.BAD))
    elif is_follower and session.jobs.role is Role.FOLLOWER:
        found.append((in_charge(leader_pid), Severity.INFO))
    jobs = groups.grouped(session.jobs.by_id.values())
    if jobs.held:
        found.append((held_in_words(jobs.held), Severity.WARNING))
    unknown = [job.server_name for job in jobs.unknown]
    if unknown:
        told = f"Unknown whether there is a snapshot of {formatting.listed(unknown, 3)}"
        found.append((f"{told}: look at its details, then R retries or c cancels.", Severity.WARNING))
    watched = groups.may_still_shut_down(session.jobs.by_id.values())
    if watched:
        found.append((watched_in_words(watched), Severity.WARNING))
    return found


def watched_in_words(watched: Sequence[Job]) -> str:
    """Which servers may still shut down although their job has failed, until when, and what can be done."""
    names = formatting.listed([job.server_name for job in watched], 3)
    until = max(
        (job.expected_until for job in watched if isinstance(job, SnapshotJob) and job.expected_until), default=None
    )
    how_long = f" until {formatting.clock_time(until)[:5]}" if until else ""
    them = "it does, it is" if len(watched) == 1 else "one does, it is"
    return f"{names} may still shut down: watched{how_long}, and if {them} powered on. c ends the watch."


def held_in_words(held: Sequence[Job]) -> str:
    """How many jobs need approval, why, and which keys approve or cancel them."""
    reasons = "; ".join(dict.fromkeys(hold_in_words(job.hold) for job in held if job.hold))
    why = f" ({reasons})" if reasons else ""
    verb = "needs" if len(held) == 1 else "need"
    return f"{counted(held)} {verb} approval{why}. y approves, c cancels."


def _live(connection: ConnectionStatus, updated: datetime | None, now: datetime) -> StatusPart:
    if connection.stale_since:
        old = formatting.short(now - connection.stale_since)
        since = formatting.clock_time(connection.stale_since)[:5]
        return StatusPart(f"▲ stale since {since} ({old})", f"▲ stale {old}", 0, Severity.BAD)
    if updated is None:
        return StatusPart("… connecting", "… connecting", 0, Severity.WARNING)
    every = _seconds(timedelta(seconds=max(1.0, connection.interval)))
    why = f" ({connection.slowed_by})" if connection.slowed_by else ""
    severity = Severity.WARNING if connection.slowed_by else Severity.GOOD
    return StatusPart(f"● live · every {every}{why}", "● live", 1, severity)


def _full_list(connection: ConnectionStatus, listed: datetime | None, now: datetime) -> list[StatusPart]:
    """The age of the last list of all servers, where not every poll reads one. In whole minutes, since each change
    redraws the line."""
    if listed is None or connection.stale_since:
        return []
    if connection.full_list is None or connection.full_list <= connection.interval:
        return []
    age = now - listed
    old = "under 1m" if age < timedelta(minutes=1) else formatting.short(age)
    return [StatusPart(f"full list {old} old", f"list {old}", 4)]


def _seconds(delta: timedelta) -> str:
    """A short time between two things: `2 s`, `5m`."""
    return f"{round(delta.total_seconds())} s" if delta < timedelta(minutes=1) else formatting.short(delta)


def _jobs(jobs: Sequence[Job]) -> list[StatusPart]:
    under_way = [job for job in jobs if not job.state.ended]
    if not under_way:
        return [StatusPart("no jobs", "no jobs", 5, Severity.QUIET)]
    stuck = [job for job in under_way if job.state.needs_person]
    brief = formatting.count(len(under_way), "job") + (f", {by_state(stuck)}" if stuck else "")
    return [StatusPart(f"jobs: {by_state(under_way)}", brief, 1, Severity.WARNING if stuck else Severity.GOOD)]


def _budget(budget: RateLimitStatus) -> StatusPart:
    if not budget.known:
        return StatusPart("rate limit not known yet", "", 6, Severity.QUIET)
    left = max(0, int(budget.remaining))
    if left > budget.limit - _NEARLY_FULL:
        left = budget.limit
    low = left <= budget.reserve
    text = f"{left:,} of {budget.limit:,} requests left"
    return StatusPart(text, f"{left:,} left", 4, Severity.WARNING if low else Severity.INFO)


def _countdown(budget: RateLimitStatus, now: datetime) -> str | None:
    what = _WAITS_URGENTLY.get(budget.waiting) if budget.waiting is not None else None
    if what is None:
        return None
    when = f"is sent in {_seconds(budget.until - now)}" if budget.until and budget.until > now else "is sent next"
    if budget.remaining >= 1:
        return f"Hetzner's rate limit delays requests: {what} {when}."
    shared = f"all programs of this project share {budget.limit:,} an hour"
    return f"The rate limit is used up ({shared}): {what} {when}."
