"""A session at work on a simulated cloud over real HTTP, both in one virtual time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hsnap_tui.cloud.client import HetznerCloud
from hsnap_tui.config.secret import Secret
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import Served, serve_in_thread
from hsnap_tui.events import Event, JobEvent, JobEventKind
from hsnap_tui.fleet.poll_targets import PollScope
from hsnap_tui.jobs.core.model import JOB_LABEL, SnapshotJob, SnapshotOptions, SnapshotRequest, Target
from hsnap_tui.jobs.store.project_identity import ProjectIdentity, fingerprint, provisional_id
from hsnap_tui.session.session import Session
from tests.clocks.moving import MovingClock

SPEED = 30.0


@contextlib.contextmanager
def simulated_in_scaled_time(**options: object) -> Iterator[Served]:
    """A calm cloud whose clock runs `SPEED` times as fast as the machine's."""
    chosen = {"servers": 4, "calm": True, "speed": SPEED, "rate_limit": 100_000, **options}
    with serve_in_thread(options=DemoOptions(**chosen)) as served:  # type: ignore[arg-type]
        yield served
        assert served.defects == []


@contextlib.contextmanager
def simulated(**options: object) -> Iterator[Served]:
    """A calm cloud in a virtual time that goes on while a session is at work."""
    chosen = {"servers": 4, "calm": True, "rate_limit": 100_000, **options}
    with serve_in_thread(options=DemoOptions(**chosen), clock=MovingClock()) as served:  # type: ignore[arg-type]
        yield served
        assert served.defects == []


@dataclass
class Desk:
    """A session and what it told."""

    session: Session
    cloud: HetznerCloud
    clock: MovingClock
    events: list[Event] = field(default_factory=list)

    def told(self, kind: JobEventKind) -> list[JobEvent]:
        """The milestones of a kind."""
        return [event for event in self.events if isinstance(event, JobEvent) and event.kind is kind]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits for the condition."""
        await self.clock.until(condition)

    async def start(self, options: SnapshotOptions | None = None, names: set[str] | None = None) -> str:
        """Submits a batch of all servers, or of those named."""
        await self.session.listed()
        servers = [view.server for view in self.session.fleet.views.values()]
        targets = tuple(
            Target(server.id, server.name, f"{server.name}-snapshot")
            for server in servers
            if names is None or server.name in names
        )
        return await self.session.jobs.submit(SnapshotRequest(targets, options or SnapshotOptions()))

    def jobs(self, batch: str | None = None) -> list[SnapshotJob]:
        """The jobs of a batch, or all."""
        made = [job for job in self.session.jobs.by_id.values() if isinstance(job, SnapshotJob)]
        return [job for job in made if batch in (None, job.batch)]

    async def ended(self, batch: str | None = None) -> None:
        """Waits until all jobs have ended."""
        await self.until(lambda: bool(self.jobs(batch)) and all(job.state.ended for job in self.jobs(batch)))

    async def settled(self) -> None:
        """Waits until all jobs have ended or need a person."""
        await self.until(
            lambda: bool(self.jobs()) and all(job.state.ended or job.state.needs_person for job in self.jobs())
        )


@contextlib.asynccontextmanager
async def desk(
    served: Served,
    folder: Path,
    *,
    scope: PollScope = PollScope.JOBS_ONLY,
    token: str | None = None,
    read_only: bool = False,
    read_timeout: float = 30.0,
    listens: bool = True,
) -> AsyncIterator[Desk]:
    """A session at work until the block ends; the end is as abrupt as a killed process's.

    `listens`: what it tells is kept in `events`.
    """
    clock = served.clock
    assert isinstance(clock, MovingClock)
    chosen = token or served.token
    mark = fingerprint(chosen)
    cloud = HetznerCloud(served.endpoint, Secret(chosen), provisional_id(mark), clock, read_timeout=read_timeout)
    session = Session(
        cloud,
        clock,
        title="test",
        identity=ProjectIdentity(served.endpoint, (mark,)),
        state_dir=folder,
        scope=scope,
        read_only=read_only,
    )
    made = Desk(session, cloud, clock)
    if listens:
        session.subscribe(made.events.append)
    clock.begin(cloud)
    work = asyncio.create_task(session.run())
    try:
        yield made
    finally:
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
        clock.end(cloud)


def snapshots_by_job(served: Served) -> dict[str, int]:
    """The truth: how many snapshots were ever made for each job."""
    counts: dict[str, int] = {}
    for image in served.call(lambda cloud: list(cloud.snapshots(JOB_LABEL))):
        counts[image.labels[JOB_LABEL]] = counts.get(image.labels[JOB_LABEL], 0) + 1
    return counts


def statuses(served: Served) -> dict[str, str]:
    """The truth: each server's status by its name."""

    def read(cloud: object) -> dict[str, str]:
        servers = served.cloud.servers.values()
        return {server.name: str(server.status) for server in servers}

    return served.call(read)
