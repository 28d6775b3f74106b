"""The step that takes a request off the event loop: a worker thread with a deadline."""

from __future__ import annotations

import math
from typing import TypeVar

from hsnap_tui.cloud.chain.request import Answer, Attempt, BlockingStep
from hsnap_tui.cloud.priorities import worker_group
from hsnap_tui.cloud.transport.executor import RequestExecutor, WorkerStuckError
from hsnap_tui.cloud.transport.sdk import RawResponse

T = TypeVar("T")


class OnWorkerThread:
    """Runs what follows in the worker group of the request. When the waiting task is cancelled, a GET is cut off and
    anything else is left to its end, unless it has not been sent yet."""

    def __init__(self, executor: RequestExecutor, following: BlockingStep) -> None:
        self._executor = executor
        self._next = following

    async def __call__(self, attempt: Attempt[T], /) -> Answer[T]:
        """What came back; `WorkerStuckError` as the failure when the thread did not come back in time."""
        request = attempt.request
        group = worker_group(request.priority, request.method)
        try:
            return await self._executor.run(
                group, lambda: self._next(attempt), attempt.handle, abandon=request.only_reads
            )
        except WorkerStuckError as stuck:
            return Answer(RawResponse(attempt.handle, failure=stuck.with_traceback(None), seconds=math.inf))
