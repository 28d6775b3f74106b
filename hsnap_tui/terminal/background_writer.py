"""Writes to a terminal, pipe or file on a thread of its own.

A frozen terminal (Ctrl-S, a stalled connection) or a full pipe can block `write` without limit. The event loop also
powers servers on, so it must never be blocked by output.
"""

from __future__ import annotations

import select
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import BinaryIO, Protocol

CHUNK = 4096
"""Bytes in one write: few, so that `flush` can tell a slow reader from one that takes nothing."""


class Sink(Protocol):
    """An unbuffered binary file."""

    def write(self, data: memoryview, /) -> int | None:
        """Writes some of the bytes; returns how many, or None when it would block. Raises `OSError`."""
        ...

    def fileno(self) -> int:
        """The file descriptor."""
        ...


class BackgroundWriter:
    """Writes data in the order in which it was given. `write` never blocks and never raises.

    When writing fails for good (the reader or the terminal is gone), `on_gone` is called once and all further data is
    dropped. `on_idle` is called whenever everything has been written. Both are called on the writer's thread. Without
    a sink all data is dropped from the start.
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
        """Whether data is dropped since writing has failed for good."""
        return self._gone

    @property
    def pending(self) -> int:
        """How many bytes have not been written yet."""
        return self._size

    def write(self, data: bytes, *, droppable: bool = False) -> None:
        """Queues data; `discard` removes data again that is `droppable`."""
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
        """Removes all droppable data whose writing has not begun."""
        with self._changed:
            kept = [(data, droppable) for data, droppable in self._pending if not droppable]
            self._size -= sum(len(data) for data, _ in self._pending) - sum(len(data) for data, _ in kept)
            self._pending = deque(kept)

    def flush(self, without_progress: float, total: float | None = None) -> bool:
        """Waits until everything is written; returns whether it was.

        Gives up when no byte was written for `without_progress` seconds, or after `total` seconds.
        """
        started = time.monotonic()
        with self._changed:
            since, written = started, self._written
            while self._size:
                now = time.monotonic()
                if self._written != written:
                    since, written = now, self._written
                until = since + without_progress
                if total is not None:
                    until = min(until, started + total)
                if now >= until:
                    return False
                self._changed.wait(min(until - now, 60.0))  # it accepts no infinite time-out
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
                self._mark_gone()
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
            written = sink.write(view[:CHUNK])
            if written is None:  # another process that shares the terminal has made it non-blocking
                select.select([], [sink], [])
                continue
            view = view[written:]
            with self._changed:
                self._written += written
                self._size -= written
                self._changed.notify_all()

    def _mark_gone(self) -> None:
        with self._changed:
            self._gone = True
            self._pending.clear()
            self._size = 0
            self._changed.notify_all()
        if self.on_gone is not None:
            self.on_gone()
