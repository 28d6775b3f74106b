"""With 5000 servers: a keystroke in the filter to its last byte, and what it takes to sort them."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from datetime import UTC, datetime

from hsnap_tui.cloud.model import Server, ServerStatus
from hsnap_tui.fleet.state import Fleet, Observation, apply
from hsnap_tui.tui.tables.table_model import TableModel
from tests.benchmarks.speed import terminal
from tests.benchmarks.speed.report import Row, percentile, spread
from tests.benchmarks.speed.run import Run
from tests.benchmarks.speed.simulator import simulator

SERVERS = 5000
FILTER_GOAL = 0.030
SORT_GOAL = 0.060
QUIET = 0.06
"""Seconds without output after which what a key caused has been written."""
TYPED = "web-1 prod"


def measure(run: Run) -> Iterable[Row]:
    """The rows of the table."""
    yield _filter(run)
    yield _sort(run)


def _filter(run: Run) -> Row:
    to_last: list[float] = []
    with simulator(SERVERS, calm=True) as cloud, terminal.console(cloud) as screen:
        screen.wait(f"{SERVERS:,} servers".encode())
        screen.settle(1.0, 20.0)
        screen.press(b"/")
        screen.settle(0.5, 3.0)
        for _ in range(max(1, run.keys // (2 * len(TYPED)))):
            for key in (*TYPED, *("\x7f" * len(TYPED))):
                screen.settle(0.15, 2.0)
                before, pressed = len(screen.written), screen.press(key.encode())
                screen.read(5.0)
                last = screen.settle(QUIET, 1.0) if len(screen.written) > before else pressed
                to_last.append(last - pressed)
    p95 = percentile(to_last, 0.95)
    return Row(
        "filter: keystroke to last byte, p50 / p95 / p99",
        f"{SERVERS} servers",
        spread(to_last),
        f"p95 {FILTER_GOAL * 1000:g} ms",
        p95 <= FILTER_GOAL,
    )


def _sort(run: Run) -> Row:
    """The order by name with no key known yet; there is no sorting by other columns so far."""
    created, numbers = datetime(2026, 1, 1, tzinfo=UTC), list(range(1, SERVERS + 1))
    random.Random(1).shuffle(numbers)
    servers = {
        number: Server(
            "p", number, f"web-{number}", f"web-{number}", ServerStatus.RUNNING, False, created, "cx22", "x"
        )
        for number in numbers
    }
    fleet, _ = apply(Fleet("p"), Observation(created, servers=servers, complete=True), ())
    found = []
    for _ in range(max(5, run.repeats)):
        model = TableModel()
        began = time.process_time()
        model.refresh(fleet, {}, frozenset(), ())
        found.append(time.process_time() - began)
    p95 = percentile(found, 0.95)
    return Row(
        "sort: by name from scratch, the model alone, processor time, p50 / p95 / p99",
        f"{SERVERS} servers",
        spread(found),
        f"p95 {SORT_GOAL * 1000:g} ms",
        p95 <= SORT_GOAL,
    )
