"""Questions to Hetzner before anything is started, asked again for a while when the network fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from hsnap_tui.cloud.errors import NO_ACCESS, CloudError, ErrorKind
from hsnap_tui.common.clock import Clock
from hsnap_tui.events import Failure
from hsnap_tui.headless.ending import end
from hsnap_tui.headless.exit_codes import ExitCode
from hsnap_tui.headless.report import Report
from hsnap_tui.messages import job_messages

T = TypeVar("T")

PAUSE = 2.0
"""Seconds between two tries."""
_FINAL = NO_ACCESS | {ErrorKind.INVALID_INPUT, ErrorKind.NOT_FOUND, ErrorKind.REMOVED, ErrorKind.UNSUPPORTED}


async def patiently(ask: Callable[[], Awaitable[T]], clock: Clock, network_wait: float) -> T:
    """The answer. Raises `CloudError`: at once where asking again is of no use, else after `network_wait` seconds."""
    started = clock.monotonic()
    while True:
        try:
            return await ask()
        except CloudError as error:
            if error.kind in _FINAL or clock.monotonic() - started >= network_wait:
                raise
        await clock.sleep(PAUSE)


def end_without_access(error: CloudError, report: Report, nothing: str) -> ExitCode:
    """Ends a command that got no answer; `nothing` says what has not happened."""
    if error.kind is ErrorKind.INVALID_INPUT:
        return end(report, ExitCode.USAGE, f"{nothing}: Hetzner does not understand the label selector ({error}).")
    return end(report, ExitCode.NO_ACCESS, f"{nothing}: {job_messages.explain(Failure.of(error))}")
