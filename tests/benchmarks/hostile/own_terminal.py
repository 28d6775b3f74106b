"""Makes the terminal that is its standard input the controlling one, as a login does, then becomes what it was told.

python -m tests.benchmarks.hostile.own_terminal COMMAND WORDS…
"""

from __future__ import annotations

import fcntl
import os
import sys
import termios


def main() -> None:
    """Never returns: the process becomes the command."""
    fcntl.ioctl(sys.stdin.fileno(), termios.TIOCSCTTY, 0)
    os.environ.pop("PYTHONPATH", None)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - the caller's own words


if __name__ == "__main__":
    main()
