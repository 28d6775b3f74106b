"""What a bug in the program looks like from outside: one sentence, and never the values it had in hand."""

from __future__ import annotations

import traceback
from collections.abc import Callable

CrashReport = Callable[[BaseException], str | None]
"""Keeps what is needed to find a bug; gives the path of the file that it is in, if any."""


def where(error: BaseException) -> str:
    """The kind of an error and the way to it, file by file. No messages, no values: they may hold a token."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    return "\n".join([f"{type(error).__module__}.{type(error).__qualname__}", *lines])


def sentence(error: BaseException | None, path: str | None) -> str:
    """What the person reads after the screen is gone."""
    kind = f" ({type(error).__name__})" if error else ""
    file = f" Where it happened is in {path}; please send that." if path else ""
    return (
        f"hsnap-tui has a bug and had to close its screen{kind}.{file} Snapshots go on at Hetzner; jobs are kept "
        "in the journal, and hsnap-tui resume finishes them."
    )
