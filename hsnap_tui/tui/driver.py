"""A Textual driver that never blocks the event loop, whatever the terminal does.

Textual's own driver writes to a queue that blocks the event loop while the terminal does not read, loops at 100 % CPU
when the terminal is gone, and ends the program on input that is not UTF-8. The methods that are overridden here are
private ones of Textual: `textual_private.CHECKED_ON` lists the versions for which they were checked.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import termios
from codecs import getincrementaldecoder
from types import FrameType
from typing import Any, Protocol, cast

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from hsnap_tui.terminal.background_writer import BackgroundWriter
from hsnap_tui.tui.textual_private import ParseError, XTermParser

MAX_PENDING_BYTES = 128 * 1024
"""How many bytes may wait for a slow terminal. Frames beyond that are dropped; the screen is redrawn later."""

FLUSH_TIMEOUT = 0.5
"""How long to wait for a terminal that reads nothing when the program is suspended, in seconds."""

_MODE = re.compile(r"\x1b\[[?<>][0-9;]*(?:[a-z]|\$p)")
_SYNC = ("\x1b[?2026h", "\x1b[?2026l")


class DriverHost(Protocol):
    """What the driver needs of the application."""

    writer: BackgroundWriter
    """Writes to the terminal."""

    def terminal_gone(self) -> None:
        """The terminal no longer exists. Called once, on the event loop."""
        ...

    def may_suspend(self) -> bool:
        """Whether the process may be suspended now; tells the user when not. Called from a signal handler."""
        ...


class TerminalDriver(LinuxDriver):
    """Textual's Linux driver with output that never blocks, and that leaves the program when the terminal is gone."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._host = cast(DriverHost, app)
        self._writer = self._host.writer
        self._writer.on_idle = self._on_idle
        self._writer.on_gone = self._on_terminal_gone
        self._frames_were_dropped = False
        self._terminal_is_gone = False
        self._terminal_modes: list[Any] | None = None

    # -- output --------------------------------------------------------------------------------------------------

    def write(self, data: str) -> None:
        """Hands text to the writer. While the terminal does not read, frames are dropped; changes of modes are
        kept."""
        encoded = data.encode("utf-8", "backslashreplace")
        if _MODE.fullmatch(data) and data not in _SYNC:
            self._writer.write(encoded)
        elif self._frames_were_dropped:
            return
        elif self._writer.pending and self._writer.pending + len(encoded) > MAX_PENDING_BYTES:
            self._writer.discard()
            self._frames_were_dropped = True
            if not self._writer.pending:  # it became idle in between, before the flag was set
                self._on_idle()
        else:
            self._writer.write(encoded, droppable=True)

    def _on_idle(self) -> None:
        if self._frames_were_dropped:
            self._on_loop(self._redraw_all)

    def _redraw_all(self) -> None:
        """The terminal reads again: redraws the whole screen, since frames were dropped."""
        self._frames_were_dropped = False
        self._app.refresh()

    # -- input ---------------------------------------------------------------------------------------------------

    def run_input_thread(self) -> None:
        """Reads keys and mouse events until the driver stops or the terminal is gone."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(0.1):
                    data = self._read()
                    if data == b"":
                        self._on_terminal_gone()
                        break
                    for message in parser.feed(decode(data or b"")):
                        self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)
        with contextlib.suppress(EOFError, ParseError):
            for _ in parser.feed(""):
                pass

    def _read(self) -> bytes | None:
        """The bytes that were typed; empty when the terminal is gone, None when there was nothing to read."""
        try:
            return os.read(self.fileno, 4096)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:
            return b""

    def _on_terminal_gone(self) -> None:
        """Reading or writing failed in a way that cannot get better: leaves the program, once."""
        if not self._terminal_is_gone:
            self._terminal_is_gone = True
            self._on_loop(self._host.terminal_gone)

    def _on_loop(self, callback: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the program has ended
            self._loop.call_soon_threadsafe(callback)

    # -- start, stop and suspension ------------------------------------------------------------------------------

    def start_application_mode(self) -> None:
        """Takes the terminal over and remembers the modes that Textual has set."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        with contextlib.suppress(termios.error):
            self._terminal_modes = termios.tcgetattr(self.fileno)

    def stop_application_mode(self) -> None:
        """Restores the terminal: its modes at once, the last escape sequences as soon as it reads.

        SIGTTOU is ignored meanwhile: it would stop a background process that changes the modes, and a stopped process
        can't power on servers.
        """
        self._writer.discard()
        before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        try:
            super().stop_application_mode()
        finally:
            signal.signal(signal.SIGTTOU, before)

    def restore_terminal(self) -> None:
        """Restores the terminal, unless that was done already; for the moment before the process ends."""
        if self._key_thread is not None and self._key_thread.is_alive():
            self.stop_application_mode()

    def suspend_application_mode(self) -> None:
        """Restores the terminal for the shell while the program is suspended."""
        super().suspend_application_mode()
        self._writer.flush(FLUSH_TIMEOUT, 2 * FLUSH_TIMEOUT)

    def _sigtstp_application(self, *_: object) -> None:
        if self._host.may_suspend():
            super()._sigtstp_application()

    def _sigcont_application(self, *_: int | FrameType | None) -> None:
        """Goes on after a stop. Ctrl-Z had restored the terminal first; after a SIGSTOP only the modes are set
        anew."""
        if self._terminal_is_gone:
            return
        if self._key_thread is None or not self._key_thread.is_alive():
            super()._sigcont_application()
        elif self._terminal_modes is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._terminal_modes)
        self._on_loop(lambda: self._app.refresh(layout=True))
