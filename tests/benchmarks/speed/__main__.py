"""Measures everything in one run and prints one table; the exit code is 1 when a goal is not reached.

    python -m tests.benchmarks.speed [--quick] [--only start live …] [--hcloud PATH]

The simulated cloud runs in a process of its own. What is compared is measured in turns, and the median counts. Where
the system allows it, what is measured runs at a raised priority, so that other load disturbs it less.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable

from tests.benchmarks.speed import event_loop, filtering, growth, live, memory, polling, start
from tests.benchmarks.speed.report import COLUMNS, Row, machine, markdown
from tests.benchmarks.speed.run import Run

MEASUREMENTS: dict[str, Callable[[Run], Iterable[Row]]] = {
    "start": start.measure,
    "commands": start.without_screen,
    "live": live.measure,
    "filter": filtering.measure,
    "loop": event_loop.rows,
    "polling": polling.measure,
    "memory": memory.measure,
}
GROWTH = "growth"
PRIORITY = -10
"""The niceness that is asked for."""


def main() -> int:
    """Gives the exit code."""
    words = _arguments()
    run = Run(3, 60, 8.0, words.hcloud) if words.quick else Run(7, 300, 30.0, words.hcloud)
    raised = _raise_priority()
    rows: list[Row] = []
    grown: list[tuple[str, ...]] = []
    for name in words.only:
        began = time.monotonic()
        try:
            if name == GROWTH:
                grown.extend(growth.measure(run))
            else:
                rows.extend(MEASUREMENTS[name](run))
        except (OSError, EOFError, subprocess.SubprocessError) as error:
            # The figures so far are worth keeping; the exit code tells that some are missing.
            print(f"{name}: {error}", file=sys.stderr)
            rows.append(Row(name, "–", "could not be measured", kept=False))
        print(f"{name}: measured in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(machine(raised))
    if rows:
        print("\n" + markdown(COLUMNS, [row.cells for row in rows]))
    if grown:
        print("\n" + markdown(growth.COLUMNS, grown))
    return int(any(row.kept is False for row in rows))


def _raise_priority() -> bool:
    """Whether the system allowed it."""
    try:
        os.nice(PRIORITY)
    except PermissionError:
        return False
    return True


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = [*MEASUREMENTS, GROWTH]
    parser.add_argument("--quick", action="store_true", help="fewer repeats: shows the way, not the figures")
    parser.add_argument("--only", nargs="+", choices=every, default=every, help="measure only these")
    parser.add_argument("--hcloud", default=shutil.which("hcloud"), help="the official command line (from the PATH)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
