"""How much of a processor's core the program takes while nothing happens, and while jobs are under way.

    python -m tests.benchmarks.processor [--servers 1000] [--seconds 30]

The session alone, without a screen, in a process of its own; the simulated cloud is another process, so that its work
does not count. Locks come and go all the time, snapshots take ten minutes and more, the rate limit is Hetzner's. What
is measured is processor time, which a busy machine does not lengthen much.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from hsnap_tui.cloud.client import HetznerCloud
from hsnap_tui.jobs.core.model import JobState, SnapshotRequest, Target
from hsnap_tui.session.session import Session
from tests.benchmarks import inside
from tests.benchmarks.speed.live import PROCESSOR_GOAL
from tests.benchmarks.speed.simulator import simulator
from tests.benchmarks.table import Promises, show

SETTLED = 10.0
"""Seconds before the measurement begins."""


class Address(NamedTuple):
    """Where the measured process finds the simulated cloud."""

    endpoint: str
    token: str


def _requests(session: Session) -> int:
    cloud = session._cloud
    assert isinstance(cloud, HetznerCloud)
    return cloud._chain._limiter._admitted


async def _measured(address: Address, jobs: int, seconds: float) -> dict[str, float]:
    """Per cent of a core that the session takes in these seconds, and its requests a minute."""
    with tempfile.TemporaryDirectory(prefix="hsnap-tui-processor-") as folder:
        async with inside.running(
            address, Path(folder), 1.0, screen=True, connect_timeout=5, read_timeout=15
        ) as session:
            await inside.ready(session)
            if jobs:
                servers = [view.server for view in session.fleet.views.values()][:jobs]
                targets = tuple(Target(server.id, server.name, f"{server.name}-benchmark") for server in servers)
                await session.jobs.submit(SnapshotRequest(targets))
                while sum(job.state is JobState.CREATING for job in session.jobs.by_id.values()) < 0.9 * jobs:
                    await asyncio.sleep(0.5)
            await asyncio.sleep(SETTLED)
            began, used, sent = time.monotonic(), time.process_time(), _requests(session)
            await asyncio.sleep(seconds)
            spent = time.monotonic() - began
            return {
                "core": 100 * (time.process_time() - used) / spent,
                "requests": 60 * (_requests(session) - sent) / spent,
            }


def measure(servers: int, jobs: int, seconds: float) -> dict[str, float]:
    """The same from a process of its own, beside a simulated cloud of so many servers."""
    with simulator(servers, latency=0.05, calm=False) as cloud:
        words = ["--inside", cloud.endpoint, cloud.token, str(jobs), str(seconds)]
        found = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.processor", *words],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=seconds + 300,
        )
    figures: dict[str, float] = json.loads(found.stdout)
    return figures


def main() -> int:
    """Prints the figures; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--inside", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        endpoint, token, jobs, seconds = arguments.inside
        print(json.dumps(asyncio.run(_measured(Address(endpoint, token), int(jobs), float(seconds)))))
        return 0
    rows, promises = [], Promises()
    for jobs, goal in PROCESSOR_GOAL.items():
        found = measure(arguments.servers, jobs, arguments.seconds)
        rows.append([f"{jobs:,} jobs", f"{found['core']:.1f} %", f"{goal:g} %", f"{found['requests']:.0f}"])
        promises.check(f"{jobs:,} jobs: {found['core']:.1f} % of a core", found["core"] <= goal)
    title = f"{arguments.servers:,} servers, without the screen"
    show(title, ["under way", "of a core", "goal with the screen", "requests a minute"], rows)
    return promises.tell()


if __name__ == "__main__":
    raise SystemExit(main())
