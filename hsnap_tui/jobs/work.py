"""The jobs of a project as this process takes part in them: sending itself, or following the one that does."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hsnap_tui.clock import Clock
from hsnap_tui.cloud.api import CloudApi
from hsnap_tui.events import (
    BatchEnded,
    BatchQueued,
    Event,
    Failure,
    JobEvent,
    JobEventKind,
    Notice,
    Role,
    RoleChanged,
    SendingHalted,
)
from hsnap_tui.fleet.interests import Interests
from hsnap_tui.fleet.state import Fleet, Observation
from hsnap_tui.jobs.engine import Engine
from hsnap_tui.jobs.errors import BrokenJournalError, JournalError, ReadOnlyError
from hsnap_tui.jobs.journal import Batch, Journal, Mark, Wish, WishKind
from hsnap_tui.jobs.leader import Leader
from hsnap_tui.jobs.model import Job, JobState, Power, SnapshotRequest
from hsnap_tui.jobs.observations import Cancel, JobObservation, Release, Retry, Turn
from hsnap_tui.jobs.resume import resume
from hsnap_tui.jobs.wants import interests

LOOK_EVERY = 0.5
"""Seconds between two looks at what other processes have written."""

_OBSERVATION: Mapping[WishKind, Callable[[], JobObservation]] = {
    WishKind.CANCEL: Cancel,
    WishKind.RELEASE: Release,
    WishKind.RETRY: Retry,
}

_ENDS = frozenset({JobEventKind.DONE, JobEventKind.SKIPPED, JobEventKind.CANCELLED})


@dataclass(frozen=True, slots=True)
class _Opened:
    """What there is once the project's folder is known."""

    folder: Path
    journal: Journal
    leader: Leader


class Work:
    """All jobs of one project. `run` needs the project's folder, so it is called once that is known."""

    def __init__(
        self,
        cloud: CloudApi,
        clock: Clock,
        publish: Callable[[Event], None],
        fleet: Callable[[], Fleet],
        *,
        read_only: bool,
    ) -> None:
        self.jobs: dict[str, Job] = {}
        self.role = Role.OBSERVER if read_only else Role.FOLLOWER
        self.ready = asyncio.Event()
        self._cloud = cloud
        self._clock = clock
        self._publish = publish
        self._fleet = fleet
        self._read_only = read_only
        self._opened: _Opened | None = None
        self._engine: Engine | None = None
        self._unusable: JournalError | None = None
        self._own: set[str] = set()
        self._ends: dict[str, set[str]] = {}
        self._sizes: Counter[str] = Counter()
        self._mark = Mark()

    # -- what it knows ------------------------------------------------------------------------------------------

    @property
    def halted(self) -> Failure | None:
        """Why nothing is sent at present, if so."""
        if self._unusable is not None:
            return self._unusable.failure
        return self._engine.halted if self._engine else None

    @property
    def interests(self) -> Interests:
        """What the jobs need to know next."""
        if self._engine is not None:
            return self._engine.interests
        following = interests(self.jobs.values())
        return Interests(actions=following.actions | following.switching)

    def observe(self, observation: Observation) -> None:
        """Hands on what a poll saw. A follower only learns how far its snapshots are."""
        if self._engine is not None:
            self._engine.observe(observation, self._fleet())
            return
        progress = {action.id: action.progress for action in observation.running or ()}
        for job in self.jobs.values():
            percent = progress.get(job.create.action_id or 0)
            if percent is not None and not job.state.ended and percent > job.percent:
                self.jobs[job.id] = replace(job, percent=percent)

    async def batches(self, limit: int) -> Sequence[Batch]:
        """The newest batches of the journal, newest first."""
        return await self._opened.journal.batches(limit) if self._opened else ()

    # -- what a person wants ------------------------------------------------------------------------------------

    async def submit(self, request: SnapshotRequest) -> str:
        """Writes the whole batch down, then starts it. Raises `ReadOnlyError`, `JournalError`."""
        journal = (await self._for_writing()).journal
        now = self._clock.now()
        batch = secrets.token_hex(6)
        jobs = [
            Job(
                id=secrets.token_hex(8),
                batch=batch,
                project=self._cloud.project,
                server_id=target.server_id,
                server_name=target.server_name,
                description=target.description,
                options=request.options,
                created=now,
            )
            for target in request.targets
        ]
        events = [
            JobEvent(now, job.project, JobEventKind.QUEUED, batch, job.id, job.server_id, job.server_name)
            for job in jobs
        ]
        self._own.add(batch)
        await journal.add_batch(batch, now, jobs, events)
        if self._engine is not None:
            self._begin(jobs, events)
        return batch

    async def say(self, kind: WishKind, job_ids: Iterable[str]) -> None:
        """Cancels, releases or retries jobs, here or through the process that sends."""
        wish = Wish(kind, tuple(job_ids))
        opened = await self._for_writing()
        if self._engine is not None:
            self._grant(wish)
        else:
            await opened.journal.wish(wish)

    async def leave(self) -> None:
        """Starts nothing more, and returns when no server is off because of this process."""
        if self._engine is not None:
            await self._engine.leave()

    async def _for_writing(self) -> _Opened:
        if self._read_only:
            raise ReadOnlyError
        if self._unusable is not None:
            raise self._unusable
        await self.ready.wait()
        if self._unusable is not None:
            raise self._unusable
        if self._opened is None:
            raise JournalError("there is no journal yet", "Wait until the servers are listed.")
        return self._opened

    # -- its life -----------------------------------------------------------------------------------------------

    async def run(self, folder: Path) -> None:
        """Opens the journal and works until cancelled; sends when no other process does."""
        try:
            await self._open(folder)
        except JournalError as error:
            self.fail(error)
            await asyncio.Event().wait()
        opened = self._opened
        if opened is None:
            return
        try:
            while not await self._may_send(opened):
                await self._follow_a_while(opened)
            await self._hold(opened)
        except JournalError as error:
            self.fail(error)
            await asyncio.Event().wait()
        finally:
            if self._engine is not None:
                opened.leader.release()
            await opened.journal.close()

    def fail(self, error: JournalError) -> None:
        """There is no usable journal: the reason is shown, and nothing can be sent."""
        self._unusable = error
        self.ready.set()
        self._publish(SendingHalted(self._clock.now(), self._cloud.project, error.failure))

    async def _open(self, folder: Path) -> None:
        leader = Leader(folder)
        path = folder / "journal.sqlite3"
        journal = Journal(path)
        try:
            await journal.open()
        except BrokenJournalError as error:
            await journal.close()
            if self._read_only or not leader.try_to_hold():
                raise
            aside = _set_aside(path, f"{self._clock.now():%Y%m%d-%H%M%S}")
            leader.release()
            journal = Journal(path)
            await journal.open()
            text = f"{error}. It was set aside as {aside.name}. {error.failure.advice}"
            self._publish(Notice(self._clock.now(), self._cloud.project, text, warning=True))
        self._opened = _Opened(folder, journal, leader)

    async def _may_send(self, opened: _Opened) -> bool:
        return not self._read_only and opened.leader.try_to_hold()

    async def _follow_a_while(self, opened: _Opened) -> None:
        """Reads what the process that sends has written, and tells it."""
        if not self.ready.is_set():
            self._mark = await opened.journal.mark()
            for job in await opened.journal.open_jobs():
                self.jobs[job.id] = self._ours(job)
            pid = None if self._read_only else opened.leader.holder_pid()
            self._publish(RoleChanged(self._clock.now(), self._cloud.project, self.role, pid))
            self.ready.set()
        changes = await opened.journal.since(self._mark)
        self._mark = changes.mark
        for job in changes.jobs:
            self.jobs[job.id] = self._ours(job)
        for event in changes.events:
            self._tell(replace(event, project=self._cloud.project))
        await self._clock.sleep(LOOK_EVERY)

    async def _hold(self, opened: _Opened) -> None:
        """Takes over what is in the journal and sends, until cancelled."""
        self.role = Role.HOLDER
        left = [self._ours(job) for job in await opened.journal.open_jobs()]
        self._mark = await opened.journal.mark()
        turn = Turn(self._clock.now(), clock_offset=self._cloud.clock_offset)
        engine = Engine(self._cloud, opened.journal, self._clock, self._tell, self.jobs)
        engine.begin_with([resume(job, turn, own=job.batch in self._own) for job in left])
        self._engine = engine
        self._publish(RoleChanged(self._clock.now(), self._cloud.project, self.role))
        self.ready.set()
        async with asyncio.TaskGroup() as group:
            group.create_task(engine.run())
            group.create_task(self._mind_others(opened))

    async def _mind_others(self, opened: _Opened) -> None:
        """Takes over what other processes on this machine put into the journal."""
        version = None
        while True:
            try:
                current = await opened.journal.version()
                if current != version:
                    version = current
                    await self._take_new(opened)
            except JournalError as error:
                self._publish(Notice(self._clock.now(), self._cloud.project, str(error), warning=True))
                await self._clock.sleep(10 * LOOK_EVERY)
            await self._clock.sleep(LOOK_EVERY)

    async def _take_new(self, opened: _Opened) -> None:
        changes = await opened.journal.since(self._mark)
        self._mark = changes.mark
        fresh = [self._ours(job) for job in changes.jobs if job.id not in self.jobs]
        ids = {job.id for job in fresh}
        self._begin(fresh, [event for event in changes.events if event.job in ids])
        for wish in await opened.journal.take_wishes():
            self._grant(wish)

    def _begin(self, jobs: Sequence[Job], events: Iterable[JobEvent]) -> None:
        fresh = [job for job in jobs if job.id not in self.jobs]
        if not fresh or self._engine is None:
            return
        for batch in dict.fromkeys(job.batch for job in fresh):
            count = sum(job.batch == batch for job in fresh)
            self._publish(BatchQueued(self._clock.now(), self._cloud.project, batch, count))
        for event in events:
            self._publish(replace(event, project=self._cloud.project))
        self._engine.take(fresh, self._fleet())

    def _grant(self, wish: Wish) -> None:
        if self._engine is None:
            return
        if wish.kind is not WishKind.CANCEL:
            self._engine.allow()
        for job_id in wish.jobs:
            self._engine.tell(job_id, _OBSERVATION[wish.kind]())

    def _ours(self, job: Job) -> Job:
        return replace(job, project=self._cloud.project)

    def _tell(self, event: Event) -> None:
        self._publish(event)
        if isinstance(event, JobEvent):
            self._note_end(event)

    def _note_end(self, event: JobEvent) -> None:
        """The batch has ended when the end of each of its jobs was told; a job tried again has another end."""
        told = self._ends.setdefault(event.batch, set())
        if event.kind is JobEventKind.RELEASED:
            told.discard(event.job)
        elif self._is_end(event) and event.job not in told:
            told.add(event.job)
            if len(told) >= self._size_of(event.batch):
                self._tell_end_of(event.batch, told)

    def _size_of(self, batch: str) -> int:
        """How many jobs the batch has; counted again only when there are others than before."""
        if self._sizes.total() != len(self.jobs):
            self._sizes = Counter(job.batch for job in self.jobs.values())
        return self._sizes[batch]

    def _is_end(self, event: JobEvent) -> bool:
        """A failed job is over when its server is on again; for the others their own event is the last."""
        job = self.jobs.get(event.job)
        return event.kind in _ENDS or (job is not None and job.state is JobState.FAILED)

    def _tell_end_of(self, batch: str, told: Collection[str]) -> None:
        jobs = [job for job in self.jobs.values() if job.batch == batch]
        if not all(job.state.ended and job.id in told for job in jobs):
            return
        outcomes = [job.state for job in jobs]
        last = max(job.ended or job.created for job in jobs)
        self._publish(
            BatchEnded(
                self._clock.now(),
                self._cloud.project,
                batch,
                done=outcomes.count(JobState.DONE),
                failed=outcomes.count(JobState.FAILED),
                skipped=outcomes.count(JobState.SKIPPED),
                cancelled=outcomes.count(JobState.CANCELLED),
                seconds=(last - jobs[0].created).total_seconds(),
            )
        )


def servers_off(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """Jobs whose servers are off because of us, or are watched because they may still go off."""
    return tuple(job for job in jobs if job.power is Power.OWED or job.watching)


def _set_aside(path: Path, stamp: str) -> Path:
    """Moves a broken journal out of the way, with the files that SQLite keeps beside it."""
    aside = path.with_name(f"{path.stem}.broken-{stamp}{path.suffix}")
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + suffix))
    return aside
