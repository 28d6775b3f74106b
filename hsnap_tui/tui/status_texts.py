"""What the status line and the problem lines say (pure)."""

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
from hsnap_tui.messages.event_lines import Severity, stalled
from hsnap_tui.messages.job_messages import capital, explain, hold_in_words
from hsnap_tui.session.interface import ConnectionStatus, SessionInterface


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the status line: in full, in short, and how important it is (0 stays longest)."""

    full: str
    brief: str
    rank: int
    severity: Severity = Severity.INFO


SEPARATOR = " │ "

_WAITS_URGENTLY = {
    Priority.POWER_ON: "powering a server on",
    Priority.WHILE_OFF: "the snapshot of a server that is off",
    Priority.KEYPRESS: "your key",
}

_AS_GOOD_AS_FULL = 5
"""Requests that an idle console takes and gets back all the time: no news, and nothing to draw again."""


def status_parts(console: SessionInterface, *, selected: int, hidden: int, matching: int | None) -> list[Part]:
    """The parts of the status line. `matching` is how many servers the filter shows, none without a filter."""
    now, fleet = console.clock.now(), console.fleet
    servers = formatting.count(len(fleet.views), "server")
    if matching is not None:
        servers = f"{matching:,} of {servers}"
    parts = [Part(console.title, console.title, 0, Severity.GOOD), _live(console.connection, fleet.updated, now)]
    parts.append(Part(servers, servers.replace(" servers", " srv").replace(" server", " srv"), 2))
    if selected:
        unseen = f" ({hidden} hidden)" if hidden else ""
        parts.append(Part(f"{selected:,} selected{unseen}", f"{selected:,} sel{unseen}", 1))
    parts.append(Part(f"{fleet.locked:,} locked", f"{fleet.locked:,} locked", 3))
    parts += _jobs(list(console.jobs.values()))
    parts.append(_budget(console.budget()))
    if console.read_only:
        parts.append(Part("read-only", "read-only", 2, Severity.WARNING))
    return parts


def fit(parts: Sequence[Part], width: int) -> list[tuple[str, Severity]]:
    """The parts in as many words as the width allows: shortens, then leaves out, the least important first."""
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


def problems(console: SessionInterface, *, follows: bool, leader_pid: int | None) -> list[tuple[str, Severity]]:
    """What a person should know before anything else, each in a sentence or two; mostly nothing.

    `follows`: it is known by now that another process sends, `holder_pid` if that is known too.
    """
    found: list[tuple[str, Severity]] = []
    now = console.clock.now()
    if console.halted:
        found.append((f"Nothing is sent, all jobs are kept: {explain(console.halted)}", Severity.BAD))
    link = console.connection
    if link.stale_since and link.failure and link.failure != console.halted:
        old = f"What you see is {formatting.roughly(now - link.stale_since)} old." if console.fleet.updated else ""
        found.append((f"{capital(explain(link.failure))} {old}".strip(), Severity.BAD))
    countdown = _countdown(console.budget(), now)
    if countdown:
        found.append((countdown, Severity.WARNING))
    leader = console.leader
    if leader is not None and leader.still_since is not None:
        off = [job.server_name for job in console.jobs.values() if job.owes]
        names = f" Off, or about to be, because of it: {formatting.listed(off, 3)}." if off else ""
        found.append((stalled(leader.pid, leader.still_since) + names, Severity.BAD))
    elif follows and console.role is Role.FOLLOWER:
        other = f"Another hsnap-tui (process {leader_pid})" if leader_pid else "Another hsnap-tui"
        found.append(
            (f"{other} on this machine sends for this project; what you start here, it carries out.", Severity.INFO)
        )
    jobs = groups.grouped(console.jobs.values())
    if jobs.held:
        found.append((held_in_words(jobs.held), Severity.WARNING))
    unknown = [job.server_name for job in jobs.unknown]
    if unknown:
        told = f"It could not be found out whether there is a snapshot of {formatting.listed(unknown, 3)}"
        found.append((f"{told}: look at its details, then R tries again or c cancels.", Severity.WARNING))
    watched = groups.may_still_shut_down(console.jobs.values())
    if watched:
        found.append((watched_in_words(watched), Severity.WARNING))
    return found


def watched_in_words(watched: Sequence[Job]) -> str:
    """That servers may still shut down after their job has failed, until when, and what can be done."""
    names = formatting.listed([job.server_name for job in watched], 3)
    until = max((job.debt_until for job in watched if isinstance(job, SnapshotJob) and job.debt_until), default=None)
    how_long = f" until {formatting.clock_time(until)[:5]}" if until else ""
    them = "it does, it is" if len(watched) == 1 else "one does, it is"
    return f"{names} may still shut down: watched{how_long}, and if {them} powered on. c ends the watch."


def held_in_words(held: Sequence[Job]) -> str:
    """How many jobs wait for a yes, why, and which keys decide."""
    reasons = list(dict.fromkeys(hold_in_words(job.hold) for job in held))
    verb = "needs" if len(held) == 1 else "need"
    return f"{formatting.count(len(held), 'snapshot')} {verb} approval ({'; '.join(reasons)}). y approves, c cancels."


def _live(link: ConnectionStatus, updated: datetime | None, now: datetime) -> Part:
    if link.stale_since:
        old = formatting.short(now - link.stale_since)
        since = formatting.clock_time(link.stale_since)[:5]
        return Part(f"▲ stale since {since} ({old})", f"▲ stale {old}", 0, Severity.BAD)
    if updated is None:
        return Part("… connecting", "… connecting", 0, Severity.WARNING)
    every = formatting.short(timedelta(seconds=max(1.0, link.interval)))
    why = f" ({link.slowed_by})" if link.slowed_by else ""
    severity = Severity.WARNING if link.slowed_by else Severity.GOOD
    return Part(f"● live, looks every {every}{why}", f"● {every}", 1, severity)


def _jobs(jobs: Sequence[Job]) -> list[Part]:
    found = groups.grouped(jobs)
    running, waiting, held, unknown = map(len, (found.running, found.waiting, found.held, found.unknown))
    told = [f"{running:,} running"] if running else []
    told += [f"{waiting:,} waiting"] if waiting else []
    told += [f"{held:,} held"] if held else []
    told += [f"{unknown:,} unknown"] if unknown else []
    if not told:
        return [Part("no jobs", "no jobs", 5, Severity.QUIET)]
    brief = " ".join(told).replace("running", "run").replace("waiting", "wait")
    return [Part(f"jobs: {', '.join(told)}", brief, 1, Severity.WARNING if held or unknown else Severity.GOOD)]


def _budget(budget: RateLimitStatus) -> Part:
    if not budget.known:
        return Part("rate limit not known yet", "", 6, Severity.QUIET)
    left = max(0, int(budget.remaining))
    if left > budget.limit - _AS_GOOD_AS_FULL:
        left = budget.limit
    low = left <= budget.reserve
    text = f"{left:,} of {budget.limit:,} requests left"
    return Part(text, f"{left:,} left", 4, Severity.WARNING if low else Severity.INFO)


def _countdown(budget: RateLimitStatus, now: datetime) -> str | None:
    what = _WAITS_URGENTLY.get(budget.waiting) if budget.waiting is not None else None
    if what is None:
        return None
    when = f"goes in {formatting.short(budget.until - now)}" if budget.until and budget.until > now else "goes next"
    if budget.remaining >= 1:
        return f"Hetzner's rate limit holds requests back: {what} {when}."
    shared = f"all programs of this project share {budget.limit:,} an hour"
    return f"The rate limit is used up ({shared}): {what} {when}."
