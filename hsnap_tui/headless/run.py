"""A session without a screen, from the first list of servers to the exit code."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from datetime import timedelta
from typing import TypeVar

from hsnap_tui.cloud.errors import NO_ACCESS
from hsnap_tui.common import formatting
from hsnap_tui.common.clock import Clock
from hsnap_tui.headless import json_lines, owed
from hsnap_tui.headless.auto_release import AutoRelease
from hsnap_tui.headless.exit_codes import ExitCode, exit_code
from hsnap_tui.headless.report import Report, in_short
from hsnap_tui.headless.waiting import AFTER_TIMEOUT, AT_THE_END, LOOK_EVERY, Heartbeat, names_off, settle
from hsnap_tui.jobs.core.groups import all_at_rest, grouped
from hsnap_tui.jobs.core.model import Job, Power
from hsnap_tui.jobs.interface import RefusedError
from hsnap_tui.messages import event_lines
from hsnap_tui.session.session import Session
from hsnap_tui.terminal.signals import LeaveSignals, stopping
from hsnap_tui.terminal.streams import LAST_WORDS, Streams

PATIENCE = 60.0
"""Seconds for which the network is tried again at the start: as long as a person would."""

T = TypeVar("T")


class NoAccessError(Exception):
    """Neither servers nor jobs can be had: the token or the network."""


class LeftEarlyError(Exception):
    """Somebody asked to leave before anything was started."""


class Interrupts:
    """Whether somebody has asked to leave; a Ctrl-C after that ends at once.

    Nothing gets lost at once either: what was sent is in the journal.
    """

    def __init__(self, streams: Streams, at_the_end: Callable[[], None]) -> None:
        self.asked = asyncio.Event()
        self.timed_out: float | None = None
        self._streams = streams
        self._at_the_end = at_the_end
        self._signals = LeaveSignals(self._ask, self._end_at_once)

    @contextlib.contextmanager
    def listening(self, session: Session, report: Report) -> Iterator[None]:
        """Takes the signals over for as long as it lasts."""
        loop = asyncio.get_running_loop()

        def may_stop() -> bool:
            names = names_off(session)
            if names:
                loop.call_soon_threadsafe(report.say, event_lines.not_suspended(names))
            return not names

        with self._signals.listening(), stopping(may_stop):
            yield

    @contextlib.asynccontextmanager
    async def within(self, clock: Clock, limit: timedelta | None) -> AsyncIterator[None]:
        """Asks to leave when so much time has passed (`--timeout`); `timed_out` are its seconds then."""
        limiting = asyncio.ensure_future(self._limit(clock, limit)) if limit is not None else None
        try:
            yield
        finally:
            if limiting is not None:
                limiting.cancel()

    async def _limit(self, clock: Clock, limit: timedelta) -> None:
        await clock.sleep(limit.total_seconds())
        self.timed_out = None if self.asked.is_set() else limit.total_seconds()
        self._signals.asked = True
        self.asked.set()

    def _ask(self) -> None:
        self._streams.hurry()
        self.asked.set()

    def _end_at_once(self) -> None:
        self._at_the_end()
        self._streams.flush(LAST_WORDS / 2)
        os._exit(ExitCode.UNFINISHED)


@contextlib.asynccontextmanager
async def running(session: Session, report: Report) -> AsyncIterator[None]:
    """The session at work, its events told. Raises what the session fails with, if it does."""
    unsubscribe = session.subscribe(report.event)
    try:
        async with asyncio.TaskGroup() as group:
            work = group.create_task(session.run())
            try:
                yield
            finally:
                unsubscribe()
                work.cancel()
    finally:
        report.close()


async def wait_ready(
    session: Session, wanted: Callable[[], Awaitable[T]], interrupts: Interrupts, patience: float
) -> T:
    """Waits for what comes first: the list, the journal, the servers of a label selector.

    Raises `NoAccessError` when it can't be had within `patience` seconds, and `LeftEarlyError`; and what it raises.
    """
    waiting = asyncio.ensure_future(wanted())
    asked = asyncio.ensure_future(interrupts.asked.wait())
    started = session.clock.monotonic()
    try:
        while not waiting.done():
            await asyncio.wait({waiting, asked}, timeout=LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
            if asked.done() and not waiting.done():
                raise LeftEarlyError(_before_anything(interrupts))
            error = session.failure
            late = session.clock.monotonic() - started >= patience
            if error is not None and not waiting.done() and (late or error.kind in NO_ACCESS):
                raise NoAccessError(f"Nothing was started, without access to Hetzner: {error}.")
        return waiting.result()
    finally:
        waiting.cancel()
        asked.cancel()


async def follow(
    session: Session,
    report: Report,
    chosen: Callable[[], list[Job]],
    interrupts: Interrupts,
    patience: float,
    *,
    consent: AutoRelease | None = None,
) -> ExitCode:
    """Waits until the chosen jobs have ended or need a person, then settles what we owe; gives the exit code."""
    shut_out, still = False, None
    refusal = AccessWatchdog(session, patience)

    def still_waiting(text: str) -> None:
        text = f"{text} {in_short(chosen())}."
        report.tell(text, json_lines.record("still_waiting", at=session.clock.now().isoformat(), text=text))

    heartbeat = Heartbeat(session, still_waiting)
    unsubscribe = session.subscribe(heartbeat.heard)
    while not (interrupts.asked.is_set() or shut_out):
        try:
            while consent is not None and await consent.release_held():
                pass
        except RefusedError as refused:
            report.say(str(refused))
            consent = None
        if all_at_rest(chosen()):
            break
        if still := owed.stands_still(session):
            break
        report.progress(chosen())
        heartbeat.beat()
        await _pause(interrupts.asked)
        shut_out = refusal.has_lasted()
    jobs = chosen()
    if still is not None:
        report.say(still)
    elif shut_out:
        report.say(_helpless(session))
    else:
        if not all_at_rest(jobs):
            report.say(_farewell(session, interrupts))
        limits = AT_THE_END if interrupts.timed_out is None else AFTER_TIMEOUT
        if left := await settle(session, heartbeat, limits):
            report.say(left)
    unsubscribe()
    code = ExitCode.NO_ACCESS if shut_out else owed.with_debts(session, exit_code(chosen()))
    tell_what_is_left(chosen(), report)
    if debts := owed.unreadable(session):
        report.say(debts)
    off = {"off": names} if (names := names_off(session)) else {}
    report.record(json_lines.record("end", exit=int(code), jobs=len(jobs), **off))
    return code


async def _pause(event: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), LOOK_EVERY)


class AccessWatchdog:
    """Whether Hetzner has refused the token, for polls or for requests, so long that waiting is of no use.

    A network comes back; a token does not get better by itself.
    """

    def __init__(self, session: Session, patience: float) -> None:
        self._session = session
        self._patience = patience
        self._since: float | None = None

    def has_lasted(self) -> bool:
        """To be asked again and again."""
        session, now = self._session, self._session.clock.monotonic()
        polls = session.failure is not None and session.failure.kind in NO_ACCESS
        requests = session.jobs.halted is not None and session.jobs.halted.kind in NO_ACCESS
        if not (polls or requests):
            self._since = None
        elif self._since is None:
            self._since = now
        return self._since is not None and now - self._since >= self._patience


def _before_anything(interrupts: Interrupts) -> str:
    if interrupts.timed_out is None:
        return "Interrupted before anything was started."
    return f"Nothing was started: the time allowed by --timeout was over, {formatting.exactly(interrupts.timed_out)}."


def _farewell(session: Session, interrupts: Interrupts) -> str:
    leaving = session.jobs.pending_work()
    why = "Leaving."
    if interrupts.timed_out is not None:
        why = f"Leaving: the time allowed by --timeout is over, {formatting.exactly(interrupts.timed_out)}."
    told = [f"{why} Snapshots that were asked for go on at Hetzner; hsnap-tui resume finishes the rest."]
    if leaving.off:
        told.append(f"First these servers are switched on again: {_names(leaving.off)}. Ctrl-C leaves at once.")
    return " ".join(told)


def _helpless(session: Session) -> str:
    told = ["Hetzner refuses the token. All jobs are kept; hsnap-tui resume goes on with a token that is accepted."]
    off = session.jobs.pending_work().off
    if off:
        told.append(f"These servers are off, or may be, until then: {_names(off)}.")
    return " ".join(told)


def tell_what_is_left(jobs: Iterable[Job], report: Report) -> None:
    """Says which jobs wait for a person, and which servers may still go off."""
    jobs = tuple(jobs)
    if held := grouped(jobs).held:
        report.say(f"Held for your yes: {_names(held)}. hsnap-tui resume --yes goes on with them.")
    if unknown := grouped(jobs).unknown:
        report.say(
            f"Not found out whether there is a snapshot of {_names(unknown)}: look for one with the label "
            "hsnap-tui/job, and if there is none, press R in hsnap-tui to try again."
        )
    if late := [job for job in jobs if job.power is Power.WATCHED and not job.watching]:
        report.say(
            f"Asked to shut down, but running so far: {_names(late)}. What still goes off because of that is powered "
            "on by the next hsnap-tui or hsnap-tui resume."
        )


def _names(jobs: Iterable[Job]) -> str:
    return formatting.listed(list(dict.fromkeys(job.server_name for job in jobs)))
