"""What the screens ask of the program below them, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hsnap_tui.cloud.api import RateLimitStatus
from hsnap_tui.cloud.model import Action
from hsnap_tui.common.clock import Clock
from hsnap_tui.events import Event, Failure, Role
from hsnap_tui.fleet.state import Fleet
from hsnap_tui.jobs.core.model import Job, SnapshotRequest
from hsnap_tui.jobs.store.leader import LeaderView


class RefusedError(Exception):
    """What a person asked for cannot be done; the text says why and what to do, in a sentence or two."""


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """How live the picture is. `stale_since` is set while polls fail, with the failure.

    `interval` is the present time between polls in seconds; `slowed_by` says in words why it is longer than it could
    be (budget, focus), or is none. `full_list` is the time between lists of all servers in seconds: between them,
    only servers are looked at that are locked, that actions run on or that jobs wait for.
    """

    interval: float
    slowed_by: str | None = None
    stale_since: datetime | None = None
    failure: Failure | None = None
    full_list: float | None = None


@dataclass(frozen=True, slots=True)
class PendingWork:
    """What is under way, for the question before the program is left."""

    waiting: tuple[Job, ...] = ()
    running: tuple[Job, ...] = ()
    off: tuple[Job, ...] = ()
    """Jobs whose servers are off, or about to go off, because of us."""


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """One batch of the journal, for looking back."""

    id: str
    created: datetime
    ended: datetime | None
    jobs: tuple[Job, ...]


class SessionInterface(Protocol):
    """One project's session: the live fleet, the jobs, and what a person may do. All on one event loop."""

    @property
    def title(self) -> str:
        """The project as the person knows it: a context's name, or "demo"."""
        ...

    @property
    def clock(self) -> Clock: ...

    @property
    def read_only(self) -> bool:
        """Whether `--read-only` forbids everything that changes a server."""
        ...

    @property
    def fleet(self) -> Fleet: ...

    @property
    def jobs(self) -> Mapping[str, Job]:
        """Jobs that have not ended, and those that ended while this program runs; by ID, oldest first."""
        ...

    @property
    def connection(self) -> ConnectionStatus: ...

    @property
    def role(self) -> Role: ...

    @property
    def leader(self) -> LeaderView | None:
        """The other process that sends for this project, if one does, and whether it stands still."""
        ...

    @property
    def halted(self) -> Failure | None:
        """Why nothing is sent at the moment, if so."""
        ...

    @property
    def watched(self) -> frozenset[int]:
        """Servers that are watched until their lock clears."""
        ...

    def budget(self) -> RateLimitStatus: ...

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Calls `listener` on the event loop with each event; the result unsubscribes."""
        ...

    async def run(self) -> None:
        """Polls and works until cancelled or left."""
        ...

    async def submit(self, request: SnapshotRequest) -> str:
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

    def watch(self, server_id: int) -> bool:
        """Watches a server until its lock clears, or stops watching it; gives whether it is watched now."""
        ...

    async def refresh(self) -> None:
        """Reads everything anew, now."""
        ...

    async def server_actions(self, server_id: int) -> Sequence[Action]:
        """The newest actions of a server, newest first. Raises `CloudError`."""
        ...

    async def batches(self, limit: int = 50) -> Sequence[BatchSummary]:
        """Past and present batches, newest first. Raises `RefusedError` when the journal cannot be read."""
        ...

    def set_focus(self, focused: bool) -> None:
        """Tells whether somebody looks at the screen: the terminal has the focus and was used lately."""
        ...

    def pending_work(self) -> PendingWork:
        """What is under way now."""
        ...

    async def leave(self, *, cancel_waiting: bool) -> None:
        """Stops new work, then returns when every server that is off because of us is switched on again."""
        ...
