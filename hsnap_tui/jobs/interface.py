"""What screens and commands ask of a project's jobs, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

from hsnap_tui.events import Failure, Role
from hsnap_tui.jobs.core.groups import servers_off, with_snapshot_request, without_snapshot_request
from hsnap_tui.jobs.core.job_kind import BatchRequest
from hsnap_tui.jobs.core.model import Job
from hsnap_tui.jobs.store.leader import LeaderView

READ_ONLY = "hsnap-tui was started with --read-only: nothing that changes a server is sent."


class RefusedError(Exception):
    """What a person asked for cannot be done; the text says why and what to do, in a sentence or two."""


@dataclass(frozen=True, slots=True)
class PendingWork:
    """What is under way, for the question before the program is left."""

    waiting: tuple[Job, ...] = ()
    running: tuple[Job, ...] = ()
    off: tuple[Job, ...] = ()
    """Jobs whose servers are off, or about to go off, because of us."""

    @classmethod
    def of(cls, jobs: Iterable[Job], role: Role, leader: LeaderView | None) -> Self:
        """What a process has under way; a follower's jobs go on with the one that sends, if there is one."""
        if role is Role.OBSERVER or leader is not None:
            return cls()
        jobs = tuple(jobs)
        return cls(without_snapshot_request(jobs), with_snapshot_request(jobs), servers_off(jobs))


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """One batch of the journal, for looking back."""

    id: str
    created: datetime
    ended: datetime | None
    jobs: tuple[Job, ...]

    @classmethod
    def of(cls, batch: str, created: datetime, jobs: tuple[Job, ...]) -> Self:
        """A batch as its jobs stand: it has ended when all of them have, with the last one."""
        ended = [job.ended for job in jobs]
        last = None if any(at is None for at in ended) else max((at for at in ended if at), default=None)
        return cls(batch, created, last, jobs)


class JobsInterface(Protocol):
    """All jobs of one project, and what a person may do with them."""

    @property
    def by_id(self) -> Mapping[str, Job]:
        """Jobs that have not ended, and those that ended while this program runs; oldest first."""
        ...

    @property
    def role(self) -> Role:
        """Whether this process sends."""
        ...

    @property
    def leader(self) -> LeaderView | None:
        """The other process that sends for this project, if one does, and whether it stands still."""
        ...

    @property
    def halted(self) -> Failure | None:
        """Why nothing is sent at the moment, if so."""
        ...

    async def submit(self, request: BatchRequest) -> str:
        """Writes a batch to the journal and starts it; gives the batch's ID. Raises `RefusedError`: the journal
        cannot be written, or `--read-only`."""
        ...

    async def cancel(self, job_ids: Iterable[str]) -> int:
        """Cancels those that have not sent their snapshot yet; gives how many. Raises `RefusedError`."""
        ...

    async def release(self, job_ids: Iterable[str]) -> int:
        """Approves held jobs; gives how many went on. Raises `RefusedError`."""
        ...

    async def retry(self, job_ids: Iterable[str]) -> int:
        """Tries failed and unknown ones again; gives how many. Raises `RefusedError`."""
        ...

    async def batches(self, limit: int = 50) -> Sequence[BatchSummary]:
        """Past and present batches, newest first. Raises `RefusedError` when the journal cannot be read."""
        ...

    def pending_work(self) -> PendingWork:
        """What this process has under way now."""
        ...

    async def leave(self, *, cancel_waiting: bool) -> None:
        """Stops new work, then returns when every server that is off because of us is powered on again."""
        ...
