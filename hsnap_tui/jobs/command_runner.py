"""Runs the commands of jobs against the cloud and hands back what came of them."""

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

SHORTEST_WAIT = 1.0
"""Seconds that a request has at least, however little is left of the allowed downtime."""


class CommandRunner:
    """One task for each command; `tell` gets the outcome."""

    def __init__(
        self, cloud: CloudApi, clock: Clock, look_ups: LookUps, tell: Callable[[str, JobObservation], None]
    ) -> None:
        self._cloud = cloud
        self._clock = clock
        self._look_ups = look_ups
        self._tell = tell
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, job: Job, command: Command) -> None:
        """Runs the command in the background."""
        task = asyncio.create_task(self._run(job, command))
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._ended(ended, job, command))

    def abandon(self) -> None:
        """Waits for no answer any more. What was sent stays sent; the journal knows of it."""
        self._look_ups.abandon()
        for task in self._tasks:
            task.cancel()

    def _ended(self, task: asyncio.Task[None], job: Job, command: Command) -> None:
        """A fault of our own must not leave the job waiting for an answer for ever: nobody knows what happened."""
        self._tasks.discard(task)
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            error = CloudError(ErrorKind.OUTCOME_UNKNOWN, f"internal fault: {type(fault).__name__}", Effect.POSSIBLE)
            outcome = AnswerLost(command.request_kind, error) if isinstance(command, Send) else LookUpFailed(error)
            self._tell(job.id, outcome)

    async def _run(self, job: Job, command: Command) -> None:
        outcome = (
            self._send(job, command.request_kind)
            if isinstance(command, Send)
            else self._look_up(job, command.request_kind)
        )
        observation = await self._in_time(outcome, job, command)
        self._tell(job.id, observation)

    async def _in_time(
        self, outcome: Coroutine[None, None, JobObservation], job: Job, command: Command
    ) -> JobObservation:
        """What comes of it before the job's server must be powered on; that waits for no answer and no permit."""
        by = job.must_be_on_by if command.request_kind is job.main_request.kind else None
        if by is None:
            return await outcome
        seconds = max(SHORTEST_WAIT, (by - self._clock.now()).total_seconds())
        asked = asyncio.ensure_future(outcome)
        late = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({asked, late}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                return asked.result()
        finally:
            asked.cancel()
            late.cancel()
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
            tools = LookUpTools(self._cloud, self._clock.now, self._look_ups.ask)
            found: LookedUp | ImageLookedUp = await kind_of(job).look_up(job, request_kind, tools)
            return found
        except CloudError as error:
            return LookUpFailed(error)
