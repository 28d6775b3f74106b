"""The signals that end or suspend the program.

The first SIGTERM, SIGHUP or SIGINT asks to leave in good order; a Ctrl-C after that ends the process at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType


class LeaveSignals:
    """SIGTERM, SIGHUP and SIGINT call `leave` on the event loop. A later SIGINT calls `end_now`, which must end the
    process.

    A later SIGHUP does not: a terminal that is closed may send it twice. `end_now` is called in the signal handler,
    so that it works while the event loop is blocked. A SIGHUP that is ignored at the start (nohup) stays ignored.
    """

    def __init__(self, leave: Callable[[], None], end_now: Callable[[], None]) -> None:
        self.leave_requested = False
        self._ends = False
        self._leave = leave
        self._end_now = end_now
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Handles the signals while the context lasts. Must be called on the event loop, in the main thread."""
        self._loop = asyncio.get_running_loop()
        before = []
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and not (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN):
                before.append((number, signal.signal(number, self._on_signal)))
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._ends:  # a key that is held down sends it again and again, in the middle of `end_now`
            return
        if self.leave_requested and number == signal.SIGINT:
            self._ends = True
            self._end_now()
        self.leave_requested = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._leave)


@contextlib.contextmanager
def stopping(may_stop: Callable[[], bool]) -> Iterator[None]:
    """Ctrl-Z suspends the process only when `may_stop()`. Must be called in the main thread; does nothing on
    Windows."""

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


def ignore_background_stops() -> None:
    """Ignores SIGTTOU, by which a terminal with `stty tostop` stops background processes that write to it: a stopped
    process can't power on servers."""
    if hasattr(signal, "SIGTTOU"):
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
