"""How start, refresh, keys and memory grow with the number of servers."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from tests.benchmarks.speed import live, terminal
from tests.benchmarks.speed.report import percentile
from tests.benchmarks.speed.run import Run
from tests.benchmarks.speed.simulator import simulator
from tests.benchmarks.speed.start import has_all, has_rows

SIZES = (10, 100, 1000, 5000, 10_000)
COLUMNS = (
    "servers",
    "first rows",
    "all rows",
    "processor time of the start",
    "of a refresh",
    "key to the cursor's new row, p50 / p95",
    "memory, RSS",
)
REFRESHES = 3


def measure(run: Run) -> Iterable[tuple[str, ...]]:
    """The rows of the table: 50 ms round trips, nothing changes."""
    for servers in SIZES:
        starts: list[list[float]] = []
        figures = live.Figures()
        with simulator(servers, latency=0.05, rate_limit=36000) as cloud:
            for turn in range(max(2, run.repeats // 2)):
                with terminal.console(cloud) as screen:
                    screen.wait(f"{servers:,} servers".encode())
                    screen.settle(1.0, 10.0)
                    starts.append([*screen.shown_since(has_rows(cloud), has_all(cloud)), screen.processor_seconds()])
                    if turn == 0:
                        screen.watch(2.0)
                        live.press(screen, figures, cloud.names, run.keys // 2)
                        refresh = _refresh(screen)
                        resident, _ = screen.memory()
        first, everything, processor = (statistics.median(column) for column in zip(*starts, strict=True))
        keys = " / ".join(f"{percentile(figures.to_cursor, share) * 1000:.0f}" for share in (0.5, 0.95))
        yield (
            f"{servers:,}",
            f"{first:.2f} s",
            f"{everything:.2f} s",
            f"{processor:.2f} s",
            f"{refresh * 1000:.0f} ms",
            f"{keys} ms",
            f"{resident:.0f} MB",
        )


def _refresh(screen: terminal.MeasuredTerminal) -> float:
    """Processor seconds of a refresh, without what the console uses anyway in as long."""
    each = 6.0
    before = screen.processor_seconds()
    screen.watch(each)
    idle = screen.processor_seconds() - before
    found = []
    for _ in range(REFRESHES):
        before = screen.processor_seconds()
        screen.press(b"r")
        screen.watch(each)
        found.append(screen.processor_seconds() - before - idle)
    return max(0.0, statistics.median(found))
