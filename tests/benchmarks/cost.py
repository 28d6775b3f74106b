"""What 100 snapshots cost: hsnap-tui, the official command line and SDK threads on the same simulated project.

    python -m tests.benchmarks.cost [--screen] [--clients hsnap-tui hcloud sdk]

In real time. The official command line takes part when it is on the PATH.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import Served, serve_in_thread
from tests.benchmarks import command, truth
from tests.benchmarks.table import Promises, show

LOCKED_SECONDS = 20.0
MOST_REQUESTS = 198
MOST_OVER = 5.0
"""Seconds that the end may be later than the longest server's own path."""


@dataclass(slots=True)
class Outcome:
    """What one client made of it."""

    name: str
    requests: int
    refused: int
    snapshots: int
    twice: int
    reported_failures: int
    reasons: Counter[str]
    seconds: float
    longest_path: float


def measure(name: str, client: Callable[[Served, Path], Counter[str]], arguments: argparse.Namespace) -> Outcome:
    """Lets a client loose on a fresh project."""
    options = DemoOptions(
        servers=arguments.servers,
        seed=arguments.seed,
        calm=True,
        latency=arguments.latency,
        snapshot_seconds=(60, 78),
        rate_limit=arguments.rate_limit,
    )
    with tempfile.TemporaryDirectory(prefix="hsnap-tui-cost-") as folder, serve_in_thread(options=options) as served:
        locked = served.call(_lock_one)
        started = time.monotonic()
        reasons = client(served, Path(folder))
        seconds = time.monotonic() - started
        requests = list(served.requests)
        truth.wait_until_still(served, 1)
        made = Counter(image.created_from for images in truth.usable(served).values() for image in images)
        return Outcome(
            name,
            len(requests),
            sum(request.status == 429 for request in requests),
            made.total(),
            sum(count > 1 for count in made.values()),
            reasons.total() - reasons["success"],
            reasons,
            seconds,
            served.call(lambda cloud: _longest_path(cloud, locked)),
        )


def _lock_one(cloud: Cloud) -> int:
    server = next(server for server in cloud.servers.values() if server.status == "running")
    cloud.lock(server.id, seconds=LOCKED_SECONDS)
    return server.id


def _longest_path(cloud: Cloud, locked: int) -> float:
    """Seconds that the slowest server needs by itself: its lock, then its snapshot."""
    begun = [action for action in cloud.actions.values() if action.started >= cloud.began]
    made = [action for action in begun if action.command == "create_image" and not action.error]
    return max((a.seconds + LOCKED_SECONDS * a.concerns("server", locked) for a in made), default=0.0)


def hsnap_tui(served: Served, folder: Path) -> Counter[str]:
    """The command without a screen, as cron runs it."""
    return _ours(served, folder, [sys.executable, "-m", "hsnap_tui", "snapshot", "--all", "--json"])


def console(served: Served, folder: Path) -> Counter[str]:
    """A session that looks at everything, as the console's does."""
    return _ours(served, folder, [sys.executable, "-m", "tests.benchmarks.driver"])


def _ours(served: Served, folder: Path, words: list[str]) -> Counter[str]:
    around = command.surroundings(served, folder / "state")
    done = subprocess.run(words, env=around, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    states = Counter(job.state.value for batch in command.batches(folder / "state") for job in batch.jobs)
    if done.returncode:
        states[f"exit code {done.returncode}"] += 1
    states["success"] = states.pop("done", 0)
    return states


def official_command_line(served: Served, folder: Path) -> Counter[str]:
    """One process a server, side by side, as an operator's script starts them."""
    around = {**command.surroundings(served, folder), "HOME": str(folder)}
    names = list(truth.statuses(served))
    words = ["hcloud", "server", "create-image", "--type", "snapshot", "--description", "nightly"]
    processes = [
        subprocess.Popen(
            [*words, name], env=around, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        for name in names
    ]
    reasons: Counter[str] = Counter()
    for process in processes:
        _, complaints = process.communicate()
        reasons[_reason(complaints.decode()) if process.returncode else "success"] += 1
    return reasons


def _reason(complaints: str) -> str:
    """The error code of Hetzner's that the official command line shows in brackets, or what it says."""
    last = complaints.strip().splitlines()[-1] if complaints.strip() else "no reason given"
    code = last.rpartition("(")[2].partition(",")[0].strip(")")
    return code if "(" in last else last[:60]


def sdk_threads(served: Served, folder: Path) -> Counter[str]:
    """The official SDK, a thread a server."""
    words = [sys.executable, "-m", "tests.benchmarks.sdk_threads"]
    around = command.surroundings(served, folder)
    done = subprocess.run(words, env=around, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    return Counter(json.loads(done.stdout))


CLIENTS = {
    "hsnap-tui": hsnap_tui,
    "console": console,
    "hcloud": official_command_line,
    "sdk": sdk_threads,
}
WORDS = {
    "hsnap-tui": "hsnap-tui snapshot --all",
    "console": "hsnap-tui's console",
    "hcloud": "official command line",
    "sdk": "official SDK, threads",
}


def main() -> int:
    """Runs the clients one after the other and prints the figures; gives the exit code."""
    arguments = _arguments()
    outcomes: list[Outcome] = []
    for client in arguments.clients:
        if client == "hcloud" and shutil.which("hcloud") is None:
            print("The official command line is not on the PATH: it is left out.")
            continue
        outcomes.append(measure(WORDS[client], CLIENTS[client], arguments))
        print(f"{outcomes[-1].name}: {dict(outcomes[-1].reasons)}", flush=True)
    columns = ["client", "requests", "429s", "snapshots made", "twice", "failures reported", "makespan", "over path"]
    show(
        f"{arguments.servers} servers, 60 to 78 s a snapshot, {arguments.latency * 1000:g} ms, one locked for "
        f"{LOCKED_SECONDS:g} s, {arguments.rate_limit} requests an hour",
        [*columns, "requests against ours"],
        [_row(outcome, outcomes[0]) for outcome in outcomes],
    )
    promises = Promises()
    for outcome in outcomes:
        if outcome.name == WORDS["hsnap-tui"]:
            promises.check(
                f"{outcome.requests} requests of at most {MOST_REQUESTS}", outcome.requests <= MOST_REQUESTS
            )
            over = outcome.seconds - outcome.longest_path
            promises.check(f"ends {over:.1f} s after the longest path, of at most {MOST_OVER:g}", over <= MOST_OVER)
        if outcome.name in (WORDS["hsnap-tui"], WORDS["console"]):
            promises.equal(f"{outcome.name}: 429s", outcome.refused, 0)
            promises.equal(f"{outcome.name}: snapshots", outcome.snapshots, arguments.servers)
            promises.equal(f"{outcome.name}: servers with more than one", outcome.twice, 0)
            promises.equal(f"{outcome.name}: failures reported", outcome.reported_failures, 0)
    return promises.tell()


def _row(outcome: Outcome, ours: Outcome) -> list[object]:
    return [
        outcome.name,
        outcome.requests,
        outcome.refused,
        outcome.snapshots,
        outcome.twice,
        outcome.reported_failures,
        f"{outcome.seconds:.1f} s",
        f"{outcome.seconds - outcome.longest_path:+.1f} s",
        f"{outcome.requests / ours.requests:.1f} x",
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--servers", type=int, default=100)
    add("--seed", type=int, default=1)
    add("--latency", type=float, default=0.05, help="seconds an answer (0.05)")
    add("--rate-limit", type=int, default=3600, help="requests an hour (3600)")
    add("--clients", nargs="+", choices=tuple(CLIENTS), default=["hsnap-tui", "hcloud", "sdk"])
    add("--screen", action="store_true", help="a console's session too")
    arguments = parser.parse_args()
    if arguments.screen and "console" not in arguments.clients:
        arguments.clients.insert(1, "console")
    return arguments


if __name__ == "__main__":
    raise SystemExit(main())
