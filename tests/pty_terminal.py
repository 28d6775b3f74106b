"""A terminal for the whole program: a pseudo-terminal, and what it shows."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pyte

from tests.patience import PATIENCE, Patience, eventually
from tests.programs import PROGRAM, heed_signals

ALTERNATE_ON, ALTERNATE_OFF = "\x1b[?1049h", "\x1b[?1049l"
CURSOR_OFF, CURSOR_ON = "\x1b[?25l", "\x1b[?25h"


class Terminal:
    """The program in a terminal of `columns` × `rows`, as a person has it in front of them."""

    def __init__(
        self,
        words: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        columns: int,
        rows: int,
        *,
        prepare: Callable[[], None] | None = None,
    ) -> None:
        self.child = pexpect.spawn(
            words[0],
            [*words[1:]],
            env={**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            cwd=str(cwd),
            dimensions=(rows, columns),
            encoding="utf-8",
            codec_errors="replace",
            timeout=PATIENCE,
            preexec_fn=prepare or heed_signals,
        )
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)
        self.raw = ""

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def pid(self) -> int:
        """The program's process."""
        return int(self.child.pid)

    def press(self, *keys: str) -> None:
        """Types keys, one after the other."""
        for key in keys:
            self.child.send(key)
            self._read(0.05)

    def wait(self, is_so: Callable[[str], bool] | str) -> str:
        """Reads until the screen shows it; gives the screen."""
        patience = Patience()
        while not (is_so in self.text if isinstance(is_so, str) else is_so(self.text)):
            goes_on = self._read(0.05) and not patience.is_over
            assert goes_on, f"not seen: {is_so}\n{self.text}\n{self.raw[-2000:]!r}"
        return self.text

    def ended(self) -> int:
        """Reads to the end; gives the exit code, or the negative number of the signal that ended it."""
        patience = Patience()
        while self._read(0.05):
            assert not patience.is_over, f"still running:\n{self.text}"
        self.child.wait()
        return int(self.child.exitstatus if self.child.exitstatus is not None else -self.child.signalstatus)

    def is_restored(self) -> bool:
        """Whether the terminal is as it was: the screen from before, the cursor, no mouse and paste modes."""
        on, off = self.raw.rfind(ALTERNATE_ON), self.raw.rfind(ALTERNATE_OFF)
        cursor = self.raw.rfind(CURSOR_ON) > self.raw.rfind(CURSOR_OFF)
        return 0 <= on < off and cursor and all(f"\x1b[?{mode}l" in self.raw for mode in (1000, 1003, 1006, 2004))

    def freeze(self, *keys: str) -> None:
        """Types keys that draw, without reading what is drawn, until the terminal takes no more of it."""
        waits = -1
        patience = Patience()
        while waits != (waits := self._unread()):
            for key in keys * 20:
                self.child.send(key)
                time.sleep(0.02)
            assert not patience.is_over, "the terminal takes whatever is written"

    def _unread(self) -> int:
        return int.from_bytes(fcntl.ioctl(self.child.child_fd, termios.FIONREAD, bytes(4)), sys.byteorder)

    def hang_up(self) -> None:
        """Closes the terminal, as a window does: the kernel sends SIGHUP."""
        self.child.ptyproc.fileobj.close()

    def is_swept(self) -> bool:
        """Kills all that still runs in this terminal; gives whether nothing did."""
        found = in_session(self.pid)
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not found

    def _read(self, seconds: float) -> bool:
        try:
            text = self.child.read_nonblocking(65536, seconds)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += text
        self._stream.feed(text)
        return True


@contextmanager
def terminal(
    *words: str,
    env: Mapping[str, str],
    cwd: Path,
    columns: int = 80,
    rows: int = 24,
    program: Sequence[str] = PROGRAM,
    prepare: Callable[[], None] | None = None,
) -> Iterator[Terminal]:
    """The program in a terminal; whatever runs in it at the end is killed. `prepare` runs in it before it begins."""
    made = Terminal([*program, *words], env, cwd, columns, rows, prepare=prepare)
    try:
        yield made
    finally:
        eventually(made.is_swept)
        if made.child.isalive():
            made.child.wait()
        made.hang_up()


def stands_still(screen: Terminal) -> bool:
    """Whether the process is stopped."""
    return os.waitid(os.P_PID, screen.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None


def in_session(leader: int) -> list[int]:
    """All processes of a terminal, those too that a shell has put into the background."""
    done = subprocess.run(["/bin/ps", "-axo", "pid=,stat="], capture_output=True, text=True, check=True)
    found = []
    for line in done.stdout.splitlines():
        pid, state = line.split()
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(int(pid)) == leader and not state.startswith("Z"):
                found.append(int(pid))
    return found


def processes(about: str) -> list[str]:
    """The command lines of all processes that mention it."""
    done = subprocess.run(["/bin/ps", "-axww", "-o", "args="], capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if about in line]
