"""Leadership: one process of a project, the leader, sends requests. A file lock says which; it ends with the process.

It holds on one machine only: processes on different machines see neither each other's locks nor journals. The leader
also writes a heartbeat every second, so that followers can tell when it stands still: stopped by a signal, or with a
blocked event loop. It keeps the lock nevertheless, since it may go on at any time.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from hsnap_tui.jobs.store.errors import JournalError
from hsnap_tui.jobs.store.file_modes import CANNOT_LOCK, make_file

BEAT_EVERY = 1.0
"""Seconds between two heartbeats of the leader."""
STILL_AFTER = 10.0
"""Seconds without a heartbeat after which the leader counts as standing still."""
LONGEST_STEP = 1.0
"""The most that counts of the seconds between two checks: an observer that slept itself can't tell."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One heartbeat of a process; its count differs from the one before."""

    pid: int
    count: int


class Leader:
    """The leadership of the project that belongs to a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "lock"
        self._lock = FileLock(self._path, thread_local=False)
        self._pid_file = folder / "leader"
        self._beat = folder / "heartbeat"
        self._count = secrets.randbits(48)

    def try_to_lead(self) -> bool:
        """Becomes the leader if there is none; returns whether it did. Raises `JournalError` where files can't be
        locked."""
        return self._acquire(self._sign)

    def is_free(self) -> bool:
        """Whether there is no leader now. Raises `JournalError` where files can't be locked."""
        free = self._acquire(lambda: None)
        if free:
            self._lock.release()
        return free

    def _acquire(self, then: Callable[[], None]) -> bool:
        try:
            make_file(self._path)
            self._lock.acquire(timeout=0)
            try:
                then()
            except BaseException:
                self._lock.release()
                raise
        except Timeout:
            return False
        except CANNOT_LOCK as error:
            raise JournalError(
                f"the folder {self._folder} is on a file system that can't be locked or written: {error}",
                "Two programs could send the same snapshot twice, so nothing is sent. "
                "Set HSNAP_STATE_DIR to a folder on a local disk.",
            ) from error
        return True

    def _sign(self) -> None:
        make_file(self._pid_file)
        self._pid_file.write_text(str(os.getpid()), encoding="ascii")
        self.beat()

    def beat(self) -> None:
        """Writes a heartbeat: in place and always of the same length, so that it needs no space on a full disk.

        Raises `OSError`.
        """
        self._count += 1
        make_file(self._beat)
        with self._beat.open("r+b", buffering=0) as file:
            file.write(f"{os.getpid():>10} {self._count:>20}\n".encode("ascii"))

    def last_beat(self) -> Beat | None:
        """The newest heartbeat of the present or the last leader; None if it can't be read."""
        with contextlib.suppress(OSError, ValueError):
            pid, count = self._beat.read_text(encoding="ascii").split()
            return Beat(int(pid), int(count))
        return None

    def beat_at(self) -> float | None:
        """When the newest beat was written, in seconds of the wall time; none if that cannot be read."""
        try:
            return self._beat.stat().st_mtime
        except OSError:
            return None

    def leader_pid(self) -> int | None:
        """The PID of the present or the last leader; None if it can't be read."""
        try:
            return int(self._pid_file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def release(self) -> None:
        """Gives leadership up."""
        self._lock.release()


@dataclass(frozen=True, slots=True)
class LeaderView:
    """The leader as a follower sees it. `still_since` is set while it stands still; `still_for` is for how many
    seconds that was observed."""

    pid: int | None
    still_since: datetime | None = None
    still_for: float = 0.0


class BeatWatch:
    """Whether the leader works, judged by whether its heartbeat changes (pure).

    Only time in which this process itself was awake counts, by its monotonic clock: when a laptop sleeps, both sleep.
    """

    def __init__(self) -> None:
        self._beat: Beat | None = None
        self._changed: datetime | None = None
        self._looked = 0.0
        self._watched = 0.0

    def update(self, beat: Beat | None, monotonic: float, now: datetime) -> None:
        """Takes note of the newest heartbeat."""
        if self._changed is None or beat != self._beat:
            self._beat, self._changed, self._watched = beat, now, 0.0
        else:
            self._watched += min(max(0.0, monotonic - self._looked), LONGEST_STEP)
        self._looked = monotonic

    @property
    def still_since(self) -> datetime | None:
        """When the heartbeat was last seen to change, if that is too long ago; None otherwise."""
        return self._changed if self._watched >= STILL_AFTER else None

    @property
    def still_for(self) -> float:
        """The observed seconds without a change."""
        return self._watched
