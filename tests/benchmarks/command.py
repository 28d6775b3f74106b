"""hsnap-tui as a person or cron runs it: a real process, with a state folder and surroundings of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Protocol

from hsnap_tui.jobs.store.journal import Batch, Journal

_KEPT = ("PATH", "HOME", "LANG", "SYSTEMROOT", "TEMP", "TMP")


class SimulatedProject(Protocol):
    """A simulated cloud, in this process or in one of its own."""

    @property
    def endpoint(self) -> str:
        """The URL."""

    @property
    def token(self) -> str:
        """The token that may do everything."""


def surroundings(served: SimulatedProject, state_dir: Path) -> dict[str, str]:
    """The environment in which a client reaches the simulated cloud and nothing else."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {
        "HCLOUD_TOKEN": served.token,
        "HCLOUD_ENDPOINT": served.endpoint,
        "HSNAP_STATE_DIR": str(state_dir),
        "PYTHONUNBUFFERED": "1",
    }


def start(served: SimulatedProject, state_dir: Path, words: Sequence[str], out: IO[bytes]) -> subprocess.Popen[bytes]:
    """Starts `hsnap-tui` with these words; what it writes goes to `out`."""
    return subprocess.Popen(
        [sys.executable, "-m", "hsnap_tui", *words],
        env=surroundings(served, state_dir),
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT,
    )


def run(served: SimulatedProject, state_dir: Path, words: Sequence[str], out: IO[bytes], within: float) -> int:
    """Runs it to its end; gives the exit code. Raises `TimeoutError` when it does not end, after killing it."""
    process = start(served, state_dir, words, out)
    try:
        return process.wait(within)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"hsnap-tui {' '.join(words)} did not end within {within:g} s") from error
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def batches(state_dir: Path) -> tuple[Batch, ...]:
    """All that the journals in the folder hold, newest first."""
    found: list[Batch] = []
    for path in sorted(state_dir.glob("projects/*/journal.sqlite3")):
        found.extend(asyncio.run(_read(path)))
    return tuple(found)


async def _read(path: Path) -> tuple[Batch, ...]:
    journal = Journal(path)
    try:
        await journal.open()
        return await journal.batches(1000)
    finally:
        await journal.close()
