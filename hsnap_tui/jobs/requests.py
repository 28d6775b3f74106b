"""Runs the commands of jobs against the cloud and hands back what came of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hsnap_tui.cloud.api import CloudApi, Purpose
from hsnap_tui.cloud.errors import Carried, CloudError, ErrorKind
from hsnap_tui.jobs.lookups import LookUps
from hsnap_tui.jobs.model import JOB_LABEL, Job, Verb
from hsnap_tui.jobs.observations import (
    Accepted,
    Command,
    JobObservation,
    LookUp,
    LookUpFailed,
    Lost,
    Refused,
    Send,
)


class Requests:
    """One task for each command; `tell` gets the outcome."""

    def __init__(self, cloud: CloudApi, look_ups: LookUps, tell: Callable[[str, JobObservation], None]) -> None:
        self._cloud = cloud
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
            error = CloudError(ErrorKind.UNCLEAR, f"internal fault: {type(fault).__name__}", Carried.PERHAPS)
            outcome = Lost(command.verb, error) if isinstance(command, Send) else LookUpFailed(error)
            self._tell(job.id, outcome)

    async def _run(self, job: Job, command: Command) -> None:
        match command:
            case Send(verb):
                self._tell(job.id, await self._send(job, verb))
            case LookUp(verb):
                self._tell(job.id, await self._look_up(job, verb))

    async def _send(self, job: Job, verb: Verb) -> JobObservation:
        try:
            return await self._request(job, verb)
        except CloudError as error:
            return Lost(verb, error) if error.carried is Carried.PERHAPS else Refused(verb, error)

    async def _request(self, job: Job, verb: Verb) -> Accepted:
        match verb:
            case Verb.CREATE_IMAGE:
                labels = {**job.options.labels, JOB_LABEL: job.id}
                made = await self._cloud.create_snapshot(job.server_id, job.description, labels, Purpose.JOB)
                return Accepted(verb, made.action, made.snapshot)
            case Verb.SHUTDOWN:
                return Accepted(verb, await self._cloud.shutdown(job.server_id, Purpose.JOB))
            case Verb.POWER_OFF:
                return Accepted(verb, await self._cloud.power_off(job.server_id, Purpose.JOB))
            case Verb.POWER_ON:
                return Accepted(verb, await self._cloud.power_on(job.server_id, Purpose.POWER_ON))

    async def _look_up(self, job: Job, verb: Verb) -> JobObservation:
        try:
            return await self._look_ups.ask(job, verb)
        except CloudError as error:
            return LookUpFailed(error)
