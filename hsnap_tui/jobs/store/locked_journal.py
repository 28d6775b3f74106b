"""Who keeps the journal locked for longer than a write takes, as far as the project's folder tells."""

from __future__ import annotations

import os
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

from hsnap_tui.common import formatting
from hsnap_tui.jobs.store.errors import JournalError
from hsnap_tui.jobs.store.leader import BEAT_EVERY, STILL_AFTER, Leader

SILENT_AFTER = STILL_AFTER - 2 * BEAT_EVERY
"""Seconds without a beat after which the leader is taken for the one that keeps the lock: less than SQLite waits for
it, so that a leader that stopped within a write has been silent for that long."""


def is_locked(error: sqlite3.OperationalError) -> bool:
    """Whether another process kept the journal locked for as long as SQLite waits (sqlite.org/rescode.html)."""
    return (error.sqlite_errorcode or 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def locked(journal: Path, now: float | None = None) -> JournalError:
    """The error that says so, with the PID of the leader and since when it stands still, if it is the leader.

    `now` is the wall time in seconds, which is what the beat's file is dated with.
    """
    leader = Leader(journal.parent)
    pid, since = leader.leader_pid(), leader.beat_at()
    silent = since is not None and (time.time() if now is None else now) - since >= SILENT_AFTER
    if pid is None or pid == os.getpid() or since is None or not silent or leader.is_free():
        return JournalError(
            f"another process keeps the journal {journal} locked",
            "It may be an hsnap-tui that stopped while writing. Continue it, or end it, and run hsnap-tui "
            "resume: all jobs are kept, and nothing is sent meanwhile.",
        )
    at = formatting.clock_time(datetime.fromtimestamp(since, UTC))
    return JournalError(
        f"another hsnap-tui (PID {pid}) is in charge, has not responded since {at} and keeps the journal "
        f"{journal} locked",
        f"Continue it (kill -CONT {pid}), or end it (kill -KILL {pid}) and run hsnap-tui resume: all jobs are kept, "
        "and nothing is sent meanwhile. Servers may be off because of it.",
    )
