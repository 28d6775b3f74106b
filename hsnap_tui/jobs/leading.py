"""What the process that sends does: it takes the journal's jobs over, runs them, and does what others ask for.

It gives up the right to send when its token is refused.
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
from hsnap_tui.jobs.core.model import Job
from hsnap_tui.jobs.core.observations import StepContext
from hsnap_tui.jobs.core.own_jobs import OwnJobs
from hsnap_tui.jobs.core.takeover import is_untouched, taken_over
from hsnap_tui.jobs.core.token_access import TokenAccess
from hsnap_tui.jobs.engine import Engine
from hsnap_tui.jobs.following import LOOK_EVERY
from hsnap_tui.jobs.job_commands import observation
from hsnap_tui.jobs.publishing import Publisher
from hsnap_tui.jobs.store.errors import JournalError
from hsnap_tui.jobs.store.journal import JobCommand, JobCommandKind, JournalCursor, Takeover
from hsnap_tui.jobs.store.leader import BEAT_EVERY
from hsnap_tui.jobs.store.project_folder import ProjectFolder, pause

HAND_OVER_WITHIN = 2.0
"""Seconds for which answers that are under way are waited for before another process is given the right to send."""
ANSWERED_WITHIN = 30.0
"""The same when nobody takes it: longer than a request takes, so that each job is told what became of it."""


@dataclass(frozen=True, slots=True)
class LeadingContext:
    """What the work of a project needs of this process."""

    cloud: CloudApi
    clock: Clock
    fleet: Callable[[], Fleet]
    access: TokenAccess
    own_jobs: OwnJobs
    publisher: Publisher


class Leading:
    """One time of being the process that sends, from takeover to giving up.

    `cursor` is how far the journal was read.
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
        """Sends until the right to send is to be given up and all answers are written down."""
        async with asyncio.TaskGroup() as group:
            running = group.create_task(self.engine.run())
            beating = group.create_task(self._beat())
            minding = group.create_task(self._mind_others())
            await self._mind_access()
            await asyncio.wait({minding})
            await self.engine.retire(HAND_OVER_WITHIN if self._folder.candidates() else ANSWERED_WITHIN)
            running.cancel()
            beating.cancel()

    async def leave(self) -> None:
        """Starts nothing more, and returns when no server is off because of us, or the right to send is given up."""
        leaving = asyncio.ensure_future(self.engine.leave())
        resigned = asyncio.ensure_future(self.resigned.wait())
        try:
            await asyncio.wait({leaving, resigned}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            resigned.cancel()

    def begin(self, jobs: Sequence[Job], events: Iterable[JobEvent]) -> None:
        """Begins with new jobs that are in the journal."""
        fresh = [job for job in jobs if job.id not in self._publisher.jobs]
        if not fresh:
            return
        for batch in dict.fromkeys(job.batch for job in fresh):
            self._publisher.queued(batch, [job for job in fresh if job.batch == batch])
        self._publisher.publish_all(events)
        self.engine.take(fresh, self._fleet())

    def apply(self, command: JobCommand) -> None:
        """Does what a person has decided."""
        if command.kind is not JobCommandKind.CANCEL:
            self.engine.allow()
        for job_id in command.jobs:
            self.engine.tell(job_id, observation(command.kind))

    def _begin_with(self, taken: Takeover) -> None:
        publisher = self._publisher
        publisher.report_unreadable(taken.unreadable)
        for job in taken.changes.jobs:
            if job.over:
                publisher.jobs[job.id] = publisher.of_this_project(job)
        context = StepContext(self._clock.now(), clock_offset=self._cloud.clock_offset)
        living = self._folder.living()
        left = [(publisher.of_this_project(job), taken.owners.get(job.batch) in living) for job in taken.jobs]
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
        """Shows others that this process works: from the event loop, so that they see when something blocks it."""
        told = False
        while True:
            try:
                await asyncio.to_thread(self._folder.leader_lock.beat)
            except OSError as error:
                if not told:
                    self._publisher.warn(f"Other hsnap-tui can't see that this one works: {error}")
                told = True
            await self._clock.sleep(BEAT_EVERY)

    async def _mind_access(self) -> None:
        """Returns when the right to send is to be given up: for lack of access, or for another process."""
        while not self.resigned.is_set():
            if self._access.refusal is not None:
                self.resigned.set()
            else:
                await pause(self._clock, self.resigned, LOOK_EVERY)

    async def _mind_others(self) -> None:
        """Takes over what other processes on this machine put into the journal."""
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
        """A refusal is noted at once: what is asked for from now on is left for a process that has access."""
        if isinstance(event, SendingHalted) and event.failure.kind in NO_ACCESS:
            self._access.refused(event.failure)
            self.resigned.set()
        self._publisher.event(event)
