"""Lost answers: every server's first `create_image` is carried out, or will be, and its answer does not come.

    python -m tests.benchmarks.lost_answers [--servers 50] [--ways drop-after cut-body …] [--read-timeout 15]

The command without a screen, in real time. Each way of losing an answer has a simulated project of its own.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hsnap_tui.demo.model.faults import Fault
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import serve_in_thread
from tests.benchmarks import command, truth
from tests.benchmarks.table import Promises, show

WAYS = {
    "drop-after": "closed after the effect",
    "cut-body": "cut off in the middle",
    "cut-json": "half of the JSON",
    "empty": "empty",
    "timeout-after": "never coming",
    "drop-then-effect": "lost, the effect comes 20 s later",
    "503-after": "503, carried out all the same",
    "drop-before": "closed before the effect",
}
LATE = 20.0


@dataclass(slots=True)
class Outcome:
    """What became of one way."""

    way: str
    verdict: truth.Verdict
    sent: int
    lost: int
    requests: int
    refused: int
    exit: int
    seconds: float


def measure(way: str, arguments: argparse.Namespace) -> Outcome:
    """A whole batch, each server's first answer lost in this way."""
    seconds = LATE if way == "drop-then-effect" else None
    fault = Fault(way, "POST", "create_image", times=arguments.servers, seconds=seconds)
    options = DemoOptions(servers=arguments.servers, seed=arguments.seed, calm=True, latency=0.05, faults=(fault,))
    with (
        tempfile.TemporaryDirectory(prefix="hsnap-tui-lost-") as folder,
        serve_in_thread(options=options) as served,
        (Path(folder) / "output").open("wb") as out,
    ):
        state, started = Path(folder) / "state", time.monotonic()
        words = ["snapshot", "--all", "--read-timeout", str(arguments.read_timeout)]
        code = command.run(served, state, words, out, within=900)
        took = time.monotonic() - started
        truth.wait_until_still(served, 1)
        jobs = [job for batch in command.batches(state) for job in batch.jobs]
        posts = [request for request in served.requests if request.route == "create_image"]
        return Outcome(
            way,
            truth.judge(jobs, served),
            len(posts),
            Counter(request.fault for request in posts)[way],
            len(served.requests),
            sum(request.status == 429 for request in served.requests),
            code,
            took,
        )


def main() -> int:
    """Runs all ways and prints the figures; gives the exit code."""
    arguments = _arguments()
    with ThreadPoolExecutor(arguments.side_by_side) as pool:
        outcomes = list(pool.map(lambda way: measure(way, arguments), arguments.ways))
    columns = ["answer", "lost", "POSTs", "snapshots", "duplicates", "lost jobs", "requests", "429s", "exit"]
    show(
        f"{arguments.servers} servers, the answer to each one's first create_image is lost",
        [*columns, "seconds"],
        [_row(outcome) for outcome in outcomes],
    )
    promises = Promises()
    for outcome in outcomes:
        verdict, words = outcome.verdict, WAYS[outcome.way]
        promises.equal(f"{words}: snapshots", verdict.snapshots, arguments.servers)
        promises.equal(f"{words}: jobs done", verdict.outcomes["done"], arguments.servers)
        promises.equal(f"{words}: duplicates", verdict.duplicates, [])
        promises.equal(f"{words}: lost", verdict.lost + verdict.denied, [])
        promises.equal(f"{words}: exit code", outcome.exit, 0)
    return promises.tell()


def _row(outcome: Outcome) -> list[object]:
    verdict = outcome.verdict
    return [
        WAYS[outcome.way],
        outcome.lost,
        outcome.sent,
        verdict.snapshots,
        len(verdict.duplicates),
        len(verdict.lost) + len(verdict.denied),
        outcome.requests,
        outcome.refused,
        outcome.exit,
        f"{outcome.seconds:.0f}",
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--servers", type=int, default=50)
    add("--seed", type=int, default=1)
    add("--ways", nargs="+", choices=tuple(WAYS), default=list(WAYS))
    add("--read-timeout", type=float, default=15.0, help="seconds that hsnap-tui waits for an answer (15)")
    add("--side-by-side", type=int, default=4, help="projects at the same time (4)")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
