"""A session as screens see it, in a situation that a test asks for: the real one, or the screens' fake."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hsnap_tui.demo.serving.server import Served
from hsnap_tui.events import Event, JobEvent, Role
from hsnap_tui.jobs.core.model import (
    HoldReason,
    IfLocked,
    JobState,
    Phase,
    SnapshotJob,
    SnapshotOptions,
    SnapshotRequest,
    Target,
)
from hsnap_tui.jobs.store.leader import LeaderView
from hsnap_tui.session.interface import SessionInterface
from tests.jobs.support import Desk, desk, simulated
from tests.tui.fake_session import LIMIT, FakeSession, job, lock_holder, view

KINDS = ("leader", "follower", "fake leader", "fake follower")
LONG = 100_000.0
"""Seconds that are longer than any test waits."""

_CLOUD: dict[JobState, dict[str, Any]] = {
    JobState.NEEDS_APPROVAL: {"snapshot_limit": 1},
    JobState.CREATING: {"snapshot_seconds": (LONG, LONG)},
    JobState.FAILED: {"action_failure_rate": 1.0, "failing_commands": ("create_image",)},
}
"""A simulated cloud on which snapshots come to stand so."""


@dataclass
class Stage(ABC):
    """A session, what it has told, and hands to move the world with."""

    session: SessionInterface
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session.subscribe(self.events.append)

    @property
    def free(self) -> list[int]:
        """Servers that nothing locks, by ID."""
        return [key for key, entry in self.session.fleet.views.items() if not entry.server.locked]

    def told(self, job_id: str) -> list[str]:
        """What happened to a job, in order."""
        return [event.kind.value for event in self.events if isinstance(event, JobEvent) and event.job == job_id]

    def request(self, servers: Sequence[int], options: SnapshotOptions | None = None) -> SnapshotRequest:
        """Snapshots of servers."""
        names = {key: self.session.fleet.views[key].server.name for key in servers}
        return SnapshotRequest(
            tuple(Target(key, name, "d") for key, name in names.items()), options or SnapshotOptions()
        )

    async def submit(self, servers: Sequence[int], options: SnapshotOptions | None = None) -> list[str]:
        """Submits a batch; gives the IDs of its jobs."""
        batch = await self.session.jobs.submit(self.request(servers, options))
        await self.until(lambda: any(one.batch == batch for one in self.session.jobs.by_id.values()))
        return [one.id for one in self.session.jobs.by_id.values() if one.batch == batch]

    async def job_in(self, state: JobState) -> str:
        """A job that has come to stand so; gives its ID."""
        target = self.free[0]
        if state in (JobState.WAITING, JobState.SKIPPED, JobState.CANCELLED):
            await self.lock(target)
        skip = SnapshotOptions(if_locked=IfLocked.SKIP if state is JobState.SKIPPED else IfLocked.WAIT)
        (made,) = await self.submit([target], skip)
        if state is JobState.CANCELLED:
            await self.until(lambda: self.state(made) is JobState.WAITING)
            await self.session.jobs.cancel([made])
        self.arrange(made, state)
        await self.until(lambda: self.state(made) is state)
        return made

    def state(self, job_id: str) -> JobState:
        """How a job stands."""
        return self.session.jobs.by_id[job_id].state

    @abstractmethod
    def arrange(self, job_id: str, state: JobState) -> None:
        """Lets Hetzner answer so that the job comes to stand like that."""

    @abstractmethod
    async def until(self, condition: Callable[[], bool]) -> None:
        """Returns when it is so."""

    @abstractmethod
    async def lock(self, server_id: int) -> None:
        """Lets somebody else hold a server, and the session see it."""

    @abstractmethod
    async def unlock(self, server_id: int) -> None:
        """Lets that lock clear."""


@dataclass
class RealStage(Stage):
    """A session at work on the simulated cloud, in one virtual time with it."""

    at: Desk = field(kw_only=True)
    leader: SessionInterface = field(kw_only=True)
    served: Served = field(kw_only=True)

    def arrange(self, job_id: str, state: JobState) -> None:
        """The cloud was made for it."""

    async def until(self, condition: Callable[[], bool]) -> None:
        await self.at.until(condition)

    async def lock(self, server_id: int) -> None:
        self.served.call(lambda cloud: cloud.lock(server_id, command="reboot_server", seconds=LONG))
        for session in (self.session, self.leader):
            await session.refresh()
            await self.until(lambda seen=session: seen.fleet.views[server_id].server.locked)  # type: ignore[misc]

    async def unlock(self, server_id: int) -> None:
        self.served.call(lambda cloud: cloud.unlock(server_id))


@dataclass
class FakeStage(Stage):
    """The session of the screens' tests."""

    fake: FakeSession = field(kw_only=True)

    def arrange(self, job_id: str, state: JobState) -> None:
        known = self.fake.jobs.by_id[job_id]
        if known.state is state:
            return
        assert isinstance(known, SnapshotJob)
        server = self.fake.fleet.views[known.server_id].server
        made = replace(job(0, server, state), id=job_id, batch=known.batch, created=known.created)
        if state is JobState.NEEDS_APPROVAL:
            made = replace(made, hold=HoldReason.LIMIT, failure=LIMIT)
        if state is JobState.FAILED:
            made = replace(made, create_image=replace(made.create_image, phase=Phase.ACCEPTED), failure=LIMIT)
        self.fake.jobs.by_id[job_id] = made

    async def until(self, condition: Callable[[], bool]) -> None:
        assert condition(), "nothing that is not so at once ever will be"

    async def lock(self, server_id: int) -> None:
        before = self.fake.fleet.views[server_id]
        holder = lock_holder(server_id, "reboot_server", 10, timedelta(seconds=5))
        self.fake.put(view(before.server, holder))

    async def unlock(self, server_id: int) -> None:
        self.fake.unlock(server_id)


@contextlib.asynccontextmanager
async def stage(
    kind: str, folder: Path, leads_to: JobState = JobState.DONE, *, read_only: bool = False, journal: bool = True
) -> AsyncIterator[Stage]:
    """A session of that kind; on its cloud, snapshots come to stand as `leads_to` says. `journal`: it can be used."""
    if kind.startswith("fake"):
        fake = FakeSession()
        fake.read_only = read_only
        fake.jobs.refuse = None if journal else "The journal cannot be used."
        if kind == "fake follower":
            fake.jobs.role, fake.jobs.leader = Role.FOLLOWER, LeaderView(4711)
        yield FakeStage(fake, fake=fake)
        return
    if not journal:
        folder /= "state"
        folder.write_text("a file in the way")
    with simulated(**_CLOUD.get(leads_to, {})) as served:
        async with contextlib.AsyncExitStack() as stack:
            first: Desk | None = None
            if kind == "follower":
                first = await stack.enter_async_context(desk(served, folder))
                await _leads(first)
            at = await stack.enter_async_context(desk(served, folder, read_only=read_only))
            await at.session.listed()
            await at.session.jobs.ready.wait()
            if journal and not read_only:
                other = kind == "follower"
                await at.until(lambda: (at.session.jobs.role is not Role.LEADER) is other)
                await at.until(lambda: (at.session.jobs.leader is not None) is other)
            yield RealStage(at.session, at=at, leader=(first or at).session, served=served)


async def _leads(at: Desk) -> None:
    await at.until(lambda: at.session.jobs.role is Role.LEADER)
