"""Killing: batches that shut servers down, ended at random moments, and what is left behind.

    python -m tests.benchmarks.kill [--runs 50] [--signals KILL TERM HUP] [--side-by-side 4]

After `kill -9` the run is resumed: mostly by `resume --yes`, in every third run by a plain `resume` first, in every
fourth the resuming process is killed as well. After SIGTERM and SIGHUP nothing is resumed.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import Served, serve_in_thread
from hsnap_tui.jobs.core.model import Job
from tests.benchmarks import command, truth
from tests.benchmarks.chaos import every_fault
from tests.benchmarks.table import Promises, show

SNAPSHOT = ("snapshot", "--all", "--shut-down", "--at-a-time", "3")
TIME_OUT = ("--read-timeout", "3")
GRACE = 4.0
"""Real seconds without a running action after which nothing comes late any more: longer than any ACPI shutdown."""


@dataclass(slots=True)
class Run:
    """What one killed batch came to."""

    number: int
    name: str
    at: float
    jobs: int = 0
    at_kill: Counter[str] = field(default_factory=Counter)
    off_at_kill: int = 0
    verdict: truth.Verdict = field(default_factory=truth.Verdict)
    off: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    exit: int | None = None
    end: float = 0.0
    problem: str | None = None


def one_run(number: int, name: str, arguments: argparse.Namespace) -> Run:
    """One batch, killed at a random moment."""
    rng = random.Random(f"{arguments.seed}:{name}:{number}")
    run = Run(number, name, rng.uniform(0.4, arguments.latest))
    options = DemoOptions(
        servers=arguments.servers,
        seed=1000 * arguments.seed + number,
        calm=True,
        latency=arguments.latency,
        snapshot_seconds=(3, 5),
        shutdown_seconds=(0.5, 1.5),
        unlock_at=40,
        rate_limit=36000,
        faults=every_fault(arguments.rate) if arguments.rate else (),
    )
    with (
        tempfile.TemporaryDirectory(prefix="hsnap-tui-kill-") as folder,
        serve_in_thread(options=options) as served,
        (Path(folder) / "output").open("wb") as out,
    ):
        state, before = Path(folder) / "state", truth.statuses(served)
        try:
            _batch(run, served, state, out, before)
            if name == "KILL":
                _resume(run, rng, served, state, out)
        except TimeoutError as error:
            run.problem = str(error)
        truth.wait_until_still(served, GRACE)
        jobs = _jobs(state)
        run.jobs, run.verdict = len(jobs), truth.judge(jobs, served)
        run.off = truth.left_off(served, before)
        servers = Counter(image.created_from for images in truth.usable(served).values() for image in images)
        run.twice = [str(made_of) for made_of, count in servers.items() if count > 1]
        if run.problem is None and run.jobs not in (0, arguments.servers):
            run.problem = f"{run.jobs} jobs in the journal for {arguments.servers} servers"
        if arguments.keep_output and _faulty(run):
            text = (Path(folder) / "output").read_text("utf-8")
            Path(arguments.keep_output, f"{name}-{number}.txt").write_text(text, "utf-8")
    return run


def _faulty(run: Run) -> bool:
    verdict = run.verdict
    return bool(run.problem or run.off or run.twice or verdict.duplicates or verdict.lost or verdict.denied)


def _batch(run: Run, served: Served, state: Path, out: IO[bytes], before: Mapping[str, str]) -> None:
    process = command.start(served, state, (*SNAPSHOT, *TIME_OUT), out)
    try:
        time.sleep(run.at)
        process.send_signal(getattr(signal, f"SIG{run.name}"))
        now = truth.statuses(served)
        run.off_at_kill = sum(now[server] != status for server, status in before.items())
        if run.name == "KILL":
            process.wait()
            run.at_kill = Counter(job.state.value for job in _jobs(state))
        asked = time.monotonic()
        run.exit = process.wait(180)
        run.end = time.monotonic() - asked
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"it did not end within 180 s after SIG{run.name}") from error
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _resume(run: Run, rng: random.Random, served: Served, state: Path, out: IO[bytes]) -> None:
    if run.number % 4 == 3:
        process = command.start(served, state, ("resume", "--yes", *TIME_OUT), out)
        time.sleep(rng.uniform(0.5, 8))
        process.kill()
        process.wait()
    if run.number % 3 == 2:
        command.run(served, state, ("resume", *TIME_OUT), out, within=400)
    run.exit = command.run(served, state, ("resume", "--yes", *TIME_OUT), out, within=400)


def _jobs(state: Path) -> list[Job]:
    return [job for batch in command.batches(state) for job in batch.jobs]


def main() -> int:
    """Runs them and prints the figures; gives the exit code."""
    arguments = _arguments()
    promises = Promises()
    rows: list[list[object]] = []
    for name in arguments.signals:
        count = arguments.runs if name == "KILL" else arguments.other_runs or arguments.runs
        with ThreadPoolExecutor(arguments.side_by_side) as pool:
            runs = []
            for run in pool.map(lambda number, name=name: one_run(number, name, arguments), range(count)):
                runs.append(run)
                print(_line(run), flush=True)
        rows.append(_row(name, runs))
        _promise(name, runs, promises)
    columns = ["signal", "runs", "before the batch", "with servers off", "jobs", "done", "snapshots", "duplicates"]
    title = f"{arguments.servers} servers, shut down three at a time, killed after 0.4 to {arguments.latest:g} s"
    show(
        title + (f", {arguments.rate:.0%} of all requests faulty" if arguments.rate else ""),
        [*columns, "lost", "left off", "longest to end"],
        rows,
    )
    return promises.tell()


def _row(name: str, runs: list[Run]) -> list[object]:
    return [
        name,
        len(runs),
        sum(not run.jobs for run in runs),
        sum(run.off_at_kill > 0 for run in runs),
        sum(run.jobs for run in runs),
        sum(run.verdict.outcomes["done"] for run in runs),
        sum(run.verdict.snapshots for run in runs),
        sum(len(run.verdict.duplicates) + len(run.twice) for run in runs),
        sum(len(run.verdict.lost) + len(run.verdict.denied) for run in runs),
        sum(len(run.off) for run in runs),
        f"{max(run.end for run in runs):.1f} s",
    ]


def _promise(name: str, runs: list[Run], promises: Promises) -> None:
    promises.equal(f"{name}: problems", [f"run {run.number}: {run.problem}" for run in runs if run.problem], [])
    promises.equal(f"{name}: duplicates", [run.verdict.duplicates + run.twice for run in runs if run.twice], [])
    promises.equal(f"{name}: lost", [run.verdict.lost for run in runs if run.verdict.lost], [])
    promises.equal(f"{name}: snapshots that we deny", [r.verdict.denied for r in runs if r.verdict.denied], [])
    promises.equal(f"{name}: snapshots without label", sum(run.verdict.unlabelled for run in runs), 0)
    promises.equal(f"{name}: servers left off", [f"run {run.number}: {run.off}" for run in runs if run.off], [])
    if name == "KILL":
        unfinished = [
            f"run {r.number}: {dict(r.verdict.outcomes)}" for r in runs if r.verdict.outcomes["done"] < r.jobs
        ]
        promises.equal("KILL: batches not done after resume --yes", unfinished, [])
        promises.equal("KILL: exit codes of the last resume", sorted({run.exit for run in runs}, key=str), [0])


def _line(run: Run) -> str:
    at_kill = f", then {dict(run.at_kill)}" if run.at_kill else ""
    result = f"{dict(run.verdict.outcomes)}, {run.verdict.snapshots} snapshots, exit {run.exit}"
    faults = f" OFF {run.off}" if run.off else ""
    faults += f" TWICE {run.twice}" if run.twice else ""
    faults += f" LOST {run.verdict.lost + run.verdict.denied}" if run.verdict.lost or run.verdict.denied else ""
    faults += f" PROBLEM {run.problem}" if run.problem else ""
    return f"{run.name} run {run.number} after {run.at:.1f} s{at_kill}: {result}{faults}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--runs", type=int, default=50, help="runs that are killed by kill -9 (50)")
    add("--other-runs", type=int, help="runs of each other signal (as many)")
    add("--signals", nargs="+", choices=("KILL", "TERM", "HUP"), default=["KILL", "TERM", "HUP"])
    add("--servers", type=int, default=8)
    add("--latest", type=float, default=22.0, help="seconds after the start at which it is killed at the latest (22)")
    add("--side-by-side", type=int, default=4, help="runs at the same time, each with its own cloud (4)")
    add("--latency", type=float, default=0.2, help="seconds an answer: kills hit requests under way (0.2)")
    add("--rate", type=float, default=0.0, help="share of faulty requests, of every kind (0)")
    add("--seed", type=int, default=1)
    add("--keep-output", metavar="DIR", help="keep what the commands of faulty runs wrote")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
