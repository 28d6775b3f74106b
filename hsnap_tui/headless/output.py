"""Writing to somebody who may have gone: a closed pipe or a full disk never ends the work that is told about."""

from __future__ import annotations

import os
from typing import TextIO


class Output:
    """A stream for whole lines. Once it cannot be written any more, what follows goes nowhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._gone = False

    def line(self, text: str) -> None:
        """Writes a line, at once."""
        if self._gone:
            return
        try:
            print(text, file=self._stream, flush=True)
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        """The rest in the stream's buffer would fail again at exit: from now on the descriptor leads nowhere."""
        self._gone = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, self._stream.fileno())
        finally:
            os.close(nowhere)
