"""Which processes are running: each locks a file of its own, and the system unlocks it when the process ends."""

from __future__ import annotations

import contextlib
from pathlib import Path

from filelock import FileLock, Timeout

from hsnap_tui.jobs.store.errors import JournalError
from hsnap_tui.jobs.store.file_modes import CANNOT_LOCK, make_file, make_folder


class Presence:
    """The file by which a process shows in a folder that it is running."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._path = folder / name
        self._lock = FileLock(self._path, thread_local=False)

    def show(self) -> None:
        """Creates and locks the file, until `hide` or the end of the process. Raises `JournalError`."""
        if self._lock.is_locked:
            return
        try:
            make_folder(self._folder)
            make_file(self._path)
            self._lock.acquire(timeout=1)
        except (*CANNOT_LOCK, Timeout) as error:
            raise JournalError(
                f"the folder {self._folder} can't be written or locked: {error}",
                "Others would not know of this hsnap-tui, so nothing is sent. Check its permissions and free space.",
            ) from error

    def hide(self) -> None:
        """Removes the file."""
        if self._lock.is_locked:
            with contextlib.suppress(OSError):
                self._path.unlink()
            self._lock.release()


def live_processes(folder: Path) -> frozenset[str]:
    """The names of the running processes in the folder. Files of processes that have ended are removed."""
    try:
        paths = [path for path in folder.iterdir() if path.is_file()]
    except OSError:
        return frozenset()
    return frozenset(path.name for path in paths if _is_live(path))


def _is_live(path: Path) -> bool:
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except CANNOT_LOCK:
        return False
    with contextlib.suppress(OSError):
        path.unlink()
    lock.release()
    return False
