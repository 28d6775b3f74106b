"""A console without its screen: a session that looks at everything, as the terminal's does, in a process of its own.

    python -m tests.benchmarks.driver [--shut-down] [--stay SECONDS]

It reads the same surroundings as hsnap-tui, asks for a snapshot of every server, tells the role that it plays, and
ends when its own jobs have ended. The exit code is 1 when not all were done.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from hsnap_tui.config.settings import load
from hsnap_tui.events import Event, RoleChanged
from hsnap_tui.fleet.poll_targets import PollScope
from hsnap_tui.jobs.core.model import Job, JobState, SnapshotOptions, SnapshotRequest, Target
from hsnap_tui.session.factory import open_session
from hsnap_tui.session.session import Session


async def drive(options: SnapshotOptions, stay: float) -> int:
    """Runs the session until its batch has ended, and `stay` seconds longer; gives the exit code."""
    settings = load(os.environ, Path.home())
    if settings.token is None:
        raise SystemExit("there is no token")
    session = open_session(settings, settings.token, PollScope.EVERYTHING)
    session.subscribe(_tell_role)
    session.set_focus(True)
    running = asyncio.create_task(session.run())
    try:
        jobs = await _batch(session, options)
        await session.jobs.leave(cancel_waiting=False)
        await session.clock.sleep(stay)
        return int(any(job.state is not JobState.DONE for job in jobs))
    finally:
        running.cancel()
        await asyncio.wait({running})


def _tell_role(event: Event) -> None:
    if isinstance(event, RoleChanged):
        print(f"{event.at:%H:%M:%S} {event.role}", flush=True)


async def _batch(session: Session, options: SnapshotOptions) -> list[Job]:
    await session.listed()
    await session.jobs.ready.wait()
    servers = [view.server for view in session.fleet.views.values()]
    targets = tuple(Target(server.id, server.name, f"{server.name}-console") for server in servers)
    batch = await session.jobs.submit(SnapshotRequest(targets, options))
    while True:
        jobs = [job for job in session.jobs.by_id.values() if job.batch == batch]
        if held := [job.id for job in jobs if job.state is JobState.NEEDS_APPROVAL]:
            await session.jobs.release(held)  # as the person in front of it does
            await session.clock.sleep(2)
        elif len(jobs) == len(targets) and all(job.state.ended or job.state.needs_person for job in jobs):
            return jobs
        await session.clock.sleep(0.2)


def main() -> int:
    """Gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shut-down", action="store_true", help="shut each server down first")
    parser.add_argument("--at-a-time", type=int, default=1, help="servers that may be off at once (1)")
    parser.add_argument("--stay", type=float, default=0.0, help="seconds to go on after the end")
    arguments = parser.parse_args()
    options = SnapshotOptions(shut_down=arguments.shut_down, at_a_time=arguments.at_a_time)
    return asyncio.run(drive(options, arguments.stay))


if __name__ == "__main__":
    sys.exit(main())
