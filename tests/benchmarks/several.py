"""Several processes on one project: two consoles and a cron run at once, and the one that sends is killed.

    python -m tests.benchmarks.several [--servers 20] [--kill-holder 2] [--shut-down]

Each of them asks for a snapshot of every server, so that each server is to get one from each. With `--kill-holder`
the process that sends is ended by `kill -9` so many times, and another one has to take over. With `--shut-down` jobs
that a killed process asked for and that had not begun are held for a yes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import Served, serve_in_thread
from hsnap_tui.jobs.core.model import Job
from tests.benchmarks import command, truth
from tests.benchmarks.table import Promises, show

CONSOLE = ("-m", "tests.benchmarks.driver")
CRON = ("-m", "hsnap_tui", "snapshot", "--all")


@dataclass(slots=True)
class Outcome:
    """What became of one run."""

    killed: int
    processes: int
    jobs: list[Job]
    verdict: truth.Verdict
    servers: Counter[tuple[int, str] | None]
    posts: int
    requests: int
    exits: list[int | None]
    seconds: float
    takeovers: list[float]
    off: list[str]


def measure(kills: int, arguments: argparse.Namespace) -> Outcome:
    """Two consoles and a cron run, and a fourth process for each that is killed."""
    options = DemoOptions(
        servers=arguments.servers,
        seed=arguments.seed,
        calm=True,
        latency=0.05,
        snapshot_seconds=(10, 15),
        shutdown_seconds=(1, 3),
        rate_limit=arguments.rate_limit,
    )
    with (
        tempfile.TemporaryDirectory(prefix="hsnap-tui-several-") as folder,
        serve_in_thread(options=options) as served,
    ):
        state, started = Path(folder) / "state", time.monotonic()
        around = command.surroundings(served, state)
        how = ["--shut-down", "--at-a-time", "5"] if arguments.shut_down else []
        before = truth.statuses(served)
        words = [CONSOLE, CONSOLE, CRON, *[CONSOLE] * kills]
        processes = [
            subprocess.Popen(
                [sys.executable, *each, *how],
                env=around,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            for each in words
        ]
        try:
            takeovers = [_kill_leader(served, state, processes, arguments) for _ in range(kills)]
            end = time.monotonic() + arguments.within
            for process in processes:
                process.communicate(timeout=max(1.0, end - time.monotonic()))
        finally:
            for process in processes:
                if process.poll() is None:
                    process.kill()
                    process.wait()
        seconds = time.monotonic() - started
        truth.wait_until_still(served, 4 if arguments.shut_down else 1)
        jobs = [job for batch in command.batches(state) for job in batch.jobs]
        servers = Counter(image.created_from for images in truth.usable(served).values() for image in images)
        posts = served.count("POST", "create_image")
        exits = [process.returncode for process in processes]
        verdict, off = truth.judge(jobs, served), truth.left_off(served, before)
        return Outcome(
            kills, len(words), jobs, verdict, servers, posts, len(served.requests), exits, seconds, takeovers, off
        )


def _kill_leader(
    served: Served, state: Path, processes: list[subprocess.Popen[bytes]], arguments: argparse.Namespace
) -> float:
    """Waits until every batch is in the journal and something was sent, then kills the leader; gives
    after how many seconds another one led."""
    wanted, sent = len(processes), served.count("POST", "create_image")
    deadline = time.monotonic() + arguments.within
    while time.monotonic() < deadline:
        if len(command.batches(state)) == wanted and served.count("POST", "create_image") > sent:
            break
        time.sleep(0.1)
    time.sleep(arguments.kill_after)
    pid = _leader(state)
    leader = next(process for process in processes if process.pid == pid)
    leader.kill()
    leader.wait()
    killed = time.monotonic()
    while _leader(state) == pid and time.monotonic() < deadline:
        time.sleep(0.02)
    return time.monotonic() - killed


def _leader(state: Path) -> int:
    pids = [path.read_text("ascii") for path in state.glob("projects/*/leader")]
    return int(pids[0]) if pids and pids[0] else 0


def main() -> int:
    """Runs it without a kill and with as many as asked for; gives the exit code."""
    arguments = _arguments()
    outcomes = [measure(kills, arguments) for kills in dict.fromkeys((0, arguments.kill_holder))]
    columns = ["holders killed", "processes", "batches", "jobs", "done", "POSTs", "snapshots", "duplicates", "lost"]
    show(
        f"Two consoles and a cron run at once, {arguments.servers} servers each"
        + (", shut down first" if arguments.shut_down else ""),
        [*columns, "requests", "seconds", "taken over within"],
        [_row(outcome) for outcome in outcomes],
    )
    promises = Promises()
    for outcome in outcomes:
        name = f"{outcome.killed} killed"
        promises.equal(f"{name}: jobs", len(outcome.jobs), outcome.processes * arguments.servers)
        held = outcome.verdict.outcomes["needs_approval"]
        most_held = outcome.killed * arguments.servers if arguments.shut_down else 0
        words = f"{name}: {held} jobs held for a yes, of at most {most_held} that a killed process asked for"
        promises.check(words, held <= most_held)
        promises.equal(f"{name}: jobs done", outcome.verdict.outcomes["done"], len(outcome.jobs) - held)
        promises.equal(f"{name}: snapshots", outcome.verdict.snapshots, len(outcome.jobs) - held)
        if not held:
            promises.equal(f"{name}: snapshots a server", sorted(set(outcome.servers.values())), [outcome.processes])
        promises.equal(f"{name}: duplicates", outcome.verdict.duplicates, [])
        promises.equal(f"{name}: lost", outcome.verdict.lost + outcome.verdict.denied, [])
        promises.equal(f"{name}: servers left off", outcome.off, [])
        promises.equal(f"{name}: exit codes", sorted(Counter(outcome.exits).items()), _exits(outcome))
    return promises.tell()


def _exits(outcome: Outcome) -> list[tuple[int, int]]:
    killed = [(-9, outcome.killed)] if outcome.killed else []
    return [*killed, (0, outcome.processes - outcome.killed)]


def _row(outcome: Outcome) -> list[object]:
    verdict = outcome.verdict
    return [
        outcome.killed,
        outcome.processes,
        len({job.batch for job in outcome.jobs}),
        len(outcome.jobs),
        verdict.outcomes["done"],
        outcome.posts,
        verdict.snapshots,
        len(verdict.duplicates),
        len(verdict.lost) + len(verdict.denied),
        outcome.requests,
        f"{outcome.seconds:.0f}",
        ", ".join(f"{seconds:.1f} s" for seconds in outcome.takeovers) or "-",
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--servers", type=int, default=20)
    add("--seed", type=int, default=1)
    add("--kill-holder", type=int, default=2, help="how often the process that sends is killed (2)")
    add("--kill-after", type=float, default=2.0, help="seconds after its first request that it lives on (2)")
    add("--shut-down", action="store_true", help="shut each server down first, five at a time")
    add("--rate-limit", type=int, default=3600, help="requests an hour (3600)")
    add("--within", type=float, default=600.0, help="seconds after which it counts as stuck (600)")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
