"""A program in a pseudo-terminal: when it writes what, and what it costs the machine."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pyte

from tests.benchmarks import command
from tests.benchmarks.speed.run import state_folder
from tests.benchmarks.speed.simulator import Simulator

ROWS, COLUMNS = 50, 160
WITHIN = 120.0
"""Seconds after which what has not come counts as missing."""
Sign = Callable[[str], bool]
"""Whether the text of a screen shows something."""
_TICKS = os.sysconf("SC_CLK_TCK")
_COLOURS = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}


class MeasuredTerminal:
    """The program, from its start on; `started` and all other moments are those of the monotonic clock."""

    def __init__(self, words: Sequence[str], around: Mapping[str, str]) -> None:
        self.started = time.monotonic()
        self.written: list[tuple[float, bytes]] = []
        """What came when."""
        self._child = pexpect.spawn(
            words[0], [*words[1:]], env=dict(around), dimensions=(ROWS, COLUMNS), timeout=WITHIN, encoding=None
        )
        self._child.delaybeforesend = None
        self._child.delayafterread = None  # else each read pauses

    @property
    def pid(self) -> int:
        """The process."""
        return int(self._child.pid)

    @property
    def bytes_written(self) -> int:
        """How many bytes have come so far."""
        return sum(len(part) for _, part in self.written)

    def press(self, keys: bytes) -> float:
        """Types; gives the moment."""
        pressed = time.monotonic()
        self._child.send(keys)
        return pressed

    def read(self, most: float) -> bytes:
        """What comes next, waiting at most that many seconds; empty when nothing comes. Raises `EOFError` when the
        program has ended."""
        try:
            part: bytes = self._child.read_nonblocking(65536, timeout=most)
        except pexpect.TIMEOUT:
            return b""
        except pexpect.EOF as error:
            raise EOFError(f"the program has ended: {self.shown()}") from error
        self.written.append((time.monotonic(), part))
        return part

    def watch(self, seconds: float) -> None:
        """Reads for that long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.read(left)

    def settle(self, quiet: float, most: float) -> float:
        """Reads until nothing has come for `quiet` seconds, at most for `most`; gives the moment of the last byte."""
        end = time.monotonic() + most
        while time.monotonic() < end and self.read(quiet):
            continue
        return self.written[-1][0]

    def wait(self, pattern: bytes, since: int = 0) -> float:
        """Reads until the pattern occurs in what was written after the first `since` parts; gives the moment."""
        found, seen = re.compile(pattern), b"".join(part for _, part in self.written[since:])
        end = time.monotonic() + WITHIN
        while not found.search(seen):
            seen = seen[-1000:] + self.read(1.0)
            if time.monotonic() > end:
                raise TimeoutError(f"{pattern!r} was not written:\n{self.shown()}")
        return self.written[-1][0]

    def wait_for_screen(self, is_so: Sign) -> None:
        """Reads until the screen shows it."""
        end = time.monotonic() + WITHIN
        while not is_so(self.shown()):
            self.settle(0.2, 1.0)
            if time.monotonic() > end:
                raise TimeoutError(f"this was not to be:\n{self.shown()}")

    def shown(self) -> str:
        """What is on the screen now."""
        screen = pyte.Screen(COLUMNS, ROWS)
        pyte.ByteStream(screen).feed(b"".join(part for _, part in self.written))
        return "\n".join(line.rstrip() for line in screen.display)

    def shown_since(self, *signs: Sign) -> list[float]:
        """Seconds from the start until the screen first showed each sign; reads until it has. What was written is
        drawn again part by part, after the fact, so that looking costs the program nothing."""
        end = time.monotonic() + WITHIN
        while not all(found := self._first_shown(signs)):
            if time.monotonic() > end:
                raise TimeoutError(f"this was never seen:\n{self.shown()}")
            self.settle(0.3, 2.0)
        return [moment - self.started for moment in found]

    def _first_shown(self, signs: Sequence[Sign]) -> list[float]:
        """The moments at which the screen first showed the signs; 0 for what it has not shown so far."""
        screen = pyte.Screen(COLUMNS, ROWS)
        stream, found = pyte.ByteStream(screen), [0.0] * len(signs)
        for moment, part in self.written:
            stream.feed(part)
            text = "\n".join(screen.display)
            found = [was or (moment if sign(text) else 0.0) for was, sign in zip(found, signs, strict=True)]
        return found

    def processor_seconds(self) -> float:
        """Processor time of the process so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self) -> tuple[float, float]:
        """Megabytes that are resident, and the process's share of them (RSS and PSS)."""
        found = dict(
            re.findall(r"^(\w+):\s+(\d+) kB", Path(f"/proc/{self.pid}/smaps_rollup").read_text("utf-8"), re.M)
        )
        return int(found["Rss"]) / 1024, int(found["Pss"]) / 1024

    def close(self) -> None:
        """Kills the program."""
        if self._child.isalive():
            os.kill(self.pid, signal.SIGKILL)
            self._child.wait()
        self._child.close()


@contextmanager
def program(words: Sequence[str], around: Mapping[str, str] = os.environ) -> Iterator[MeasuredTerminal]:
    """Runs a program in a terminal until the block is left."""
    terminal = MeasuredTerminal(words, {**around, **_COLOURS})
    try:
        yield terminal
    finally:
        terminal.close()


@contextmanager
def console(cloud: Simulator, state: Path | None = None) -> Iterator[MeasuredTerminal]:
    """Runs the console on a simulated cloud; with a state folder of its own when none is given."""
    words = (sys.executable, "-m", "hsnap_tui")
    with (
        state_folder() if state is None else nullcontext(state) as folder,
        program(words, command.surroundings(cloud, folder)) as terminal,
    ):
        yield terminal
