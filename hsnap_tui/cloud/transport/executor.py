"""Daemon worker threads in groups: a request that hangs takes a thread of its own group only, and the program ends
without waiting for it."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import weakref
from collections.abc import Callable
from typing import TypeVar, cast

from hsnap_tui.cloud.priorities import WorkerGroup
from hsnap_tui.cloud.transport.request_handle import RequestHandle

T = TypeVar("T")

GRACE = 0.5
"""Seconds that a thread has to come back after its connection was shut down."""


class WorkerStuckError(Exception):
    """The thread did not come back: it was told to stop and is on its own."""


class _Call:
    """One function under way in a thread, and the future that waits for it in the loop."""

    def __init__(self, function: Callable[[], object], request_handle: RequestHandle) -> None:
        self._function = function
        self._loop = asyncio.get_running_loop()
        self.request_handle = request_handle
        self.future: asyncio.Future[object] = self._loop.create_future()

    def run(self) -> None:
        """Runs in a thread and hands the outcome to the loop, if there still is one."""
        try:
            outcome = self._function()
        except BaseException as error:  # noqa: BLE001 - it belongs to the one who waits
            self._hand_over(self._fail, error)
        else:
            self._hand_over(self._succeed, outcome)

    def lose(self) -> None:
        """Stops waiting for the thread."""
        self._fail(WorkerStuckError())

    def _hand_over(self, deliver: Callable[..., None], outcome: object) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(deliver, outcome)

    def _succeed(self, outcome: object) -> None:
        if not self.future.done():
            self.future.set_result(outcome)

    def _fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class RequestExecutor:
    """Runs blocking requests for one event loop; `bound` is the longest that one may take, in seconds."""

    def __init__(self, bound: float) -> None:
        self._bound = bound
        self._places = {worker_group: asyncio.Semaphore(worker_group.width) for worker_group in WorkerGroup}
        self._waiting: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._threads = 0
        self._calls: set[_Call] = set()
        self._orphans: weakref.WeakSet[RequestHandle] = weakref.WeakSet()
        self._closed = False

    async def run(
        self, worker_group: WorkerGroup, function: Callable[[], T], request_handle: RequestHandle, *, abandon: bool
    ) -> T:
        """Runs the function in a worker thread of the group, and returns what it returns.

        When the waiting task is cancelled, a request not yet sent never will be; a sent one is ended when
        `abandon` is true and left to its end when not. Raises `WorkerStuckError` when the thread does not come back.
        """
        async with self._places[worker_group]:
            if self._closed:
                request_handle.abort()
                raise WorkerStuckError
            call = _Call(function, request_handle)
            self._calls.add(call)
            timer = asyncio.get_running_loop().call_later(self._bound, self._overdue, call)
            try:
                self._start(call)
                return cast("T", await call.future)
            except asyncio.CancelledError:
                if not request_handle.cancel_if_unsent():
                    self._orphans.add(request_handle)
                    if abandon:
                        request_handle.abort()
                raise
            finally:
                timer.cancel()
                self._calls.discard(call)

    def close(self) -> None:
        """Ends every request under way, now, and lets idle threads end."""
        self._closed = True
        for call in tuple(self._calls):
            call.request_handle.abort()
            call.lose()
        for request_handle in tuple(self._orphans):
            request_handle.abort()
        with self._lock:
            threads = self._threads
        for _ in range(threads):
            self._waiting.put(None)

    def _overdue(self, call: _Call) -> None:
        call.request_handle.abort()
        asyncio.get_running_loop().call_later(GRACE, call.lose)

    def _start(self, call: _Call) -> None:
        with self._lock:
            fresh = self._idle <= 0
            if fresh:
                self._threads += 1
            else:
                self._idle -= 1
        self._waiting.put(call)
        if fresh:
            threading.Thread(target=self._work, name="hsnap-tui request", daemon=True).start()

    def _work(self) -> None:
        while (call := self._waiting.get()) is not None:
            call.run()
            del call
            with self._lock:
                self._idle += 1
