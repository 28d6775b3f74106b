"""Waits have words and an end: a sign of life while Hetzner does not answer, and a limit for what is owed."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass

from hsnap_tui.common import formatting
from hsnap_tui.events import Event
from hsnap_tui.headless import json_lines
from hsnap_tui.session.interface import SessionInterface

LOOK_EVERY = 0.2
"""Seconds between two looks at how things stand."""

TOLD_EVERY = 60.0
"""Seconds after which it is said again that Hetzner does not answer."""

QUIET_FOR = 600.0
"""Seconds without any news after which it is said that the program still waits."""


class Heartbeat:
    """Tells `tell` from time to time that the program waits, and for what. `beat` is to be called again and again."""

    def __init__(self, session: SessionInterface, tell: Callable[[str], None]) -> None:
        self._session = session
        self._tell = tell
        self._now = session.clock.monotonic
        self._news_at = self._now()
        self._unreachable_since: float | None = None

    def heard(self, event: Event) -> None:
        """Listens to the session: where there is news, nobody needs a sign of life."""
        if json_lines.about_jobs(event):
            self._news_at = self._now()

    @property
    def unreachable_for(self) -> float:
        """Seconds for which Hetzner has not answered; 0 while it does."""
        return 0.0 if self._unreachable_since is None else self._now() - self._unreachable_since

    def beat(self) -> None:
        """Says that it waits, if that was not said for long enough."""
        failure = self._session.connection.failure or self._session.jobs.halted
        if failure is None:
            self._unreachable_since = None
        elif self._unreachable_since is None:
            self._unreachable_since = self._now()
        if self._now() - self._news_at < (QUIET_FOR if failure is None else TOLD_EVERY):
            return
        self._news_at = self._now()
        why = (
            f"no access to Hetzner for {formatting.exactly(self.unreachable_for)} ({failure.message})"
            if failure
            else ""
        )
        self._tell(f"Still waiting{': ' if why else ''}{why}. {_off_meanwhile(self._session)}".strip())


@dataclass(frozen=True, slots=True)
class Limits:
    """How long powering on is tried at the end, in seconds: in all, and since Hetzner has stopped answering."""

    in_all: float
    unreachable: float


AT_THE_END = Limits(math.inf, 3600.0)
"""After a signal, or a normal end: longer than most faults of a network last."""

AFTER_TIMEOUT = Limits(900.0, 120.0)
"""After `--timeout`: whoever set it wants an end."""


async def settle(
    session: SessionInterface,
    heartbeat: Heartbeat,
    limits: Limits,
    *,
    cancel_waiting: bool = False,
    work: asyncio.Task[None] | None = None,
) -> str | None:
    """Starts nothing more and powers on what is off because of us, within limits; gives what is left, in words.

    Ends with `work`, the session's task, in any case.
    """
    leaving = asyncio.ensure_future(session.jobs.leave(cancel_waiting=cancel_waiting))
    ends = {leaving} if work is None else {leaving, work}
    started = session.clock.monotonic()
    try:
        while not leaving.done():
            await asyncio.wait(ends, timeout=LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
            heartbeat.beat()
            in_all = session.clock.monotonic() - started >= limits.in_all
            if in_all or heartbeat.unreachable_for >= limits.unreachable or (work is not None and work.done()):
                break
        if leaving.done():
            leaving.result()
    finally:
        leaving.cancel()
    return still_off(session)


def names_off(session: SessionInterface) -> list[str]:
    """The servers that are off because of us, or may still go off."""
    return list(dict.fromkeys(job.server_name for job in session.jobs.pending_work().off))


def still_off(session: SessionInterface) -> str | None:
    """Which servers are left off, or may go off, because of us, and what to do; none when there are none."""
    names = names_off(session)
    if not names:
        return None
    return (
        f"Off because of hsnap-tui, or may still go off: {formatting.listed(names, 20)}. "
        "hsnap-tui resume powers them on, and so does the console; or do it in the Hetzner Console."
    )


def _off_meanwhile(session: SessionInterface) -> str:
    names = names_off(session)
    return f"Off because of hsnap-tui, or may still go off: {formatting.listed(names, 20)}." if names else ""
