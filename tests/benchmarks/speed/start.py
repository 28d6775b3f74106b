"""From the command to the first rows on the screen, and to all rows; and what starts no screen."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.benchmarks.speed import terminal
from tests.benchmarks.speed.report import Row, milliseconds, seconds
from tests.benchmarks.speed.run import Run, client, in_turns, module, names_file, state_folder, took
from tests.benchmarks.speed.simulator import Simulator, simulator

MOST_OF_STOCK_TABLE = 1.25
MOST_OF_SDK = 0.3
MOST_SECONDS = 0.7
MOST_OF_1000 = 1.15
MOST_SECONDS_TO_ALL = 2.0
MOST_OF_PYTHON = {"version": 1.5, "help": 5.0, "completion": 6.0}
"""Times a Python that does nothing: what they took when the goal, not to become slower, was set."""
COMPLETION = {"_HSNAP_TUI_COMPLETE": "bash_complete", "COMP_WORDS": "hsnap-tui snapsh", "COMP_CWORD": "1"}


def has_rows(cloud: Simulator) -> terminal.Sign:
    """Whether a screen shows rows of servers."""
    names = frozenset(cloud.names)
    return lambda text: sum(bool(names & set(line[:40].split())) for line in text.split("\n")) >= min(5, len(names))


def has_all(cloud: Simulator) -> terminal.Sign:
    """Whether a screen says that all servers are there."""
    count = f" {len(cloud.names):,} servers"
    return lambda text: count in text and has_rows(cloud)(text)


def ours(cloud: Simulator, state: Path) -> list[float]:
    """Seconds to the first rows and to all."""
    with terminal.console(cloud, state) as screen:
        screen.wait(f"{len(cloud.names):,} servers".encode())
        screen.settle(0.3, 2.0)
        return screen.shown_since(has_rows(cloud), has_all(cloud))


def stock_table(cloud: Simulator, names: str) -> float:
    """Seconds to the first rows of a bare program with Textual's own table."""
    with terminal.program((*module("stock_table"), names)) as screen:
        screen.wait(b"running")
        screen.settle(0.2, 2.0)
        return screen.shown_since(has_rows(cloud))[0]


def measure(run: Run) -> Iterable[Row]:
    """The rows of the table."""
    yield _small(run)
    first_of_1000, row = _thousand(run)
    yield row
    yield from _five_thousand(run, first_of_1000)


def _small(run: Run) -> Row:
    with simulator(20) as cloud, names_file(cloud.names) as names, state_folder() as state:
        found = in_turns(run.repeats, ours=lambda: ours(cloud, state)[0], table=lambda: stock_table(cloud, names))
    ratio = statistics.median(found["ours"]) / statistics.median(found["table"])
    return Row(
        "command to first rows",
        "20 servers, 0 ms",
        seconds(found["ours"]),
        f"≤ {MOST_OF_STOCK_TABLE:g} × bare Textual table",
        ratio <= MOST_OF_STOCK_TABLE,
        peers=f"bare Textual table {seconds(found['table'])}",
        ratio=ratio,
    )


def _thousand(run: Run) -> tuple[float, Row]:
    with simulator(1000, latency=0.1) as cloud, names_file(cloud.names[:20]) as names, state_folder() as state:
        env = client(cloud)
        peers = {"sdk": lambda: took(module("get_all"), env), "floor": lambda: took(module("first_and_rest"), env)}
        if (hcloud := run.hcloud) is not None:
            peers["cli"] = lambda: took((hcloud, "server", "list"), env)
        found = in_turns(
            run.repeats, ours=lambda: ours(cloud, state)[0], table=lambda: stock_table(cloud, names), **peers
        )
    median = statistics.median(found["ours"])
    ratio = median / statistics.median(found["sdk"])
    cli = f"hcloud server list {seconds(found['cli'])}" if "cli" in found else "no hcloud here"
    floor = max(statistics.median(found["floor"]), statistics.median(found["table"]))
    row = Row(
        "command to first rows",
        "1000 servers, 100 ms",
        seconds(found["ours"]),
        f"≤ {MOST_OF_SDK:g} × SDK, ≤ {MOST_SECONDS:g} s",
        ratio <= MOST_OF_SDK and median <= MOST_SECONDS,
        f"{floor:.2f} s",
        f"SDK get_all {seconds(found['sdk'])}, {cli}",
        ratio,
    )
    return median, row


def _five_thousand(run: Run, first_of_1000: float) -> Iterable[Row]:
    both: list[list[float]] = []
    with simulator(5000, latency=0.1) as cloud, state_folder() as state:

        def first() -> float:
            both.append(ours(cloud, state))
            return both[-1][0]

        found = in_turns(run.repeats, ours=first, floor=lambda: took(module("first_and_rest"), client(cloud)))
    everything = [all_rows for _, all_rows in both[1:]]
    ratio = statistics.median(found["ours"]) / first_of_1000
    yield Row(
        "command to first rows",
        "5000 servers, 100 ms",
        seconds(found["ours"]),
        f"as with 1000 (≤ {MOST_OF_1000:g} ×)",
        ratio <= MOST_OF_1000,
        peers=f"ours with 1000 {first_of_1000:.2f} s",
        ratio=ratio,
    )
    median = statistics.median(everything)
    yield Row(
        "all rows there",
        "5000 servers, 100 ms",
        seconds(everything),
        f"≤ {MOST_SECONDS_TO_ALL:g} s",
        median <= MOST_SECONDS_TO_ALL,
        seconds(found["floor"]),
        "the floor: first page, then 99 side by side, nothing parsed",
        median / statistics.median(found["floor"]),
    )


def without_screen(run: Run) -> Iterable[Row]:
    """The rows of the commands that start no screen."""
    hsnap_tui = (sys.executable, "-m", "hsnap_tui")
    env = dict(os.environ)
    found = in_turns(
        run.repeats * 3,
        python=lambda: took((sys.executable, "-c", "pass"), env),
        version=lambda: took((*hsnap_tui, "--version"), env),
        help=lambda: took((*hsnap_tui, "--help"), env),
        completion=lambda: took(hsnap_tui, env | COMPLETION),
    )
    python = statistics.median(found["python"])
    for name, words in (("version", "`--version`"), ("help", "`--help`"), ("completion", "completion in the shell")):
        ratio, most = statistics.median(found[name]) / python, MOST_OF_PYTHON[name]
        yield Row(
            words,
            "–",
            milliseconds(found[name]),
            f"≤ {most:g} × `python -c pass`",
            ratio <= most,
            peers=f"`python -c pass` {milliseconds(found['python'])}",
            ratio=ratio,
        )
