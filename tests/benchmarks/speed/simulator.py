"""The simulated cloud as a process of its own, so that what it computes is not taken for ours.

The parent writes commands, a line each, and reads one line of JSON for each of them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import Served, serve_in_thread
from hsnap_tui.tui.tables.table_model import natural_name

LABEL = "measured"
"""The label of the servers that get a job; its value is always the same, so that a filter finds them."""
FILTER = f"{LABEL}=yes"


@dataclass(frozen=True, slots=True)
class Simulator:
    """The running process. `names` are the servers' names in the order of our table."""

    endpoint: str
    token: str
    names: tuple[str, ...]
    process: subprocess.Popen[str]

    def requests(self) -> int:
        """How many requests have come in so far."""
        return int(self._ask("requests"))

    def change_every_status(self) -> None:
        """Powers off all servers that are running, and on all others, as another client would."""
        self._ask("status")

    def _ask(self, command: str) -> Any:
        if self.process.stdin is None or self.process.stdout is None:
            raise ValueError("the simulator has no pipes")
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextmanager
def simulator(
    servers: int,
    *,
    latency: float = 0.0,
    calm: bool = True,
    rate_limit: int = 3600,
    labelled: int = 0,
    snapshots: int | None = None,
) -> Iterator[Simulator]:
    """Runs it until the block is left; `latency` in seconds, `labelled`: how many servers, from the first on, have
    the label, `snapshots`: how many there are in all, None for as many as the simulator makes."""
    words = [f"--servers={servers}", f"--latency={latency}", f"--rate-limit={rate_limit}", f"--labelled={labelled}"]
    words += ["--calm"] if calm else []
    words += [] if snapshots is None else [f"--snapshots={snapshots}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.speed.simulator", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if process.stdout is None:
            raise ValueError("the simulator has no standard output")
        told = json.loads(process.stdout.readline())
        yield Simulator(told["endpoint"], told["token"], tuple(told["names"]), process)
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Serves until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--servers", type=int, required=True)
    add("--latency", type=float, default=0.0)
    add("--calm", action="store_true")
    add("--rate-limit", type=int, default=3600)
    add("--labelled", type=int, default=0)
    add("--snapshots", type=int)
    words = parser.parse_args()
    options = DemoOptions(
        servers=words.servers,
        latency=words.latency,
        calm=words.calm,
        rate_limit=words.rate_limit,
        snapshot_seconds=(600.0, 900.0),  # no job ends while it is measured
    )
    with serve_in_thread(options=options) as served:
        names = served.call(lambda cloud: _prepare(cloud, words.labelled, words.snapshots))
        print(json.dumps({"endpoint": served.endpoint, "token": served.token, "names": names}), flush=True)
        for line in sys.stdin:
            print(json.dumps(_answer(served, line.strip())), flush=True)


def _prepare(cloud: Cloud, labelled: int, snapshots: int | None) -> list[str]:
    servers = sorted(cloud.servers.values(), key=lambda server: natural_name(server.name))
    for server in servers[:labelled]:
        server.labels[LABEL] = "yes"
    if snapshots is not None:
        there = [image for image in cloud.images.values() if image.type == "snapshot"]
        for image in there[snapshots:]:
            cloud.remove_image(image)
        for number in range(snapshots - len(there)):
            cloud.add_image(servers[number % len(servers)])
    return [server.name for server in servers]


def _answer(served: Served, command: str) -> object:
    if command == "requests":
        return len(served.requests)
    if command == "status":

        def change(cloud: Cloud) -> int:
            for server in cloud.servers.values():
                server.change_power("running" if server.status == "off" else "off")
            return len(cloud.servers)

        return served.call(change)
    raise ValueError(f"there is no command {command!r}")


if __name__ == "__main__":
    main()
