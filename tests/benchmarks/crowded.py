"""Crowded: another client takes most of the rate limit, and the batch still ends with no job lost.

    python -m tests.benchmarks.crowded [--other-client 0.9] [--servers 100] [--speed 1]

With a speed above 1 the session runs in this process on a clock as fast as the cloud's; else it is the real command.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import Served, serve_in_thread
from hsnap_tui.jobs.core.model import Job
from tests.benchmarks import command, inside, truth
from tests.benchmarks.table import Promises, show

SETTLED = 2.0
"""Seconds without a running action after which the cloud is taken to be still."""


def main() -> int:
    """Runs the batch and prints the figures; gives the exit code."""
    arguments = _arguments()
    options = DemoOptions(
        servers=arguments.servers,
        seed=arguments.seed,
        calm=True,
        latency=0.05 / arguments.speed,
        speed=arguments.speed,
        other_client_share=arguments.other_client,
    )
    with (
        tempfile.TemporaryDirectory(prefix="hsnap-tui-crowded-") as folder,
        serve_in_thread(options=options) as served,
    ):
        state, started = Path(folder) / "state", time.monotonic()
        jobs = _command(served, state) if arguments.speed == 1 else asyncio.run(_session(served, state, arguments))
        seconds = (time.monotonic() - started) * arguments.speed
        truth.wait_until_still(served, SETTLED)
        verdict = truth.judge(jobs, served)
        refused = sum(request.status == 429 for request in served.requests)
        left = served.call(lambda cloud: served.budget.remaining(cloud.now))
        rows = [
            ("requests", len(served.requests)),
            ("429s", refused),
            ("left of the rate limit at the end", left),
            *((f"jobs {state}", count) for state, count in sorted(verdict.outcomes.items())),
            ("snapshots", verdict.snapshots),
            ("duplicates", len(verdict.duplicates)),
            ("lost", len(verdict.lost) + len(verdict.denied)),
            ("seconds of the cloud's clock", f"{seconds:.0f}"),
        ]
    show(
        f"{arguments.servers} servers, another client takes {arguments.other_client:.0%} of 3600 an hour",
        ["", ""],
        rows,
    )
    promises = Promises()
    promises.equal("jobs done", verdict.outcomes["done"], arguments.servers)
    promises.equal("snapshots", verdict.snapshots, arguments.servers)
    promises.equal("duplicates", verdict.duplicates, [])
    promises.equal("lost", verdict.lost + verdict.denied, [])
    return promises.tell()


def _command(served: Served, state: Path) -> list[Job]:
    with (state.parent / "output").open("wb") as out:
        command.run(served, state, ["snapshot", "--all"], out, within=3600)
    return [job for batch in command.batches(state) for job in batch.jobs]


async def _session(served: Served, state: Path, arguments: argparse.Namespace) -> list[Job]:
    how = {"screen": arguments.screen, "connect_timeout": 5.0, "read_timeout": 15.0}
    async with inside.running(served, state, arguments.speed, **how) as session:
        await inside.ready(session)
        count = await inside.snapshot_all(session)
        async with asyncio.timeout(arguments.within):
            await inside.stand(session, count)
        return list(session.jobs.by_id.values())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--servers", type=int, default=100)
    add("--seed", type=int, default=1)
    add("--other-client", type=float, default=0.9, help="the share of the rate limit that it takes (0.9)")
    add("--speed", type=float, default=1.0, help="times real speed (1)")
    add("--screen", action="store_true", help="look at everything, as a console does; only with a speed above 1")
    add("--within", type=float, default=1200.0, help="real seconds after which it counts as stuck (1200)")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
