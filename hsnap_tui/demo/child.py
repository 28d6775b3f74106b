"""`python -m hsnap_tui.demo.child FOLDER …`: the simulated cloud for one run of the app, which ends with it.

It removes the folder at its end, so that nothing is left behind even when the app is killed.
"""

from __future__ import annotations

import shutil
import sys

from hsnap_tui.demo.__main__ import main


def run(words: list[str]) -> int:
    """Serves until the app's end of standard input closes; gives the exit code."""
    folder, *options = words
    try:
        return main(["--port", "0", "--exit-with-parent", *options])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
