"""The signals that end the program, or stop it for a while.

The first that ends it asks to leave in order, a Ctrl-C after that ends it at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType


class LeaveSignals:
    """SIGTERM, SIGHUP and SIGINT call `ask` on the event loop; SIGINT after that calls `at_once`, which ends it all.

    A terminal that is closed may send SIGHUP twice, so only Ctrl-C means it. `at_once` is called by the signal
    itself, whatever the event loop does at that moment. A SIGHUP that was ignored at the start (nohup) stays ignored.
    """

    def __init__(self, ask: Callable[[], None], at_once: Callable[[], None]) -> None:
        self.asked = False
        self._ask = ask
        self._at_once = at_once
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Takes the signals over for as long as it lasts. To be called on the event loop, in the main thread."""
        self._loop = asyncio.get_running_loop()
        before = []
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and not (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN):
                before.append((number, signal.signal(number, self._arrived)))
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    def _arrived(self, number: int, _frame: FrameType | None) -> None:
        if self.asked and number == signal.SIGINT:
            self._at_once()
        self.asked = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._ask)


@contextlib.contextmanager
def stopping(may_stop: Callable[[], bool]) -> Iterator[None]:
    """Ctrl-Z stops the process only when `may_stop`. To be called in the main thread; Windows has nothing like it."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        if may_stop():
            os.kill(os.getpid(), signal.SIGSTOP)

    if not hasattr(signal, "SIGTSTP"):
        yield
        return
    before = signal.signal(signal.SIGTSTP, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)


def write_from_the_background() -> None:
    """From now on no terminal stops the process for writing to it (`stty tostop`): that would keep servers off."""
    if hasattr(signal, "SIGTTOU"):
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
