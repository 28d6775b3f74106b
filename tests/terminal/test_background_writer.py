"""The writer that nobody waits for: order, what may be dropped, progress, and an end that is an end."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.terminal.background_writer import BackgroundWriter
from tests.patience import PATIENCE


class Sink:
    """A terminal that takes `portions` bytes at once, and only while it is not frozen."""

    def __init__(self, *, frozen: bool = False, portions: int = 1 << 20, fails: bool = False) -> None:
        self.taken = b""
        self.reads = threading.Event()
        self._portions = portions
        self._fails = fails
        if not frozen:
            self.reads.set()

    def write(self, data: memoryview, /) -> int:
        self.reads.wait(PATIENCE)
        if self._fails:
            raise BrokenPipeError
        self.taken += bytes(data[: self._portions])
        return min(len(data), self._portions)

    def fileno(self) -> int:
        raise NotImplementedError


@given(st.lists(st.binary(max_size=20)), st.integers(1, 7))
def test_everything_arrives_in_order(pieces: list[bytes], portions: int) -> None:
    sink = Sink(portions=portions)
    writer = BackgroundWriter(sink)
    for piece in pieces:
        writer.write(piece)
    assert writer.flush(PATIENCE)
    assert sink.taken == b"".join(pieces)
    assert writer.pending == 0


def test_a_frozen_reader_is_not_waited_for_and_only_what_may_be_dropped_is() -> None:
    sink, idle = Sink(frozen=True), threading.Event()
    writer = BackgroundWriter(sink, on_idle=idle.set)
    writer.write(b"begun,")
    writer.write(b"a frame,", droppable=True)
    writer.write(b"a mode")
    assert not writer.flush(0.01)
    writer.discard()
    sink.reads.set()
    assert writer.flush(PATIENCE)
    assert idle.wait(PATIENCE)
    assert sink.taken == b"begun,a mode"


def test_the_longest_wait_holds_for_a_reader_that_takes_a_little_at_a_time() -> None:
    sink = Sink(portions=1)
    writer = BackgroundWriter(sink)
    writer.write(bytes(1_000_000))
    assert not writer.flush(PATIENCE, total=0.01)


def test_a_reader_that_has_gone_is_told_once_and_what_follows_goes_nowhere() -> None:
    gone: list[bool] = []
    writer = BackgroundWriter(Sink(fails=True), on_gone=lambda: gone.append(True))
    writer.write(b"lost")
    assert not writer.flush(PATIENCE)
    writer.write(b"lost, too")
    assert (writer.gone, writer.pending, gone) == (True, 0, [True])


def test_without_a_sink_everything_goes_nowhere() -> None:
    writer = BackgroundWriter(None)
    writer.write(b"lost")
    assert (writer.gone, writer.pending, writer.flush(PATIENCE)) == (True, 0, False)
