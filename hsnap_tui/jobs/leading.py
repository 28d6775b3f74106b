"""The work of the leader: it takes the jobs of the journal over, runs them, and carries out what followers ask for.

It gives up leadership when its token is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hsnap_tui.cloud.api import CloudApi
from hsnap_tui.cloud.errors import NO_ACCESS
from hsnap_tui.common.clock import Clock
from hsnap_tui.events import Event, JobEvent, Role, SendingHalted
from hsnap_tui.fleet.state import Fleet
from hsnap_tui.jobs.core.job_commands import JobCommand, JobCommandKind, observation
from hsnap_tui.jobs.core.model import Job
from hsnap_tui.jobs.core.observations import StepContext
from hsnap_tui.jobs.core.own_jobs import OwnJobs
from hsnap_tui.jobs.core.takeover import is_untouched, taken_over
from hsnap_tui.jobs.core.token_access import TokenAccess
from hsnap_tui.jobs.engine import Engine
from hsnap_tui.jobs.following import LOOK_EVERY
from hsnap_tui.jobs.publishing import Publisher
from hsnap_tui.jobs.store.errors import JournalError
from hsnap_tui.jobs.store.journal import JournalCursor, Takeover
from hsnap_tui.jobs.store.leader import BEAT_EVERY
from hsnap_tui.jobs.store.project_folder import ProjectFolder, pause

HAND_OVER_TIMEOUT = 2.0
"""Seconds for which outstanding answers are waited for before leadership is handed to another process."""
ANSWER_TIMEOUT = 30.0
"""The same when no other process is there: longer than a request takes, so that each job gets its answer."""


@dataclass(frozen=True, slots=True)
class LeadingContext:
    """What the leader needs of the rest of the process."""

    cloud: CloudApi
    clock: Clock
    fleet: Callable[[], Fleet]
    access: TokenAccess
    own_jobs: OwnJobs
    publisher: Publisher


class Leading:
    """One period of leadership, from the takeover of the journal's jobs until leadership is given up.

    `cursor` is how far the journal has been read.
    """

    def __init__(self, context: LeadingContext, folder: ProjectFolder, taken: Takeover) -> None:
        self.cursor: JournalCursor = taken.changes.cursor
        self.resigned = asyncio.Event()
        self._cloud = context.cloud
        self._clock = context.clock
        self._fleet = context.fleet
        self._access = context.access
        self._own_jobs = context.own_jobs
        self._publisher = context.publisher
        self._folder = folder
        self.engine = Engine(context.cloud, folder.journal, context.clock, self._tell, context.publisher.jobs)
        self._begin_with(taken)

    async def run(self) -> None:
        """Runs the jobs until leadership is to be given up and all answers are in the journal."""
        async with asyncio.TaskGroup() as group:
            running = group.create_task(self.engine.run())
            beating = group.create_task(self._beat())
            watching_journal = group.create_task(self._watch_journal())
            await self._watch_access()
            await asyncio.wait({watching_journal})
            await self.engine.retire(HAND_OVER_TIMEOUT if self._folder.candidates() else ANSWER_TIMEOUT)
            running.cancel()
            beating.cancel()

    async def leave(self) -> None:
        """Starts nothing more; returns when no server is off because of us, or leadership is given up."""
        leaving = asyncio.ensure_future(self.engine.leave())
        resigned = asyncio.ensure_future(self.resigned.wait())
        try:
            await asyncio.wait({leaving, resigned}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            resigned.cancel()

    def begin(self, jobs: Sequence[Job], events: Iterable[JobEvent]) -> None:
        """Starts new jobs, which are in the journal already."""
        fresh = [job for job in jobs if job.id not in self._publisher.jobs]
        if not fresh:
            return
        for batch in dict.fromkeys(job.batch for job in fresh):
            self._publisher.queued(batch, [job for job in fresh if job.batch == batch])
        self._publisher.publish_all(events)
        self.engine.take(fresh, self._fleet())

    def apply(self, command: JobCommand) -> None:
        """Applies a job command: cancel, release or retry."""
        if command.kind is not JobCommandKind.CANCEL:
            self.engine.allow()
        for job_id in command.jobs:
            self.engine.receive(job_id, observation(command.kind))

    def _begin_with(self, taken: Takeover) -> None:
        publisher = self._publisher
        publisher.report_unreadable(taken.unreadable)
        for job in taken.changes.jobs:
            if job.over:
                publisher.jobs[job.id] = publisher.of_this_project(job)
        context = StepContext(self._clock.now(), clock_offset=self._cloud.clock_offset)
        live_processes = self._folder.live_processes()
        left = [(publisher.of_this_project(job), taken.owners.get(job.batch) in live_processes) for job in taken.jobs]
        fresh = [job for job, asker_lives in left if asker_lives and is_untouched(job)]
        for job in fresh:
            publisher.jobs.pop(job.id, None)
        self.engine.begin_with(
            [
                taken_over(job, context, asked_here=self._own_jobs.here(job), asker_lives=asker_lives)
                for job, asker_lives in left
                if job not in fresh
            ]
        )
        publisher.role(Role.LEADER)
        publisher.publish_all(taken.changes.events)
        self.engine.take(fresh, self._fleet())

    async def _beat(self) -> None:
        """Writes the heartbeat. It runs on the event loop, so that followers notice when something blocks the
        loop."""
        warned = False
        while True:
            try:
                await asyncio.to_thread(self._folder.leader_lock.beat)
            except OSError as error:
                if not warned:
                    self._publisher.warn(f"Other hsnap-tui can't see that this one works: {error}")
                warned = True
            await self._clock.sleep(BEAT_EVERY)

    async def _watch_access(self) -> None:
        """Returns when leadership is to be given up: for lack of access, or to another process."""
        while not self.resigned.is_set():
            if self._access.refusal is not None:
                self.resigned.set()
            else:
                await pause(self._clock, self.resigned, LOOK_EVERY)

    async def _watch_journal(self) -> None:
        """Takes over the batches and job commands that other processes on this machine write to the journal."""
        version = None
        while not self.resigned.is_set():
            try:
                current = await self._folder.journal.version()
                if current != version and not self.resigned.is_set():
                    version = current
                    await self._take_new()
            except JournalError as error:
                self._publisher.warn(str(error))
                await pause(self._clock, self.resigned, 10 * LOOK_EVERY)
            await pause(self._clock, self.resigned, LOOK_EVERY)

    async def _take_new(self) -> None:
        changes = await self._folder.journal.since(self.cursor)
        self.cursor = changes.cursor
        self._publisher.report_unreadable(changes.unreadable)
        fresh = [self._publisher.of_this_project(job) for job in changes.jobs if job.id not in self._publisher.jobs]
        ids = {job.id for job in fresh}
        self.begin(fresh, [event for event in changes.events if event.job in ids])
        if self.resigned.is_set():
            return
        for command in await self._folder.journal.take_commands():
            self.apply(command)

    def _tell(self, event: Event) -> None:
        """Publishes an event of the engine. When the token was refused, leadership is given up: new jobs are left
        to a process that has access."""
        if isinstance(event, SendingHalted) and event.failure.kind in NO_ACCESS:
            self._access.refused(event.failure)
            self.resigned.set()
        self._publisher.event(event)
