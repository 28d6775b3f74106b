"""Standard output and standard error on background writers, so that `print` never blocks and never fails.

Neither a full pipe, nor a frozen terminal, a reader that is gone, or a stream that was closed before the start may
stop the program's work.
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

MAX_PENDING_BYTES = 64 * 1024 * 1024
"""How many bytes may wait for a reader; further output is dropped."""

SLOW_READER_TIMEOUT = 10.0
"""Seconds without progress after which the rest is not written at the end of a run."""

SHORT_FLUSH = 0.5
"""The same, after the user has asked to leave."""


class Stream(io.TextIOBase):
    """A text stream that writes to a `BackgroundWriter`. Characters that can't be encoded are written as escapes."""

    def __init__(self, writer: BackgroundWriter, stream: TextIO | None) -> None:
        self.writer = writer
        self._stream = stream
        self._encoding = (stream.encoding if stream is not None else None) or "utf-8"

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the original stream."""
        return self._encoding

    def writable(self) -> bool:
        """Always."""
        return True

    def isatty(self) -> bool:
        """Whether the original stream is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        """The descriptor of the original stream. Raises `OSError` when there is none."""
        if self._stream is None:
            raise io.UnsupportedOperation("this stream was closed before the program began")
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Queues the text; returns its length."""
        if self.writer.pending <= MAX_PENDING_BYTES:
            self.writer.write(text.encode(self._encoding, "backslashreplace"))
        return len(text)


class Streams:
    """Standard output and standard error. At the end of the program both are written out, until nothing was written
    for `flush_timeout` seconds."""

    def __init__(self, out: BackgroundWriter, err: BackgroundWriter) -> None:
        self.out = out
        self.err = err
        self.flush_timeout = math.inf

    def flush(self, flush_timeout: float) -> None:
        """Waits until both are written, or until nothing was written for `flush_timeout` seconds."""
        for writer in dict.fromkeys((self.out, self.err)):  # both may be the same
            writer.flush(flush_timeout)

    def shorten_flush(self) -> None:
        """Lets the end of the program wait for a slow reader only for `SHORT_FLUSH` seconds."""
        self.flush_timeout = SHORT_FLUSH


@contextmanager
def non_blocking_output() -> Iterator[Streams]:
    """Replaces `sys.stdout` and `sys.stderr`; at the end waits, within `flush_timeout`, until all is written."""
    _fill_closed_descriptors()
    before = (sys.stdout, sys.stderr)
    for stream in before:
        if isinstance(stream, io.TextIOWrapper):
            stream.flush()
    out = _writer(sys.stdout)
    err = out if _same_file(*before) else _writer(sys.stderr)
    streams = Streams(out, err)
    with redirect_stdout(_replacement(before[0], out)), redirect_stderr(_replacement(before[1], err)):
        try:
            yield streams
        finally:
            streams.flush(streams.flush_timeout)


def _replacement(stream: TextIO | None, writer: BackgroundWriter) -> TextIO:
    return Stream(writer, stream) if stream is None or _sink(stream) is not None else stream  # type: ignore[return-value]


def _writer(stream: TextIO | None) -> BackgroundWriter:
    return BackgroundWriter(None if stream is None else _sink(stream))


def _sink(stream: TextIO) -> io.RawIOBase | None:
    """The unbuffered file of a stream; None for streams that are no files.

    With PYTHONUNBUFFERED, which containers often set, the stream's `buffer` is that file itself.
    """
    buffer = getattr(stream, "buffer", None)
    if isinstance(buffer, io.RawIOBase):
        return buffer
    raw: io.RawIOBase | None = getattr(buffer, "raw", None)
    return raw


def _same_file(out: TextIO | None, err: TextIO | None) -> bool:
    """Whether both write to the same terminal, pipe or file; one thread then keeps their lines in order."""
    if out is None or err is None or _sink(out) is None or _sink(err) is None:
        return False
    return os.path.sameopenfile(out.fileno(), err.fileno())


def _fill_closed_descriptors() -> None:
    """Opens standard streams that are closed, so that no file opened later gets descriptor 0, 1 or 2."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
