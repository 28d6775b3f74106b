"""What the console writes to a terminal while nothing happens: bytes a second.

    python -m tests.benchmarks.idle [--servers 20] [--seconds 20] [--lively]

Only what changes may be written: over a slow line a screen that repaints all the time is of no use.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import pexpect  # type: ignore[import-untyped]

from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import Served, serve_in_thread
from tests.benchmarks import command
from tests.benchmarks.table import Promises, show

SETTLED = 5.0
"""Seconds after the first rows in which the start is over."""


def written(around: Mapping[str, str], sign: str, size: tuple[int, int], seconds: float) -> bytes:
    """What the console writes in so many seconds, once it has started."""
    columns, rows = size
    terminal = pexpect.spawn(
        sys.executable, ["-m", "hsnap_tui"], env=dict(around), dimensions=(rows, columns), timeout=60, encoding=None
    )
    try:
        terminal.expect_exact(sign.encode())
        _read(terminal, SETTLED)
        return _read(terminal, seconds)
    finally:
        terminal.close(force=True)


def _read(terminal: pexpect.spawn, seconds: float) -> bytes:
    end, found = time.monotonic() + seconds, b""
    while (left := end - time.monotonic()) > 0:
        try:
            found += terminal.read_nonblocking(65536, timeout=left)
        except pexpect.TIMEOUT:
            break
    return found


def main() -> int:
    """Prints the figures; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long it is watched (20)")
    parser.add_argument("--lively", action="store_true", help="other clients lock servers all the time")
    parser.add_argument("--most", type=float, default=500.0, help="bytes a second that break the promise (500)")
    arguments = parser.parse_args()
    rows, promises = [], Promises()
    with (
        tempfile.TemporaryDirectory(prefix="hsnap-tui-idle-") as folder,
        serve_in_thread(options=DemoOptions(servers=arguments.servers, calm=not arguments.lively)) as served,
    ):
        sign = min(served.call(lambda cloud: [server.name for server in cloud.servers.values()]))
        for size in ((80, 24), (160, 50)):
            state = Path(folder) / str(size[0])
            found = written(_terminal(served, state), sign, size, arguments.seconds)
            rate = len(found) / arguments.seconds
            rows.append([f"{size[0]}x{size[1]}", f"{len(found):,}", f"{rate:,.0f}"])
            promises.check(f"{size[0]}x{size[1]}: {rate:,.0f} bytes a second", rate <= arguments.most)
    show(f"{arguments.servers} servers, nothing happens", ["terminal", "bytes", "bytes a second"], rows)
    return promises.tell()


def _terminal(served: Served, folder: Path) -> dict[str, str]:
    surroundings = command.surroundings(served, folder)
    return {**surroundings, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}


if __name__ == "__main__":
    raise SystemExit(main())
