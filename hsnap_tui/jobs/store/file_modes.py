"""File modes in the state folder: for its owner only, or for a group that shares the folder.

A folder that its group may write to (`install -d -m 2770 -g ops DIR`) is shared: files and folders that are
created in it can be written by the group too, whatever the umask of the process.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path


def is_shared(folder: Path) -> bool:
    """Whether the group of the folder may write to it; no for a folder that is not there. Raises `OSError`."""
    try:
        return bool(folder.stat().st_mode & stat.S_IWGRP)
    except FileNotFoundError:
        return False


def file_mode(folder: Path) -> int:
    """The mode of new files in the folder. Raises `OSError`."""
    return 0o660 if is_shared(folder) else 0o600


CANNOT_LOCK = (OSError, NotImplementedError)
"""What locking a file fails with where files can't be written or locked; filelock raises the second one on file
systems without locks."""


def make_folder(folder: Path) -> None:
    """Makes the folder, if it is not there, for those who may use its parent. Raises `OSError`."""
    shared = is_shared(folder.parent)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    if shared:
        # The umask has cut the mode that was asked for; the setgid bit keeps the group for what comes inside.
        folder.chmod(0o2770)


def make_file(path: Path) -> None:
    """Makes an empty file, if it is not there, for those who may use its folder. Raises `OSError`."""
    mode = file_mode(path.parent)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return
    os.close(descriptor)
    path.chmod(mode)
