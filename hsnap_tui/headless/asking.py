"""Requests before anything is started, which are retried for a while when the network fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from hsnap_tui.cloud.errors import NO_ACCESS, CloudError, ErrorKind
from hsnap_tui.common.clock import Clock
from hsnap_tui.events import Failure
from hsnap_tui.headless.ending import end
from hsnap_tui.headless.exit_codes import ExitCode
from hsnap_tui.headless.report import Report
from hsnap_tui.messages import failures

T = TypeVar("T")

PAUSE = 2.0
"""Seconds between two tries."""
_FINAL = NO_ACCESS | {ErrorKind.INVALID_INPUT, ErrorKind.NOT_FOUND, ErrorKind.REMOVED, ErrorKind.UNSUPPORTED}


async def with_retries(request: Callable[[], Awaitable[T]], clock: Clock, network_wait: float) -> T:
    """The result of `request`, which is retried for `network_wait` seconds. Raises `CloudError`: at once when a
    retry is of no use, otherwise after that time."""
    started = clock.monotonic()
    while True:
        try:
            return await request()
        except CloudError as error:
            if error.kind in _FINAL or clock.monotonic() - started >= network_wait:
                raise
        await clock.sleep(PAUSE)


def end_without_access(error: CloudError, report: Report, nothing: str) -> ExitCode:
    """Ends a command whose request failed. `nothing` is the start of the message: what was not done."""
    if error.kind is ErrorKind.INVALID_INPUT:
        return end(report, ExitCode.USAGE, f"{nothing}: Hetzner does not understand the label selector ({error}).")
    return end(report, ExitCode.NO_ACCESS, f"{nothing}: {failures.explain(Failure.of(error))}")
