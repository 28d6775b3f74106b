"""What the console takes of the memory with a large fleet, beside a bare Textual program."""

from __future__ import annotations

from collections.abc import Iterable

from tests.benchmarks.speed import terminal
from tests.benchmarks.speed.report import Row
from tests.benchmarks.speed.run import Run, module, names_file
from tests.benchmarks.speed.simulator import simulator

SERVERS, SNAPSHOTS, LINES = 5000, 2000, 10_000
GOAL = 120.0
"""Megabytes that are resident."""
READ_WITHIN = 40.0


def measure(_run: Run) -> Iterable[Row]:
    """The row of the table. Each change of a status makes a line in the log."""
    with (
        simulator(SERVERS, calm=True, rate_limit=36000, snapshots=SNAPSHOTS) as cloud,
        terminal.console(cloud) as screen,
    ):
        screen.wait(f"{SERVERS:,} servers".encode())
        screen.settle(3.0, READ_WITHIN)
        for _ in range(LINES // SERVERS):
            cloud.change_every_status()
            before = cloud.requests()
            screen.press(b"r")
            while cloud.requests() < before + SERVERS // 50:
                screen.watch(0.5)
            screen.settle(3.0, READ_WITHIN)
        resident, share = screen.memory()
    with names_file([]) as names, terminal.program((*module("stock_table"), names)) as screen:
        screen.watch(2.0)
        bare, bare_share = screen.memory()
    yield Row(
        "memory, RSS (PSS)",
        f"{SERVERS} servers, {SNAPSHOTS} snapshots, {LINES:,} log lines",
        f"{resident:.0f} MB ({share:.0f})",
        f"≤ {GOAL:g} MB",
        resident <= GOAL,
        peers=f"bare Textual app {bare:.0f} MB ({bare_share:.0f})",
        ratio=resident / bare,
    )
