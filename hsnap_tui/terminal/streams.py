"""Standard output and standard error, so that printing never waits and never fails.

A full pipe, a frozen terminal, a reader that has gone, a stream that was closed before the start: the work that is
told about goes on in any case.
"""

from __future__ import annotations

import io
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO

from hsnap_tui.terminal.background_writer import BackgroundWriter

MOST_PENDING = 64 * 1024 * 1024
"""Bytes that may wait for a reader; one that lets more pile up is taken to be gone."""

SLOW_READER = 10.0
"""Seconds for which a reader may take nothing at the end of a run before the rest is not written."""

LAST_WORDS = 0.5
"""The same after somebody asked to leave."""


class Stream(io.TextIOBase):
    """A text stream in front of a writer of its own thread. What cannot be encoded is written with backslashes."""

    def __init__(self, writer: BackgroundWriter, behind: TextIO | None) -> None:
        self.writer = writer
        self._behind = behind
        self._encoding = (behind.encoding if behind is not None else None) or "utf-8"

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream behind it."""
        return self._encoding

    def writable(self) -> bool:
        """Always."""
        return True

    def isatty(self) -> bool:
        """Whether a terminal is behind it."""
        return self._behind is not None and self._behind.isatty()

    def fileno(self) -> int:
        """The descriptor behind it. Raises `OSError` when there is none."""
        if self._behind is None:
            raise io.UnsupportedOperation("this stream was closed before the program began")
        return self._behind.fileno()

    def write(self, text: str) -> int:
        """Hands the text on; gives its length."""
        if self.writer.pending <= MOST_PENDING:
            self.writer.write(text.encode(self._encoding, "backslashreplace"))
        return len(text)


class Streams:
    """Both streams of the process. `patience`: seconds without progress after which the end waits no longer."""

    def __init__(self, out: BackgroundWriter, err: BackgroundWriter) -> None:
        self.out = out
        self.err = err
        self.patience = math.inf

    def flush(self, patience: float) -> None:
        """Waits until both are written, or until nothing was taken for so many seconds."""
        for writer in dict.fromkeys((self.out, self.err)):  # both may be the same
            writer.flush(patience)

    def hurry(self) -> None:
        """Somebody has asked to leave: the end waits no longer than a moment."""
        self.patience = LAST_WORDS


@contextmanager
def never_waiting() -> Iterator[Streams]:
    """Replaces `sys.stdout` and `sys.stderr`; waits at the end, within `patience`, until all is written."""
    _fill_closed_descriptors()
    before = (sys.stdout, sys.stderr)
    for stream in before:
        if isinstance(stream, io.TextIOWrapper):
            stream.flush()
    out = _writer(sys.stdout)
    err = out if _same_file(*before) else _writer(sys.stderr)
    streams = Streams(out, err)
    with redirect_stdout(_replaced(before[0], out)), redirect_stderr(_replaced(before[1], err)):
        try:
            yield streams
        finally:
            streams.flush(streams.patience)


def _replaced(stream: TextIO | None, writer: BackgroundWriter) -> TextIO:
    return Stream(writer, stream) if stream is None or _sink(stream) is not None else stream  # type: ignore[return-value]


def _writer(stream: TextIO | None) -> BackgroundWriter:
    return BackgroundWriter(None if stream is None else _sink(stream))


def _sink(stream: TextIO) -> io.RawIOBase | None:
    """The unbuffered file of a stream; none for streams that are no files.

    With PYTHONUNBUFFERED, which containers set, nothing is between the two.
    """
    buffer = getattr(stream, "buffer", None)
    if isinstance(buffer, io.RawIOBase):
        return buffer
    raw: io.RawIOBase | None = getattr(buffer, "raw", None)
    return raw


def _same_file(out: TextIO | None, err: TextIO | None) -> bool:
    """Whether both lead to the same terminal, pipe or file: then one thread keeps their lines in order."""
    if out is None or err is None or _sink(out) is None or _sink(err) is None:
        return False
    return os.path.sameopenfile(out.fileno(), err.fileno())


def _fill_closed_descriptors() -> None:
    """A file that is opened later must not get the number of a standard stream."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
