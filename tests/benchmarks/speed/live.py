"""The console at work in a terminal: keys, processor time and bytes while jobs progress and locks change."""

from __future__ import annotations

import random
import re
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.speed import terminal
from tests.benchmarks.speed.report import Row, percentile, spread
from tests.benchmarks.speed.run import Run, module, names_file
from tests.benchmarks.speed.simulator import FILTER, Simulator, simulator
from tests.benchmarks.speed.terminal import MeasuredTerminal

SERVERS = 1000
KEY_GOAL = {0.5: 0.005, 0.95: 0.012, 0.99: 0.025}
"""Seconds from a key until the row is painted that the cursor moves to, by share of the keys."""
PROCESSOR_GOAL = {0: 1.0, 100: 4.0, 1000: 10.0}
"""Percent of a core, by jobs."""
BYTES_GOAL = {100: 4_000, 1000: 10_000}
"""Bytes a second to the terminal, by jobs."""
DEMO_BYTES_GOAL = 500
STARTED = 5.0
"""Seconds after the first rows in which the start is over."""
STEPS = 20
"""Keys in one direction before it turns: the cursor stays within the screen."""
LATEST = 5.0
"""Seconds after which the answer to a key counts as missing."""


@dataclass(slots=True)
class Figures:
    """Seconds from each key to the first byte, and to the row that the cursor moved to; percent of a core; bytes a
    second."""

    to_first_byte: list[float] = field(default_factory=list)
    to_cursor: list[float] = field(default_factory=list)
    processor: float = 0.0
    bytes: float = 0.0


def watch(screen: MeasuredTerminal, figures: Figures, duration: float) -> None:
    """Takes processor time and bytes for so many seconds in which nobody touches it."""
    began, processor, written = time.monotonic(), screen.processor_seconds(), screen.bytes_written
    screen.watch(duration)
    passed = time.monotonic() - began
    figures.processor = 100 * (screen.processor_seconds() - processor) / passed
    figures.bytes = (screen.bytes_written - written) / passed


def press(screen: MeasuredTerminal, figures: Figures, names: Sequence[str], keys: int) -> None:
    """Moves the cursor, from the first row on, at moments that have nothing to do with what the program does."""
    rng, at, steps = random.Random(1), 0, min(STEPS, len(names) - 1)
    for number in range(keys):
        screen.watch(rng.uniform(0.06, 0.25))
        down = number % (2 * steps) < steps
        at += 1 if down else -1
        sign = re.compile(rb"(?:^|[^\w-]|[\d\[]m)" + re.escape(names[at].encode()) + rb"(?![\w-])")
        pressed, seen, first = screen.press(b"j" if down else b"k"), b"", 0.0
        while not sign.search(seen):
            seen += screen.read(0.2)
            first = first or (screen.written[-1][0] if seen else 0.0)
            if time.monotonic() - pressed > LATEST:
                raise TimeoutError(f"the cursor did not reach {names[at]}:\n{screen.shown()}")
        figures.to_first_byte.append(first - pressed)
        figures.to_cursor.append(screen.written[-1][0] - pressed)


def snapshot_labelled(screen: MeasuredTerminal, jobs: int) -> None:
    """Starts a snapshot of each labelled server, as a person does, and waits until they are under way."""
    for keys, seconds in ((b"/", 0.4), (FILTER.encode(), 1.0), (b"\r", 0.5), (b"a", 0.7), (b"s", 1.5), (b"\r", 2.0)):
        screen.press(keys)
        screen.watch(seconds)
    screen.press(b"/")
    screen.watch(0.4)
    screen.press(b"\x1b")  # clears the filter
    screen.watch(0.5)
    under_way = re.compile(r"([\d,]+) creating")

    def begun(text: str) -> bool:
        found = under_way.search(text)
        return found is not None and int(found[1].replace(",", "")) >= 0.95 * jobs

    screen.wait_for_screen(begun)
    screen.press(b"g")
    screen.watch(STARTED)


def ours(cloud: Simulator, jobs: int, run: Run) -> Figures:
    """The console's figures, with so many jobs progressing."""
    figures = Figures()
    with terminal.console(cloud) as screen:
        screen.wait(f"{len(cloud.names):,} servers".encode())
        screen.watch(STARTED)
        if jobs:
            snapshot_labelled(screen, jobs)
        watch(screen, figures, run.watched)
        press(screen, figures, cloud.names, run.keys)
    return figures


def stock_table(names: Sequence[str], jobs: int, run: Run) -> Figures:
    """The figures of Textual's own table, fed with as many changes."""
    figures = Figures()
    with names_file(names) as file, terminal.program((*module("stock_table"), file, f"--jobs={jobs}")) as screen:
        screen.wait(b"running")
        screen.watch(STARTED)
        watch(screen, figures, run.watched)
        press(screen, figures, names, run.keys)
    return figures


def measure(run: Run) -> Iterable[Row]:
    """The rows of the table."""
    loads: dict[int, tuple[Figures, Figures]] = {}
    for jobs in (0, 100, 1000):
        with simulator(SERVERS, latency=0.05, calm=False, rate_limit=36000, labelled=jobs) as cloud:
            loads[jobs] = ours(cloud, jobs, run), stock_table(cloud.names, jobs, run)
    yield from (_key_row(jobs, *loads[jobs]) for jobs in (100, 1000))
    for jobs, (figures, stock) in loads.items():
        goal = PROCESSOR_GOAL[jobs]
        yield Row(
            "processor",
            _load(jobs),
            f"{figures.processor:.1f} %",
            f"≤ {goal:g} % of a core",
            figures.processor <= goal,
            peers=f"stock table {stock.processor:.1f} %",
            ratio=_ratio(figures.processor, stock.processor),
        )
    peers = _others(run)
    demo = _written((sys.executable, "-m", "hsnap_tui", "--demo"), run.watched)
    yield _bytes_row("demo untouched, 160×50", demo, DEMO_BYTES_GOAL, peers)
    for jobs, goal in BYTES_GOAL.items():
        yield _bytes_row(_load(jobs), loads[jobs][0].bytes, goal, peers | {"stock table": loads[jobs][1].bytes})


def _key_row(jobs: int, figures: Figures, stock: Figures) -> Row:
    kept = all(percentile(figures.to_cursor, share) <= most for share, most in KEY_GOAL.items())
    return Row(
        "key to the cursor's new row, p50 / p95 / p99",
        f"{_load(jobs)}, locks changing, 160×50",
        f"{spread(figures.to_cursor)} (first byte {spread(figures.to_first_byte)})",
        " / ".join(f"{most * 1000:g}" for most in KEY_GOAL.values()) + " ms",
        kept,
        peers=f"stock table {spread(stock.to_cursor)}",
        ratio=_ratio(percentile(figures.to_cursor, 0.95), percentile(stock.to_cursor, 0.95)),
    )


def _bytes_row(load: str, ours: float, goal: float, peers: dict[str, float | None]) -> Row:
    told = [f"{name} {'not installed' if rate is None else f'{rate:,.0f}'}" for name, rate in peers.items()]
    first = peers.get("htop")
    return Row(
        "bytes a second to the terminal",
        load,
        f"{ours:,.0f}",
        f"≤ {goal:,}",
        ours <= goal,
        peers=", ".join(told),
        ratio=None if first is None else _ratio(ours, first),
    )


def _others(run: Run) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for name in ("htop", "btop"):
        path = shutil.which(name)
        found[name] = None if path is None else _written((path,), run.watched)
    return found


def _written(words: Sequence[str], duration: float) -> float:
    figures = Figures()
    with terminal.program(words) as screen:
        screen.watch(STARTED)
        watch(screen, figures, duration)
    return figures.bytes


def _load(jobs: int) -> str:
    return f"{SERVERS} servers, {f'{jobs} jobs' if jobs else 'idle'}"


def _ratio(ours: float, peer: float) -> float | None:
    return ours / peer if peer else None
