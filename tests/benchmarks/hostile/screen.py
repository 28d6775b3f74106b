"""A terminal that is read, frozen or gone, as a scene wants it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
import threading
from contextlib import suppress

LOOK_EVERY = 0.1
"""Seconds between two looks for something to read."""


class Screen:
    """A pseudo-terminal as a terminal program holds it, read by a thread until that is told to stop."""

    def __init__(self, columns: int = 120, rows: int = 40) -> None:
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.read = 0
        self._is_read = threading.Event()
        self._is_read.set()
        self._closed = False
        self._reader = threading.Thread(target=self._reading, daemon=True)
        self._reader.start()

    def _reading(self) -> None:
        while True:
            self._is_read.wait()
            if self._closed:
                return
            try:
                if select.select([self.master], [], [], LOOK_EVERY)[0]:
                    self.read += len(os.read(self.master, 65536))
            except OSError:
                return

    def stop_reading(self) -> None:
        """Nobody reads what is written from now on (a read that is under way may still return)."""
        self._is_read.clear()

    def go_on_reading(self) -> None:
        """It is read again."""
        self._is_read.set()

    def stop_output(self) -> None:
        """What Ctrl-S does: the kernel lets nothing more out, and whoever writes blocks."""
        termios.tcflow(self.slave, termios.TCOOFF)

    def resume_output(self) -> None:
        """What Ctrl-Q does."""
        with suppress(termios.error):
            termios.tcflow(self.slave, termios.TCOON)

    def type(self, keys: str) -> None:
        """Types; does not wait for room."""
        os.set_blocking(self.master, False)
        with suppress(BlockingIOError, OSError):
            os.write(self.master, keys.encode())
        os.set_blocking(self.master, True)

    def forget_slave(self) -> None:
        """The program has its own; kept open, it would never learn of the end."""
        if self.slave >= 0:
            os.close(self.slave)
            self.slave = -1

    def vanish(self) -> None:
        """The terminal is gone: nobody may read it any more, since a file is closed when its last user is done."""
        self.forget_slave()
        self._closed = True
        self._is_read.set()
        self._reader.join()
        if self.master >= 0:
            os.close(self.master)
            self.master = -1
