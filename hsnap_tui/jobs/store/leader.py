"""One process a project sends. A lock of the operating system says which; it dies with the process.

It holds on one machine only: processes on different machines do not see each other's locks, nor journals. The process
that has the lock also writes a heartbeat every second, so that others can tell when it stands still: stopped by a
signal, or with an event loop that something blocks. It keeps the lock nevertheless: it may go on at any time.
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
from hsnap_tui.jobs.store.file_modes import make_file

BEAT_EVERY = 1.0
"""Seconds between two beats of the process that sends."""
STILL_AFTER = 10.0
"""Seconds without a beat after which a process that sends is said to stand still."""
LONGEST_STEP = 1.0
"""The most that counts of the time between two looks: an observer that was asleep or held up itself knows nothing."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life: another one each time."""

    pid: int
    count: int


class Leader:
    """The right to send for the project of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "lock"
        self._lock = FileLock(self._path, thread_local=False)
        self._pid_file = folder / "leader"
        self._beat = folder / "heartbeat"
        self._count = secrets.randbits(48)

    def try_to_lead(self) -> bool:
        """Takes the right if nobody has it. Raises `JournalError` where files can't be locked."""
        return self._acquire(self._sign)

    def is_free(self) -> bool:
        """Whether nobody has the right at this moment. Raises `JournalError` where files can't be locked."""
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
        except (OSError, NotImplementedError) as error:
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
        """Shows that this process works. Written in place and always as long, so that it needs no space on the disk.

        Raises `OSError`.
        """
        self._count += 1
        make_file(self._beat)
        with self._beat.open("r+b", buffering=0) as file:
            file.write(f"{os.getpid():>10} {self._count:>20}\n".encode("ascii"))

    def last_beat(self) -> Beat | None:
        """The newest beat of the process that has the right, or had it last; none if it cannot be read."""
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
        """The process that has the right, as far as it is known."""
        try:
            return int(self._pid_file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def release(self) -> None:
        """Gives the right back."""
        self._lock.release()


@dataclass(frozen=True, slots=True)
class LeaderView:
    """The process that sends, seen from another one. `still_since` is set when it stands still, for `still_for`
    seconds as far as they were watched."""

    pid: int | None
    still_since: datetime | None = None
    still_for: float = 0.0


class BeatWatch:
    """Whether the process that sends works, judged by whether its beat changes (pure).

    Only time in which this process was awake and looked counts, by its own monotonic clock: after a laptop's sleep
    both were asleep.
    """

    def __init__(self) -> None:
        self._beat: Beat | None = None
        self._changed: datetime | None = None
        self._looked = 0.0
        self._watched = 0.0

    def look(self, beat: Beat | None, monotonic: float, now: datetime) -> None:
        """Takes note of the newest beat at this moment."""
        if self._changed is None or beat != self._beat:
            self._beat, self._changed, self._watched = beat, now, 0.0
        else:
            self._watched += min(max(0.0, monotonic - self._looked), LONGEST_STEP)
        self._looked = monotonic

    @property
    def still_since(self) -> datetime | None:
        """When the beat was last seen to change, if that is too long ago."""
        return self._changed if self._watched >= STILL_AFTER else None

    @property
    def still_for(self) -> float:
        """Seconds without a change, as far as they were watched."""
        return self._watched
