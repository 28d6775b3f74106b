"""The console in a terminal: how soon the first rows are there, and how soon a key is painted.

    python -m tests.benchmarks.screen [--servers 2000] [--keys 40]

The paint of a key is compared with that of an empty Textual program in the same terminal: machines differ, the
ratio does not.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pexpect  # type: ignore[import-untyped]

from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import Served, serve_in_thread
from tests.benchmarks import command
from tests.benchmarks.table import Promises, show

ROWS, COLUMNS = 50, 160
QUIET = 0.15
"""Seconds without output after which the screen is taken to be still."""


@dataclass(slots=True)
class Figures:
    """Seconds."""

    first_rows: float
    to_first_byte: list[float]
    to_last_byte: list[float]


def measure(words: list[str], sign: str, around: Mapping[str, str], keys: int) -> Figures:
    """Starts a program in a terminal, waits for its sign of life, and presses `j` so many times."""
    started = time.monotonic()
    terminal = pexpect.spawn(
        sys.executable, words, env=dict(around), dimensions=(ROWS, COLUMNS), timeout=60, encoding=None
    )
    terminal.delaybeforesend = None
    try:
        terminal.expect_exact(sign.encode())
        first_rows = time.monotonic() - started
        figures = Figures(first_rows, [], [])
        _settle(terminal, 3.0)
        for _ in range(keys):
            _settle(terminal, QUIET)
            pressed = time.monotonic()
            terminal.send(b"j")
            first, last = _burst(terminal)
            figures.to_first_byte.append(first - pressed)
            figures.to_last_byte.append(last - pressed)
        return figures
    finally:
        terminal.close(force=True)


def _settle(terminal: pexpect.spawn, quiet: float) -> None:
    """Reads until nothing has come for that long, but not for ever: a live table moves."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            terminal.read_nonblocking(65536, timeout=quiet)
        except pexpect.TIMEOUT:
            return


def _burst(terminal: pexpect.spawn) -> tuple[float, float]:
    """When the first and the last output came that a key caused."""
    terminal.read_nonblocking(65536, timeout=5)
    first = last = time.monotonic()
    while last - first < 1:
        try:
            terminal.read_nonblocking(65536, timeout=0.04)
        except pexpect.TIMEOUT:
            break
        last = time.monotonic()
    return first, last


def main() -> int:
    """Prints the figures; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=int, default=2000)
    parser.add_argument("--keys", type=int, default=40, help="how many keys are pressed (40)")
    parser.add_argument("--most-ratio", type=float, default=4.0, help="the ratio that breaks the promise (4)")
    arguments = parser.parse_args()
    options = DemoOptions(servers=arguments.servers, calm=True, latency=0.05, rate_limit=36000)
    with (
        tempfile.TemporaryDirectory(prefix="hsnap-tui-screen-") as folder,
        serve_in_thread(options=options) as served,
    ):
        around = _terminal(served, Path(folder))
        sign = min(served.call(lambda cloud: [server.name for server in cloud.servers.values()]))
        ours = measure(["-m", "hsnap_tui"], sign, around, arguments.keys)
        empty = measure(["-m", "tests.benchmarks.empty_app"], "ready 0", around, arguments.keys)
    rows = [
        [name, f"{figures.first_rows:.2f} s", *_paint(figures.to_first_byte), *_paint(figures.to_last_byte)]
        for name, figures in (("hsnap-tui", ours), ("empty Textual program", empty))
    ]
    columns = ["program", "first rows", "first byte, median", "worst", "last byte, median", "worst"]
    show(f"{arguments.servers} servers in a terminal of {COLUMNS}x{ROWS}, a key that moves the cursor", columns, rows)
    ratio = statistics.median(ours.to_last_byte) / statistics.median(empty.to_last_byte)
    promises = Promises()
    words = f"a key is painted in {ratio:.1f} times what an empty program takes, of at most {arguments.most_ratio:g}"
    promises.check(words, ratio <= arguments.most_ratio)
    return promises.tell()


def _terminal(served: Served, folder: Path) -> dict[str, str]:
    return {
        **command.surroundings(served, folder / "state"),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
    }


def _paint(seconds: list[float]) -> list[str]:
    return [f"{statistics.median(seconds) * 1000:.0f} ms", f"{max(seconds) * 1000:.0f} ms"]


if __name__ == "__main__":
    raise SystemExit(main())
