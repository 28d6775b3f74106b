"""How long a test waits for what must come: the one bound on real time, there only to end a test that hangs.

Nothing is judged by how long it took. What must not happen, or must not be waited for, is made to last `FOREVER`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

PATIENCE = 300.0
"""Seconds without what must come after which a test hangs, however busy the computer is."""

FOREVER = 1_000_000.0
"""Seconds that no test waits for, in quick time neither: a lock that does not clear, an answer that does not come."""


class Patience:
    """A wait that has begun."""

    def __init__(self) -> None:
        self._until = time.monotonic() + PATIENCE

    @property
    def is_over(self) -> bool:
        """Whether the test hangs."""
        return time.monotonic() >= self._until


def eventually(holds: Callable[[], object], told: Callable[[], object] = lambda: "it never came to that") -> None:
    """Waits until something is so that another thread or process brings about; `told` says what is there instead."""
    patience = Patience()
    while not holds():
        assert not patience.is_over, told()
        time.sleep(0.02)


async def until(holds: Callable[[], object]) -> None:
    """Waits until something is so, while the event loop goes on."""
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.01)
