"""The program in a time that runs faster, so that tests of whole runs take seconds: `python -P quick.py …`.

All processes of one test share that time, and so does the simulated cloud.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

SPEED = 5
SINCE = "QUICK_SINCE"
COMMAND = (sys.executable, "-P", str(Path(__file__)))


class QuickClock:
    """Wall time that has run five times as fast since a moment that all processes know."""

    def __init__(self, since: float | None = None) -> None:
        self._since = float(os.environ[SINCE]) if since is None else since

    def now(self) -> datetime:
        """The quick wall time in UTC."""
        return datetime.fromtimestamp(self._since + (time.time() - self._since) * SPEED, UTC)

    def monotonic(self) -> float:
        """Quick seconds."""
        return time.monotonic() * SPEED

    async def sleep(self, seconds: float) -> None:
        """Waits a fifth of it."""
        await asyncio.sleep(seconds / SPEED)


def main() -> int:
    """Runs the program; gives the exit code."""
    from hsnap_tui.common import clock  # noqa: PLC0415 - before anything else that asks for the time

    setattr(clock, "SystemClock", QuickClock)  # noqa: B010
    from hsnap_tui.cli import main  # noqa: PLC0415

    return main.main()


if __name__ == "__main__":
    sys.exit(main())
