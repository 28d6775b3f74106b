"""A session without a screen, from the first list of servers to the exit code."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from hsnap_tui import say, words
from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.events import Failure
from hsnap_tui.headless.exits import ExitCode, exit_code
from hsnap_tui.headless.report import Report
from hsnap_tui.jobs.model import Job
from hsnap_tui.session import Session

PATIENCE = 60.0
"""Seconds for which the network is tried again at the start: as long as a person would."""

LOOK_EVERY = 0.2

_FINAL = frozenset({ErrorKind.UNAUTHORIZED, ErrorKind.FORBIDDEN, ErrorKind.READ_ONLY_TOKEN})


class NoAccessError(Exception):
    """Neither servers nor jobs can be had: the token or the network."""


class Interrupts:
    """Ctrl-C, SIGTERM and SIGHUP: the first asks to leave in order, the second to leave at once."""

    def __init__(self) -> None:
        self.first = asyncio.Event()
        self.second = asyncio.Event()

    def listen(self) -> None:
        """Takes the signals over for the rest of the process."""
        loop = asyncio.get_running_loop()
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is None:
                continue
            try:
                loop.add_signal_handler(number, self._interrupted)
            except NotImplementedError:  # Windows: signals arrive in the main thread, outside the loop
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._interrupted))

    def _interrupted(self) -> None:
        (self.second if self.first.is_set() else self.first).set()


@contextlib.asynccontextmanager
async def running(session: Session, report: Report) -> AsyncIterator[None]:
    """The session at work, its events told; ended in order or at once, as the person wants."""
    unsubscribe = session.subscribe(report.event)
    work = asyncio.create_task(session.run())
    try:
        yield
    finally:
        unsubscribe()
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
        report.close()


async def first(session: Session, wanted: Callable[[], Awaitable[None]]) -> None:
    """Waits for what comes first: the list or the journal. Raises `NoAccessError` when it can't be had."""
    waiting = asyncio.ensure_future(wanted())
    started = session.clock.monotonic()
    try:
        while not waiting.done():
            await asyncio.wait({waiting}, timeout=LOOK_EVERY)
            error = session.failure
            if error is not None and not waiting.done():
                patient = session.clock.monotonic() - started < PATIENCE
                if error.kind in _FINAL or not patient:
                    raise NoAccessError(explained(error))
    finally:
        waiting.cancel()


def explained(error: CloudError) -> str:
    """An error of the cloud in full."""
    return say.explain(Failure.of(error))


async def follow(session: Session, report: Report, job_ids: Iterable[str], interrupts: Interrupts) -> ExitCode:
    """Waits until these jobs have ended or need a person, then settles what we owe; gives the exit code."""
    ids = tuple(job_ids)

    def jobs() -> list[Job]:
        return [session.jobs[job_id] for job_id in ids if job_id in session.jobs]

    def over() -> bool:
        return len(jobs()) == len(ids) and all(job.state.ended or job.state.needs_person for job in jobs())

    while not (over() or interrupts.first.is_set()):
        report.progress(jobs())
        await _pause(interrupts.first)
    if interrupts.first.is_set():
        report.say(_farewell(session))
    await _settle(session, interrupts)
    code = exit_code(jobs())
    report.record("end", exit=int(code), jobs=len(ids))
    return code


async def _pause(event: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), LOOK_EVERY)


async def _settle(session: Session, interrupts: Interrupts) -> None:
    leaving = asyncio.ensure_future(session.leave(cancel_waiting=False))
    at_once = asyncio.ensure_future(interrupts.second.wait())
    await asyncio.wait({leaving, at_once}, return_when=asyncio.FIRST_COMPLETED)
    leaving.cancel()
    at_once.cancel()


def _farewell(session: Session) -> str:
    leaving = session.leaving()
    told = ["Leaving. Snapshots that were asked for go on at Hetzner; run hsnap-tui resume to finish the rest."]
    if leaving.off:
        names = words.listed([job.server_name for job in leaving.off])
        told.append(f"First these servers are switched on again: {names}. Ctrl-C again leaves at once.")
    return " ".join(told)
