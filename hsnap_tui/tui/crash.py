"""Texts for a crash of the program itself. They hold no values of variables: a token could be among them."""

from __future__ import annotations

import traceback
from collections.abc import Callable

CrashReport = Callable[[BaseException], str | None]
"""Writes a report of the error to a file; returns its path, or None when none could be written."""


def stack_without_values(error: BaseException) -> str:
    """The type of an error and its stack, one line a frame, without messages and values: they may hold a token."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    return "\n".join([f"{type(error).__module__}.{type(error).__qualname__}", *lines])


def message(error: BaseException | None, path: str | None) -> str:
    """What the user reads after the screen has closed. `path` is the file with the report, if there is one."""
    kind = f" ({type(error).__name__})" if error else ""
    file = f" Where it happened is in {path}; please send that." if path else ""
    return (
        f"hsnap-tui has a bug and had to close its screen{kind}.{file} Snapshots continue at Hetzner; jobs are kept "
        "in the journal, and hsnap-tui resume finishes them."
    )
