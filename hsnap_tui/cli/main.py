"""The entry point. Modules that are slow to import are imported only after the command line has been read."""

from __future__ import annotations

import os
from collections.abc import Sequence

from hsnap_tui.cli.completion import VARIABLE
from hsnap_tui.cli.options import parse
from hsnap_tui.headless.exit_codes import ExitCode
from hsnap_tui.terminal.streams import non_blocking_output


def main(words: Sequence[str] | None = None) -> int:
    """Runs the program; returns the exit code."""
    try:
        if os.environ.get(VARIABLE):  # the shell asks for completions: click prints them and exits
            parse(words)
        with non_blocking_output() as streams:
            arguments = parse(words)
            from hsnap_tui.cli.start import start  # noqa: PLC0415 - `--help` needs nothing of it

            return start(arguments, streams)
    except KeyboardInterrupt:
        return ExitCode.UNFINISHED
