"""What every command without a screen reports at its end: a leader that stands still, jobs that can't be read.

Either can mean that a server is off because of us. The exit code is then never 0.
"""

from __future__ import annotations

from hsnap_tui.common import formatting
from hsnap_tui.headless.exit_codes import ExitCode
from hsnap_tui.jobs.core.groups import servers_off
from hsnap_tui.jobs.store.leader import STILL_AFTER
from hsnap_tui.messages import event_lines
from hsnap_tui.session.session import Session

GIVE_UP_AFTER = 2 * STILL_AFTER
"""Seconds after which a command no longer waits for a leader that stands still."""


def stalled_leader_text(session: Session) -> str | None:
    """That the leader stands still, what that means for servers, and what to do; None while it works."""
    leader = session.jobs.leader
    if leader is None or leader.still_since is None or leader.still_for < GIVE_UP_AFTER:
        return None
    off = list(dict.fromkeys(job.server_name for job in servers_off(session.jobs.by_id.values())))
    meaning = (
        f"Off because of hsnap-tui, or may be: {formatting.listed(off, 20)}."
        if off
        else "No server is off because of hsnap-tui."
    )
    return f"{event_lines.stalled(leader.pid, leader.still_since)} {meaning} All jobs are kept."


def unreadable_jobs_text(session: Session) -> str | None:
    """Which servers may be off because of jobs that can't be read; None when there are none."""
    servers = list(dict.fromkeys(job.server for job in session.jobs.unreadable.values() if job.may_be_off))
    if not servers:
        return None
    return (
        f"Jobs in the journal can't be read; because of them may be off: {formatting.listed(servers, 20)}. "
        "Look at these servers, and power them on if they are off."
    )


def with_servers_off(session: Session, code: ExitCode) -> ExitCode:
    """The exit code, with `UNFINISHED` in place of `DONE` while a server is, or may be, off because of us."""
    left_off = session.jobs.pending_work().off or unreadable_jobs_text(session)
    return ExitCode.UNFINISHED if code is ExitCode.DONE and left_off else code
