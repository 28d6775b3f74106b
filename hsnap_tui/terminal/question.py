"""Reads the user's answer to a yes-or-no question on the terminal, without blocking the event loop."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress

STANDARD_INPUT = 0
_YES = frozenset({"y", "yes"})


async def is_confirmed() -> bool:
    """Whether the next line of the terminal is `y` or `yes`; the end of the input counts as no."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def set_answer(line: str) -> None:
        if not answer.done():
            answer.set_result(line)

    def read() -> None:
        try:
            line = os.read(STANDARD_INPUT, 4096).decode(errors="replace")
        except OSError:  # the terminal is gone
            line = ""
        with suppress(RuntimeError):  # nobody waits any more: the loop has ended
            loop.call_soon_threadsafe(set_answer, line)

    # A daemon thread with a plain read holds no lock: nothing waits for it when the program ends without an answer.
    threading.Thread(target=read, daemon=True).start()
    return (await answer).strip().casefold() in _YES
