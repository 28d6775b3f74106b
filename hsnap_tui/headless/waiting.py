"""Tells the user that the program still waits, and powers servers on before it ends, within limits."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass

from hsnap_tui.common import formatting
from hsnap_tui.events import Event
from hsnap_tui.headless import json_lines
from hsnap_tui.messages import event_lines
from hsnap_tui.session.interface import SessionInterface

LOOK_EVERY = 0.2
"""Seconds between two checks of the jobs."""

UNREACHABLE_EVERY = 60.0
"""Seconds between two messages that Hetzner does not answer."""

QUIET_EVERY = 600.0
"""Seconds without an event after which a message says that the program still waits."""


class Heartbeat:
    """Passes messages to `tell` that the program still waits, and for what, when nothing else was told for long.

    `tell_if_quiet` has to be called repeatedly, and `on_event` for each event of the session.
    """

    def __init__(self, session: SessionInterface, tell: Callable[[str], None]) -> None:
        self._session = session
        self._tell = tell
        self._now = session.clock.monotonic
        self._news_at = self._now()
        self._unreachable_since: float | None = None

    def on_event(self, event: Event) -> None:
        """Takes note of an event that was told: no message is needed for some time."""
        if json_lines.about_jobs(event):
            self._news_at = self._now()

    @property
    def unreachable_for(self) -> float:
        """Seconds for which Hetzner has not answered; 0 while it does."""
        return 0.0 if self._unreachable_since is None else self._now() - self._unreachable_since

    def tell_if_quiet(self) -> None:
        """Tells that the program waits, if nothing was told for long enough."""
        failure = self._session.connection.failure or self._session.jobs.halted
        if failure is None:
            self._unreachable_since = None
        elif self._unreachable_since is None:
            self._unreachable_since = self._now()
        if self._now() - self._news_at < (QUIET_EVERY if failure is None else UNREACHABLE_EVERY):
            return
        self._news_at = self._now()
        why = (
            f"no access to Hetzner for {formatting.duration(self.unreachable_for)} ({failure.message})"
            if failure
            else ""
        )
        self._tell(f"Still waiting{': ' if why else ''}{why}. {_off_text(self._session)}".strip())


@dataclass(frozen=True, slots=True)
class Limits:
    """How long powering on is tried at the end, in seconds: `total`, and `unreachable` without an answer."""

    total: float
    unreachable: float


AT_THE_END = Limits(math.inf, 3600.0)
"""After a signal or a normal end: longer than most network outages last."""

AFTER_TIMEOUT = Limits(900.0, 120.0)
"""After `--timeout`, which promises an end (`--help` names these figures)."""


async def power_on_and_leave(
    session: SessionInterface,
    heartbeat: Heartbeat,
    limits: Limits,
    *,
    cancel_waiting: bool = False,
    work: asyncio.Task[None] | None = None,
) -> str | None:
    """Starts nothing more and powers on servers that are off because of us, within the limits.

    Returns a text about servers that are still off, or None. Ends early when `work`, the session's task, ends.
    """
    leaving = asyncio.ensure_future(session.jobs.leave(cancel_waiting=cancel_waiting))
    ends = {leaving} if work is None else {leaving, work}
    started = session.clock.monotonic()
    try:
        while not leaving.done():
            await asyncio.wait(ends, timeout=LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
            heartbeat.tell_if_quiet()
            total = session.clock.monotonic() - started >= limits.total
            if total or heartbeat.unreachable_for >= limits.unreachable or (work is not None and work.done()):
                break
        if leaving.done():
            leaving.result()
    finally:
        leaving.cancel()
    return left_off_text(session)


def names_of_servers_off(session: SessionInterface) -> list[str]:
    """The names of the servers that are off because of us, or may still shut down."""
    return list(dict.fromkeys(job.server_name for job in session.jobs.pending_work().off))


def left_off_text(session: SessionInterface) -> str | None:
    """Which servers are left off because of us, or may still shut down, and what to do; None when there are none."""
    names = names_of_servers_off(session)
    if not names:
        return None
    return (
        f"{event_lines.off_in_words(names)} Power them on with hsnap-tui resume, by starting hsnap-tui, or in the "
        "Hetzner Console."
    )


def _off_text(session: SessionInterface) -> str:
    names = names_of_servers_off(session)
    return event_lines.off_in_words(names) if names else ""
