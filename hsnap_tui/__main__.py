"""`python -m hsnap_tui` and the console script `hsnap-tui`."""

from __future__ import annotations

import sys

from hsnap_tui import __version__


def main() -> int:
    """Runs the program; returns the exit code.

    `--version` alone is answered here: importing the whole command line would take five times as long, and scripts
    ask for the version often.
    """
    if sys.argv[1:] == ["--version"]:
        print(f"hsnap-tui {__version__}")  # noqa: T201
        return 0
    from hsnap_tui.cli.main import main as run  # noqa: PLC0415

    return run()


if __name__ == "__main__":
    sys.exit(main())
