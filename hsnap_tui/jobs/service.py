"""The jobs of a project as this process takes part in them: sending itself, or following the one that does.

One process a project sends, and only one whose token is known to be accepted: one without access would keep all
others from working. It gives that up when Hetzner refuses it, and when it leaves while another process can go on:
that one then has all jobs, those that the leaving process asked for too. A power-on may have to wait for a lock as
long as a snapshot takes; settling it first would hold up, or cut short, what other processes have under way.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hsnap_tui.cloud.api import CloudApi
from hsnap_tui.cloud.errors import CloudError
from hsnap_tui.common.clock import Clock
from hsnap_tui.events import Event, Failure, JobEventKind, Role
from hsnap_tui.fleet.poll_targets import PollTargets
from hsnap_tui.fleet.state import Fleet, Observation
from hsnap_tui.jobs.core.job_commands import JobCommand, JobCommandKind, fitting
from hsnap_tui.jobs.core.job_kind import BatchRequest
from hsnap_tui.jobs.core.milestones import milestone
from hsnap_tui.jobs.core.model import Job
from hsnap_tui.jobs.core.own_jobs import OwnJobs
from hsnap_tui.jobs.core.polling import poll_targets
from hsnap_tui.jobs.core.takeover import goes_on
from hsnap_tui.jobs.core.token_access import TokenAccess
from hsnap_tui.jobs.following import LOOK_EVERY, Following
from hsnap_tui.jobs.interface import READ_ONLY, BatchSummary, PendingWork, RefusedError
from hsnap_tui.jobs.leading import Leading, LeadingContext
from hsnap_tui.jobs.publishing import Publisher
from hsnap_tui.jobs.store.errors import JournalError
from hsnap_tui.jobs.store.journal import JournalChanges, JournalCursor
from hsnap_tui.jobs.store.leader import LeaderView
from hsnap_tui.jobs.store.project_folder import ProjectFolder, open_project_folder, pause
from hsnap_tui.jobs.store.rows import UnreadableJob

TAKEN_WITHIN = 10.0
"""Seconds within which another process takes over what was given up for it; otherwise it is taken back."""


class JobService:
    """All jobs of one project; it fits `interface.JobsInterface`, and users of a session talk to it themselves.

    `run` needs the project's folder, so it is called once that is known. `polls` gives why polls fail at present, if
    they do. `ready` is set when the journal is open, or known to be unusable. `by_id` and `unreadable` are for
    reading: jobs that have not ended, and those that ended while this process runs; and jobs of the journal that
    have not ended and can't be read.
    """

    def __init__(
        self,
        cloud: CloudApi,
        clock: Clock,
        publish: Callable[[Event], None],
        fleet: Callable[[], Fleet],
        *,
        polls: Callable[[], CloudError | None] = lambda: None,
        read_only: bool,
    ) -> None:
        self.ready = asyncio.Event()
        self._cloud = cloud
        self._clock = clock
        self._read_only = read_only
        self._publish = publish
        self._me = secrets.token_hex(8)
        self.by_id: dict[str, Job] = {}
        self._publisher = Publisher(clock, lambda: cloud.project, publish, self.by_id)
        self.unreadable: Mapping[str, UnreadableJob] = self._publisher.unreadable
        self._access = TokenAccess(polls)
        self._own_jobs = OwnJobs()
        self._context = LeadingContext(cloud, clock, fleet, self._access, self._own_jobs, self._publisher)
        self._folder: ProjectFolder | None = None
        self._following: Following | None = None
        self._leading: Leading | None = None
        self._unusable: JournalError | None = None
        self._cursor: JournalCursor | None = None
        self._wake = asyncio.Event()
        self._steps_back = False

    # -- what it knows ------------------------------------------------------------------------------------------

    @property
    def role(self) -> Role:
        """Whether this process sends."""
        if self._read_only:
            return Role.OBSERVER
        return Role.LEADER if self._leading is not None else Role.FOLLOWER

    @property
    def leader(self) -> LeaderView | None:
        """The other process that sends, if one does."""
        return self._following.leader if self._following and self._leading is None else None

    @property
    def halted(self) -> Failure | None:
        """Why nothing is sent at present, if so."""
        if self._unusable is not None:
            return self._unusable.failure
        if self._leading is not None:
            return self._leading.engine.halted
        return None if self._read_only or self.leader else self._access.refusal

    @property
    def targets(self) -> PollTargets:
        """What the jobs need to know next."""
        if self._leading is not None:
            return self._leading.engine.targets
        following = poll_targets(self.by_id.values())
        return PollTargets(actions=following.actions | following.switching)

    def observe(self, observation: Observation) -> None:
        """Hands on what a poll saw. A follower only learns how far its snapshots are."""
        self._access.answered()
        self._wake.set()
        if self._leading is not None:
            self._leading.engine.observe(observation, self._context.fleet())
            return
        progress = {action.id: action.progress for action in observation.running or ()}
        for job in self.by_id.values():
            percent = progress.get(job.main_request.action_id or 0)
            if percent is not None and not job.state.ended and percent > job.percent:
                self.by_id[job.id] = replace(job, percent=percent)

    async def batches(self, limit: int = 50) -> Sequence[BatchSummary]:
        """Past and present batches, newest first. Raises `RefusedError`."""
        with _refusing():
            if self._unusable is not None and self._folder is None:
                raise self._unusable
            found = await self._folder.journal.batches(limit) if self._folder else ()
        of_project = [batch.of_project(self._cloud.project) for batch in found]
        return [BatchSummary.of(batch.id, batch.created, batch.jobs) for batch in of_project]

    def pending_work(self) -> PendingWork:
        """What this process has under way."""
        return PendingWork.of(self.by_id.values(), self.role, self.leader)

    async def remember(self, identity: str) -> None:
        """Keeps a copy of what the project is known by in the journal. Raises `JournalError`."""
        if self._folder is not None and not self._read_only:
            await self._folder.journal.remember(identity)

    # -- what a person decides -----------------------------------------------------------------------------------

    async def submit(self, request: BatchRequest) -> str:
        """Writes the whole batch down, then starts it; gives its ID. Raises `RefusedError`."""
        journal = (await self._folder_for_writing()).journal
        now = self._clock.now()
        batch = secrets.token_hex(6)
        jobs = request.jobs(batch, self._cloud.project, now, lambda: secrets.token_hex(8))
        events = [milestone(job, now, JobEventKind.QUEUED) for job in jobs]
        self._own_jobs.batch(batch)
        with _refusing():
            await journal.add_batch(batch, now, jobs, events, self._me)
        if self._leading is not None:
            self._leading.begin(jobs, events)
        else:
            self._publisher.queued(batch, jobs)
            self._wake.set()
        return batch

    async def cancel(self, job_ids: Iterable[str]) -> int:
        """Cancels those that have not sent their snapshot yet; gives how many. Raises `RefusedError`."""
        return await self._request(JobCommandKind.CANCEL, job_ids)

    async def release(self, job_ids: Iterable[str]) -> int:
        """Approves held jobs; gives how many went on. Raises `RefusedError`."""
        return await self._request(JobCommandKind.RELEASE, job_ids)

    async def retry(self, job_ids: Iterable[str]) -> int:
        """Tries failed and unknown ones again; gives how many. Raises `RefusedError`."""
        return await self._request(JobCommandKind.RETRY, job_ids)

    async def _request(self, kind: JobCommandKind, job_ids: Iterable[str]) -> int:
        command = JobCommand(kind, fitting(kind, job_ids, self.by_id))
        if command.jobs:
            await self._apply(command)
        return len(command.jobs)

    async def _apply(self, command: JobCommand) -> None:
        """Here, or through the process that sends."""
        folder = await self._folder_for_writing()
        if command.kind is not JobCommandKind.CANCEL:
            self._own_jobs.approve(command.jobs)
        if self._leading is not None and not self._leading.resigned.is_set():
            self._leading.apply(command)
            return
        with _refusing():
            await folder.journal.add_command(command)
        if command.kind is not JobCommandKind.CANCEL:
            halted = self.halted
            self._access.retry()
            self._tell_resumed(halted)
        self._wake.set()

    async def leave(self, *, cancel_waiting: bool) -> None:
        """Starts nothing more, and returns when no server is off because of this process: when another one has taken
        over all jobs, or all are powered on. `run` must go on meanwhile. Raises `RefusedError`."""
        if cancel_waiting:
            await self.cancel([job.id for job in self.pending_work().waiting])
        if self._folder is None:
            return
        await self.leadership_is_clear()
        if self._leading is None:
            self._steps_back = True
            self._folder.step_back()
        elif not await self._handed_over(self._folder, self._leading) and self._leading is not None:
            await self._leading.leave()

    async def leadership_is_clear(self) -> None:
        """Returns when this process leads, follows one that does, or can't come to lead. It takes a moment after the
        start: until then the jobs are as the journal has them, and nobody acts on them."""
        while self._leading is None and self.leader is None and self._may_lead:
            await self._clock.sleep(LOOK_EVERY / 5)

    @property
    def _may_lead(self) -> bool:
        usable = self._folder is not None and self._unusable is None
        return usable and not self._read_only and self._access.proven and not self._steps_back

    async def _handed_over(self, folder: ProjectFolder, leading: Leading) -> bool:
        """Whether another process that lives, and has access, goes on with everything."""
        if not (folder.candidates() or leading.resigned.is_set()):
            return False
        self._steps_back = True
        folder.step_back()
        leading.resigned.set()
        while self._leading is leading:
            await self._clock.sleep(LOOK_EVERY / 5)
        given_up = self._clock.monotonic()
        while self._unusable is None and self._leading is None:
            late = self._clock.monotonic() - given_up >= TAKEN_WITHIN or not folder.candidates()
            if self.leader is not None or (late and not self._access.proven):
                return True
            self._steps_back = not late
            await self._clock.sleep(LOOK_EVERY / 5)
        return self._leading is None

    async def _folder_for_writing(self) -> ProjectFolder:
        if self._read_only:
            raise RefusedError(READ_ONLY)
        if self._unusable is None:
            await self.ready.wait()
        with _refusing():
            if self._unusable is not None:
                raise self._unusable
            if self._folder is None:
                raise JournalError("there is no journal yet", "Wait until the servers are listed.")
        return self._folder

    # -- running ------------------------------------------------------------------------------------------------

    async def run(self, path: Path, identity: str | None = None) -> None:
        """Opens the journal in the project's folder and works until cancelled; sends when no other process does.

        `identity` is what the project is known by.
        """
        try:
            folder = self._folder = await open_project_folder(path, self._me)
        except JournalError as error:
            self.fail(error)
            return
        following = self._following = Following(folder.leader_lock, self._clock, self._cloud.project, self._publish)
        try:
            if identity is not None:
                await self.remember(identity)
            while True:
                await self._follow(folder, following)
                await self._lead(folder)
                following.update(free=True)
        except JournalError as error:
            self.fail(error)
        finally:
            await folder.close()

    def fail(self, error: JournalError) -> None:
        """There is no usable journal: the reason is shown, and nothing can be sent."""
        self._unusable = error
        self.ready.set()
        self._publisher.halted(error.failure)

    async def _lead(self, folder: ProjectFolder) -> None:
        """Takes over what is in the journal and sends, until this process gives the right up."""
        try:
            taken = await folder.journal.take_over(self._cursor)
            self._leading = Leading(self._context, folder, taken)
            await self._leading.run()
            self._own_jobs.refused_here(self.by_id.values())
            await self._read_all(folder)
        finally:
            self._leading = None
            folder.leader_lock.release()
        if self._access.refusal is not None:
            self._publisher.warn_of_servers_off()

    async def _follow(self, folder: ProjectFolder, following: Following) -> None:
        """Reads what the process that sends has written, until the right to send is this process's."""
        while True:
            await self._read_changes(folder)
            if not self._read_only and self._takes_the_lead(folder, following):
                return
            self._wake.clear()
            await pause(self._clock, self._wake, LOOK_EVERY)

    def _takes_the_lead(self, folder: ProjectFolder, following: Following) -> bool:
        may = self._may_lead
        if not self._steps_back:
            folder.alive.show()
        if may:
            folder.candidate.show()
            if folder.leader_lock.try_to_lead():
                return True
        else:
            folder.candidate.hide()
        halted = self.halted
        following.update(free=not may and folder.leader_lock.is_free())
        self._tell_resumed(halted)
        return False

    async def _read_changes(self, folder: ProjectFolder) -> None:
        if self._cursor is None:
            await self._read_all(folder)
            self.ready.set()
        changes = await folder.journal.since(self._cursor or JournalCursor())
        self._cursor = changes.cursor
        await self._apply_changes(folder, changes)

    async def _read_all(self, folder: ProjectFolder) -> None:
        """How all jobs stand, without what has happened to them so far: that is known, or no news."""
        taken = await folder.journal.take_over(None)
        self._cursor = taken.changes.cursor
        for job in taken.jobs:
            self.by_id[job.id] = self._publisher.of_this_project(job)
        self._publisher.report_unreadable(taken.unreadable)

    async def _apply_changes(self, folder: ProjectFolder, changes: JournalChanges) -> None:
        """What another process has done. A job of ours that its token was refused goes on here, or with a third."""
        refused = [job.id for job in changes.jobs if self._own_jobs.goes_on(job) and self._access.proven]
        for job in changes.jobs:
            known = self._publisher.of_this_project(job)
            self.by_id[job.id] = goes_on(known) if job.id in refused else known
        self._publisher.report_unreadable(changes.unreadable)
        self._publisher.publish_all(changes.events)
        if refused:
            self._own_jobs.refused_elsewhere(refused)
            await folder.journal.add_command(JobCommand(JobCommandKind.RELEASE, tuple(refused)))

    def _tell_resumed(self, halted: Failure | None) -> None:
        if halted is not None and self.halted is None:
            self._publisher.resumed()


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """Without the journal nothing that a person asks for can be done."""
    try:
        yield
    except JournalError as error:
        raise RefusedError(f"{error}. {error.failure.advice}") from error
