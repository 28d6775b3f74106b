"""A session at work on a simulated cloud over real HTTP, both in the same virtual time: an hour passes in seconds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from hsnap_tui.cloud.client import HetznerCloud
from hsnap_tui.config.secret import Secret
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import Served, serve_in_thread
from hsnap_tui.events import Event
from hsnap_tui.fleet.poll_targets import PollScope
from hsnap_tui.jobs.core.model import SnapshotJob, SnapshotOptions, SnapshotRequest, Target
from hsnap_tui.jobs.store.project_identity import ProjectIdentity, fingerprint
from hsnap_tui.session.session import Session
from tests.clocks import VirtualClock
from tests.clocks.moving import counted_threads


@dataclass
class VirtualDesk:
    """A session and what it told; `clock` moves the time of both sides."""

    session: Session
    cloud: HetznerCloud
    served: Served
    clock: VirtualClock
    events: list[Event] = field(default_factory=list)

    async def start(self, options: SnapshotOptions | None = None, most: int | None = None) -> str:
        """Submits a batch of all servers, or of so many."""
        await self.clock.advance(5)
        servers = [view.server for view in self.session.fleet.views.values()][:most]
        targets = tuple(Target(server.id, server.name, f"{server.name}-snapshot") for server in servers)
        submitting = asyncio.ensure_future(
            self.session.jobs.submit(SnapshotRequest(targets, options or SnapshotOptions()))
        )
        await self.clock.settle()
        return submitting.result()

    @property
    def jobs(self) -> list[SnapshotJob]:
        """All jobs."""
        return [job for job in self.session.jobs.by_id.values() if isinstance(job, SnapshotJob)]


@contextlib.asynccontextmanager
async def virtual_desk(
    folder: Path, options: DemoOptions, *, scope: PollScope = PollScope.JOBS_ONLY
) -> AsyncIterator[VirtualDesk]:
    """A session at work until the block ends."""
    clock = VirtualClock()
    under_way = counted_threads()
    with serve_in_thread(options=options, clock=clock) as served:
        mark = fingerprint(served.token)
        cloud = HetznerCloud(served.endpoint, Secret(served.token), mark, clock)
        clock.busy = lambda: bool(cloud._chain._executor._calls or under_way)
        identity = ProjectIdentity(served.endpoint, (mark,))
        session = Session(cloud, clock, title="test", identity=identity, state_dir=folder, scope=scope)
        made = VirtualDesk(session, cloud, served, clock)
        session.subscribe(made.events.append)
        work = asyncio.create_task(session.run())
        try:
            yield made
        finally:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
        assert served.defects == []
