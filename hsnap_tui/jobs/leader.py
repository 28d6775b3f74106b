"""One process a project sends. A lock of the operating system says which; it dies with the process.

It holds on one machine only: processes on different machines do not see each other's locks, nor journals.
"""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock, Timeout

from hsnap_tui.jobs.errors import JournalError


class Leader:
    """The right to send for the project of a folder."""

    def __init__(self, folder: Path) -> None:
        self._lock = FileLock(folder / "lock", thread_local=False)
        self._card = folder / "holder"

    def try_to_hold(self) -> bool:
        """Takes the right if nobody has it. Raises `JournalError` where files can't be locked."""
        try:
            self._lock.acquire(timeout=0)
            self._card.write_text(str(os.getpid()), encoding="ascii")
        except Timeout:
            return False
        except (OSError, NotImplementedError) as error:
            raise JournalError(
                f"the folder {self._card.parent} is on a file system that can't be locked or written: {error}",
                "Two programs could send the same snapshot twice, so nothing is sent. "
                "Set HSNAP_STATE_DIR to a folder on a local disk.",
            ) from error
        return True

    def holder_pid(self) -> int | None:
        """The process that has the right, as far as it is known."""
        try:
            return int(self._card.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def release(self) -> None:
        """Gives the right back."""
        self._lock.release()
