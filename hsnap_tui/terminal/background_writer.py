"""Writing to a terminal, pipe or file without ever waiting for it: a thread of its own does the waiting.

A terminal that is frozen (Ctrl-S, a stalled connection) or a full pipe blocks `write` for as long as it likes. What
switches servers on again shares a thread with what is written, so that thread must never be the one that waits.
"""

from __future__ import annotations

import select
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import BinaryIO, Protocol

PIECE = 4096
"""Bytes in one write: small, so that it can be seen whether the other side still takes something."""


class Sink(Protocol):
    """Where bytes go: an unbuffered file."""

    def write(self, data: memoryview, /) -> int | None:
        """Writes some of the bytes; gives how many, or none when it would block. Raises `OSError`."""
        ...

    def fileno(self) -> int:
        """The descriptor."""
        ...


class BackgroundWriter:
    """Writes in the order in which it was given things; whoever gives them never waits, and nothing is raised.

    When it cannot be written any more (the reader or the terminal is gone), `on_gone` is called once and everything
    that follows goes nowhere. `on_idle` is called whenever everything has been written. Both are called on the
    writer's thread. Without a sink it is gone from the start.
    """

    def __init__(
        self,
        sink: Sink | BinaryIO | None,
        *,
        on_idle: Callable[[], None] | None = None,
        on_gone: Callable[[], None] | None = None,
    ) -> None:
        self._sink = sink
        self.on_idle = on_idle
        self.on_gone = on_gone
        self._changed = threading.Condition()
        self._pending: deque[tuple[bytes, bool]] = deque()
        self._size = 0
        self._written = 0
        self._gone = sink is None
        self._thread: threading.Thread | None = None

    @property
    def gone(self) -> bool:
        """Whether what is written goes nowhere."""
        return self._gone

    @property
    def pending(self) -> int:
        """Bytes that wait, or are being written."""
        return self._size

    def write(self, data: bytes, *, droppable: bool = False) -> None:
        """Hands bytes to the thread; `discard` may take back those that are `droppable`."""
        if not data:
            return
        with self._changed:
            if self._gone:
                return
            self._pending.append((data, droppable))
            self._size += len(data)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="background-writer", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def discard(self) -> None:
        """Takes back everything droppable whose writing has not begun."""
        with self._changed:
            kept = [(data, droppable) for data, droppable in self._pending if not droppable]
            self._size -= sum(len(data) for data, _ in self._pending) - sum(len(data) for data, _ in kept)
            self._pending = deque(kept)

    def flush(self, without_progress: float, longest: float | None = None) -> bool:
        """Waits until everything is written; whether it was.

        Gives up when nothing was taken for `without_progress` seconds, or after `longest` seconds.
        """
        started = time.monotonic()
        with self._changed:
            since, written = started, self._written
            while self._size:
                now = time.monotonic()
                if self._written != written:
                    since, written = now, self._written
                until = since + without_progress
                if longest is not None:
                    until = min(until, started + longest)
                if now >= until:
                    return False
                self._changed.wait(min(until - now, 60.0))  # forever is no number for it
        return not self._gone

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._pending:
                    self._changed.wait()
                data, _ = self._pending.popleft()
            try:
                self._write(data)
            except (OSError, ValueError):  # a closed file is a ValueError
                self._give_up()
                return
            with self._changed:
                idle = self._size == 0
            if idle and self.on_idle is not None:
                self.on_idle()

    def _write(self, data: bytes) -> None:
        sink = self._sink
        assert sink is not None  # noqa: S101 - the thread is only started with one
        view = memoryview(data)
        while view:
            taken = sink.write(view[:PIECE])
            if taken is None:  # somebody else has made the descriptor non-blocking
                select.select([], [sink], [])
                continue
            view = view[taken:]
            with self._changed:
                self._written += taken
                self._size -= taken
                self._changed.notify_all()

    def _give_up(self) -> None:
        with self._changed:
            self._gone = True
            self._pending.clear()
            self._size = 0
            self._changed.notify_all()
        if self.on_gone is not None:
            self.on_gone()
