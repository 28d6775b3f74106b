"""The terminal as Textual drives it, made so that nothing in the program ever waits for it.

Textual's own driver hands its output to a queue that blocks the event loop when the terminal does not read, turns in
circles when the terminal is gone, and ends the program with bytes that are no UTF-8. All that we need of Textual's
private parts for terminals is in this file; `CHECKED_ON` says for which versions that was looked at.
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

from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from hsnap_tui.terminal.background_writer import BackgroundWriter

CHECKED_ON = ("8.2.8",)

MOST_PENDING = 128 * 1024
"""Bytes that may wait for a terminal that is slow; what would come on top of that is drawn again later."""

LAST_WORDS = 0.5
"""Seconds without progress for which a terminal is waited for when it is given back."""

_MODE = re.compile(r"\x1b\[[?<>][0-9;]*(?:[a-z]|\$p)")
_SYNC = ("\x1b[?2026h", "\x1b[?2026l")


class Host(Protocol):
    """What the driver asks of the application."""

    writer: BackgroundWriter
    """Writes to the terminal."""

    def terminal_gone(self) -> None:
        """The terminal does not exist any more; called on the event loop, once."""
        ...

    def may_suspend(self) -> bool:
        """Whether the process may stand still now; it tells the person why not. May be called at any moment."""
        ...


class TerminalDriver(LinuxDriver):
    """Textual's driver with a writer that never blocks, and an end of the input that is an end."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._host = cast(Host, app)
        self._writer = self._host.writer
        self._writer.on_idle = self._idle
        self._writer.on_gone = self._lost
        self._behind = False
        self._is_lost = False
        self._raw: list[Any] | None = None

    # -- output --------------------------------------------------------------------------------------------------

    def write(self, data: str) -> None:
        """Hands text to the writer. While the terminal does not read, frames are dropped and modes are kept."""
        encoded = data.encode("utf-8", "backslashreplace")
        if _MODE.fullmatch(data) and data not in _SYNC:
            self._writer.write(encoded)
        elif self._behind:
            return
        elif self._writer.pending and self._writer.pending + len(encoded) > MOST_PENDING:
            self._writer.discard()
            self._behind = True
            if not self._writer.pending:  # it became idle in between, and has not seen that we are behind
                self._idle()
        else:
            self._writer.write(encoded, droppable=True)

    def _idle(self) -> None:
        if self._behind:
            self._on_loop(self._catch_up)

    def _catch_up(self) -> None:
        """The terminal reads again: everything is drawn anew, since frames were dropped."""
        self._behind = False
        self._app.refresh()

    # -- input ---------------------------------------------------------------------------------------------------

    def run_input_thread(self) -> None:
        """Reads keys and the mouse until it is told to stop, or the terminal is gone."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(0.1):
                    data = self._read()
                    if data == b"":
                        self._lost()
                        break
                    for message in parser.feed(decode(data or b"")):
                        self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)
        with contextlib.suppress(EOFError, ParseError):
            for _ in parser.feed(""):
                pass

    def _read(self) -> bytes | None:
        """What was typed; empty when the terminal is gone, none when there was nothing after all."""
        try:
            return os.read(self.fileno, 4096)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:
            return b""

    def _lost(self) -> None:
        """Reading or writing has failed for good."""
        if not self._is_lost:
            self._is_lost = True
            self._on_loop(self._host.terminal_gone)

    def _on_loop(self, callback: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the program has ended
            self._loop.call_soon_threadsafe(callback)

    # -- its life ------------------------------------------------------------------------------------------------

    def start_application_mode(self) -> None:
        """Takes the terminal over."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        with contextlib.suppress(termios.error):
            self._raw = termios.tcgetattr(self.fileno)

    def stop_application_mode(self) -> None:
        """Gives the terminal back: its modes at once, the last escape sequences as soon as it reads.

        A program in the background that changes a terminal's modes would be stopped; ours has servers to look after.
        """
        self._writer.discard()
        before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        try:
            super().stop_application_mode()
        finally:
            signal.signal(signal.SIGTTOU, before)

    def give_back(self) -> None:
        """Gives the terminal back, if that has not happened yet, since the process is about to end."""
        if self._key_thread is not None and self._key_thread.is_alive():
            self.stop_application_mode()

    def suspend_application_mode(self) -> None:
        """Gives the terminal back for a while, to a shell."""
        super().suspend_application_mode()
        self._writer.flush(LAST_WORDS, 2 * LAST_WORDS)

    def _sigtstp_application(self, *_: object) -> None:
        if self._host.may_suspend():
            super()._sigtstp_application()

    def _sigcont_application(self, *_: int | FrameType | None) -> None:
        """Goes on after a stop: one of ours has given the terminal back first, others (SIGSTOP) have not."""
        if self._is_lost:
            return
        if self._key_thread is None or not self._key_thread.is_alive():
            super()._sigcont_application()
        elif self._raw is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._raw)
        self._on_loop(lambda: self._app.refresh(layout=True))
