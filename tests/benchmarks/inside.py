"""A session inside the benchmark's own process, on a clock that runs as fast as the simulated cloud's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hsnap_tui.cloud.client import HetznerCloud
from hsnap_tui.common.clock import ScaledClock
from hsnap_tui.config.secret import Secret
from hsnap_tui.fleet.poll_targets import PollScope
from hsnap_tui.jobs.core.model import Job, SnapshotOptions, SnapshotRequest, Target
from hsnap_tui.jobs.store.project_identity import ProjectIdentity, fingerprint
from hsnap_tui.session.session import Session
from tests.benchmarks.command import SimulatedProject


@asynccontextmanager
async def running(
    served: SimulatedProject,
    state_dir: Path,
    speed: float,
    *,
    screen: bool,
    connect_timeout: float,
    read_timeout: float,
) -> AsyncIterator[Session]:
    """A session at work, as a console's (`screen`) or as the command's; time-outs are real seconds."""
    clock, mark = ScaledClock(speed), fingerprint(served.token)
    cloud = HetznerCloud(
        served.endpoint,
        Secret(served.token),
        mark,
        clock,
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        environ={},
    )
    scope = PollScope.EVERYTHING if screen else PollScope.JOBS_ONLY
    identity = ProjectIdentity(served.endpoint, (mark,))
    session = Session(cloud, clock, title="benchmark", identity=identity, state_dir=state_dir, scope=scope)
    work = asyncio.create_task(session.run())
    try:
        yield session
    finally:
        work.cancel()
        await asyncio.wait({work})


async def ready(session: Session) -> None:
    """Returns when the servers are listed and the journal is open."""
    await session.listed()
    await session.jobs.ready.wait()


async def snapshot_all(session: Session, options: SnapshotOptions | None = None) -> int:
    """Asks for a snapshot of every server; gives how many."""
    servers = [view.server for view in session.fleet.views.values()]
    targets = tuple(Target(server.id, server.name, f"{server.name}-benchmark") for server in servers)
    await session.jobs.submit(SnapshotRequest(targets, options or SnapshotOptions()))
    return len(targets)


async def stand(session: Session, count: int) -> None:
    """Returns when there are so many jobs and each has ended or waits for a person."""
    while len(session.jobs.by_id) < count or any(not stands(job) for job in session.jobs.by_id.values()):
        await session.clock.sleep(1)


def stands(job: Job) -> bool:
    """Whether nothing will happen to the job by itself."""
    return job.state.ended or job.state.needs_person
