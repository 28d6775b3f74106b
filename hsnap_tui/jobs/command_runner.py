"""Carries out the commands of jobs (send a request, look one up) and reports each outcome as an observation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from hsnap_tui.cloud.api import CloudApi
from hsnap_tui.cloud.errors import CloudError, Effect, ErrorKind
from hsnap_tui.common.clock import Clock
from hsnap_tui.jobs.core.job_kind import LookUpTools
from hsnap_tui.jobs.core.kinds import kind_of
from hsnap_tui.jobs.core.model import Job, RequestKind
from hsnap_tui.jobs.core.observations import (
    AnswerLost,
    Command,
    ImageLookedUp,
    JobObservation,
    LookedUp,
    LookUpFailed,
    RequestAccepted,
    RequestDone,
    RequestRefused,
    Send,
)
from hsnap_tui.jobs.look_ups import LookUps

MIN_REQUEST_SECONDS = 1.0
"""Seconds that a request gets at least, however little is left of the allowed downtime."""


class CommandRunner:
    """Runs each command as a task of its own. `on_outcome` is called with the job's ID and the outcome."""

    def __init__(
        self, cloud: CloudApi, clock: Clock, look_ups: LookUps, on_outcome: Callable[[str, JobObservation], None]
    ) -> None:
        self._cloud = cloud
        self._clock = clock
        self._look_ups = look_ups
        self._on_outcome = on_outcome
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, job: Job, command: Command) -> None:
        """Runs the command in the background."""
        task = asyncio.create_task(self._run(job, command))
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._ended(ended, job, command))

    def cancel_all(self) -> None:
        """Cancels all tasks. Requests that were sent may still take effect; the journal knows of them."""
        self._look_ups.cancel_all()
        for task in self._tasks:
            task.cancel()

    def _ended(self, task: asyncio.Task[None], job: Job, command: Command) -> None:
        """Reports a bug in a task as a lost answer: otherwise the job would wait for its answer for ever."""
        self._tasks.discard(task)
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            error = CloudError(ErrorKind.OUTCOME_UNKNOWN, f"internal fault: {type(fault).__name__}", Effect.POSSIBLE)
            outcome = AnswerLost(command.request_kind, error) if isinstance(command, Send) else LookUpFailed(error)
            self._on_outcome(job.id, outcome)

    async def _run(self, job: Job, command: Command) -> None:
        outcome = (
            self._send(job, command.request_kind)
            if isinstance(command, Send)
            else self._look_up(job, command.request_kind)
        )
        observation = await self._within_downtime(outcome, job, command)
        self._on_outcome(job.id, observation)

    async def _within_downtime(
        self, outcome: Coroutine[None, None, JobObservation], job: Job, command: Command
    ) -> JobObservation:
        """The outcome, or a lost answer once the job's server must be powered on: that may wait neither for an answer
        nor for the rate limiter."""
        must_be_on_by = job.must_be_on_by if command.request_kind is job.main_request.kind else None
        if must_be_on_by is None:
            return await outcome
        seconds = max(MIN_REQUEST_SECONDS, (must_be_on_by - self._clock.now()).total_seconds())
        request = asyncio.ensure_future(outcome)
        deadline = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({request, deadline}, return_when=asyncio.FIRST_COMPLETED)
            if request.done():
                return request.result()
        finally:
            request.cancel()
            deadline.cancel()
        error = CloudError(
            ErrorKind.OUTCOME_UNKNOWN, "there was no answer within the allowed downtime", Effect.POSSIBLE
        )
        return AnswerLost(command.request_kind, error) if isinstance(command, Send) else LookUpFailed(error)

    async def _send(self, job: Job, request_kind: RequestKind) -> JobObservation:
        try:
            sent: RequestAccepted | RequestDone = await kind_of(job).send(job, request_kind, self._cloud)
            return sent
        except CloudError as error:
            return (
                AnswerLost(request_kind, error)
                if error.effect is Effect.POSSIBLE
                else RequestRefused(request_kind, error)
            )

    async def _look_up(self, job: Job, request_kind: RequestKind) -> JobObservation:
        try:
            tools = LookUpTools(self._cloud, self._clock.now, self._look_ups.look_up)
            found: LookedUp | ImageLookedUp = await kind_of(job).look_up(job, request_kind, tools)
            return found
        except CloudError as error:
            return LookUpFailed(error)
