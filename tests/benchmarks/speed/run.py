"""What every measurement is told: how often to repeat, for how long to watch, and where to put files."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import command
from tests.benchmarks.speed.simulator import Simulator


@dataclass(frozen=True, slots=True)
class Run:
    """`repeats`: how often what starts a program is repeated; `keys`: how many keys are pressed; `watched`: seconds
    for which processor time and bytes are counted; `hcloud`: the official command line, or none."""

    repeats: int
    keys: int
    watched: float
    hcloud: str | None


def in_turns(repeats: int, **work: Callable[[], float]) -> dict[str, list[float]]:
    """Does each work so many times, one after the other in turns, so that what else the machine does meets all of
    them; gives what they gave. A first turn is not counted: it warms what the machine keeps in memory."""
    found: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(repeats + 1):
        for name, do in work.items():
            figure = do()
            if turn:
                found[name].append(figure)
    return found


def took(words: Sequence[str], env: Mapping[str, str]) -> float:
    """Seconds that a program takes from its start to its end. Raises `CalledProcessError` when it fails."""
    began = time.perf_counter()
    subprocess.run(words, env=env, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def module(name: str) -> tuple[str, ...]:
    """The words that run a peer."""
    return (sys.executable, "-m", f"tests.benchmarks.speed.peers.{name}")


def client(cloud: Simulator) -> dict[str, str]:
    """The environment of a peer that speaks to the simulated cloud."""
    return command.surroundings(cloud, Path(os.devnull))


@contextmanager
def names_file(names: Sequence[str]) -> Iterator[str]:
    """A file with the names, until the block is left."""
    with tempfile.NamedTemporaryFile("w", prefix="hsnap-tui-names-", encoding="utf-8") as file:
        file.write("\n".join(names))
        file.flush()
        yield file.name


@contextmanager
def state_folder() -> Iterator[Path]:
    """An empty folder for what a console keeps, until the block is left."""
    with tempfile.TemporaryDirectory(prefix="hsnap-tui-speed-") as folder:
        yield Path(folder)
