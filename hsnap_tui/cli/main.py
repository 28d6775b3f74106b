"""The program: command line → what it starts. What is slow to import is imported after the command line is read."""

from __future__ import annotations

import os
from collections.abc import Sequence

from hsnap_tui.cli.completion import VARIABLE
from hsnap_tui.cli.options import parse
from hsnap_tui.headless.exit_codes import ExitCode
from hsnap_tui.terminal.streams import never_waiting


def main(words: Sequence[str] | None = None) -> int:
    """Runs the program; gives the exit code."""
    try:
        if os.environ.get(VARIABLE):  # the shell waits for completions: click prints them and ends
            parse(words)
        with never_waiting() as streams:
            arguments = parse(words)
            from hsnap_tui.cli.start import start  # noqa: PLC0415 - `--help` needs nothing of it

            return start(arguments, streams)
    except KeyboardInterrupt:
        return ExitCode.UNFINISHED
