"""Running a session without a screen: waiting for it to be ready, following jobs, and the exit code."""

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
from hsnap_tui.headless import json_lines, unfinished
from hsnap_tui.headless.auto_release import AutoRelease
from hsnap_tui.headless.exit_codes import ExitCode, exit_code
from hsnap_tui.headless.report import Report, progress_text
from hsnap_tui.headless.waiting import (
    AFTER_TIMEOUT,
    AT_THE_END,
    LOOK_EVERY,
    Heartbeat,
    names_of_servers_off,
    power_on_and_leave,
)
from hsnap_tui.jobs.core.groups import all_at_rest, grouped
from hsnap_tui.jobs.core.model import Job, Power
from hsnap_tui.jobs.interface import RefusedError
from hsnap_tui.messages import event_lines, job_messages
from hsnap_tui.session.session import Session
from hsnap_tui.terminal.signals import LeaveSignals, stopping
from hsnap_tui.terminal.streams import SHORT_FLUSH, Streams

NETWORK_WAIT = 60.0
"""The default of `--network-wait`: seconds for which the network is tried again at the start."""

T = TypeVar("T")


class NoAccessError(Exception):
    """There is no access to Hetzner: the token was refused, or the network does not answer."""


class LeftEarlyError(Exception):
    """The user asked to leave, or `--timeout` was over, before anything was started."""


class Interrupts:
    """Whether the user has asked to leave, by a signal or by `--timeout`. A Ctrl-C after that ends the process at
    once.

    Nothing is lost by that: what was sent is in the journal.
    """

    def __init__(self, streams: Streams, at_the_end: Callable[[], None]) -> None:
        self.leave_requested = asyncio.Event()
        self.timed_out: float | None = None
        self._streams = streams
        self._at_the_end = at_the_end
        self._signals = LeaveSignals(self._ask, self._end_at_once)

    @contextlib.contextmanager
    def listening(self, session: Session, report: Report) -> Iterator[None]:
        """Handles the signals while the context lasts."""
        loop = asyncio.get_running_loop()

        def may_stop() -> bool:
            names = names_of_servers_off(session)
            if names:
                loop.call_soon_threadsafe(report.write_text, event_lines.not_suspended(names))
            return not names

        with self._signals.listening(), stopping(may_stop):
            yield

    @contextlib.asynccontextmanager
    async def within(self, clock: Clock, limit: timedelta | None) -> AsyncIterator[None]:
        """Asks to leave when the time `limit` is over (`--timeout`); `timed_out` is then set to its seconds."""
        limiting = asyncio.ensure_future(self._limit(clock, limit)) if limit is not None else None
        try:
            yield
        finally:
            if limiting is not None:
                limiting.cancel()

    async def _limit(self, clock: Clock, limit: timedelta) -> None:
        await clock.sleep(limit.total_seconds())
        self.timed_out = None if self.leave_requested.is_set() else limit.total_seconds()
        self._signals.leave_requested = True
        self.leave_requested.set()

    def _ask(self) -> None:
        self._streams.shorten_flush()
        self.leave_requested.set()

    def _end_at_once(self) -> None:
        self._at_the_end()
        self._streams.flush(SHORT_FLUSH / 2)
        os._exit(ExitCode.UNFINISHED)


@contextlib.asynccontextmanager
async def running(session: Session, report: Report) -> AsyncIterator[None]:
    """Runs the session and reports its events. Raises the error that the session fails with, if it does."""
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
    session: Session, awaitable: Callable[[], Awaitable[T]], interrupts: Interrupts, network_wait: float
) -> T:
    """Waits for the result of `awaitable`: the list of servers, the journal, the servers of a label selector.

    Raises `NoAccessError` when the token is refused or nothing answers for `network_wait` seconds, `LeftEarlyError`
    when the user asks to leave, and whatever `awaitable` raises.
    """
    waiting = asyncio.ensure_future(awaitable())
    leave_requested = asyncio.ensure_future(interrupts.leave_requested.wait())
    started = session.clock.monotonic()
    try:
        while not waiting.done():
            await asyncio.wait({waiting, leave_requested}, timeout=LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
            if leave_requested.done() and not waiting.done():
                raise LeftEarlyError(_left_early_text(interrupts))
            error = session.failure
            late = session.clock.monotonic() - started >= network_wait
            if error is not None and not waiting.done() and (late or error.kind in NO_ACCESS):
                raise NoAccessError(f"Nothing was started, without access to Hetzner: {error}.")
        return waiting.result()
    finally:
        waiting.cancel()
        leave_requested.cancel()


async def follow(
    session: Session,
    report: Report,
    chosen: Callable[[], list[Job]],
    interrupts: Interrupts,
    network_wait: float,
    *,
    auto_release: AutoRelease | None = None,
) -> ExitCode:
    """Waits until the chosen jobs have ended or need a person, and powers servers on; returns the exit code."""
    without_access, stalled_text = False, None
    access_watchdog = AccessWatchdog(session, network_wait)

    def still_waiting(text: str) -> None:
        text = f"{text} {progress_text(chosen())}."
        report.write_either(text, json_lines.record("still_waiting", at=session.clock.now().isoformat(), text=text))

    heartbeat = Heartbeat(session, still_waiting)
    unsubscribe = session.subscribe(heartbeat.on_event)
    while not (interrupts.leave_requested.is_set() or without_access):
        try:
            while auto_release is not None and await auto_release.release_held():
                pass
        except RefusedError as refused:
            report.write_text(str(refused))
            auto_release = None
        if all_at_rest(chosen()):
            break
        if stalled_text := unfinished.stalled_leader_text(session):
            break
        report.progress(chosen())
        heartbeat.tell_if_quiet()
        await _pause(interrupts.leave_requested)
        without_access = access_watchdog.has_lasted()
    jobs = chosen()
    if stalled_text is not None:
        report.write_text(stalled_text)
    elif without_access:
        report.write_text(_no_access_text(session))
    else:
        if not all_at_rest(jobs):
            report.write_text(_leaving_text(session, interrupts))
        limits = AT_THE_END if interrupts.timed_out is None else AFTER_TIMEOUT
        if left_off_text := await power_on_and_leave(session, heartbeat, limits):
            report.write_text(left_off_text)
    unsubscribe()
    code = ExitCode.NO_ACCESS if without_access else unfinished.with_servers_off(session, exit_code(chosen()))
    write_what_is_left(chosen(), report)
    if unreadable_jobs := unfinished.unreadable_jobs_text(session):
        report.write_text(unreadable_jobs)
    off = {"off": names} if (names := names_of_servers_off(session)) else {}
    report.record(json_lines.record("end", exit=int(code), jobs=len(jobs), **off))
    return code


async def _pause(event: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), LOOK_EVERY)


class AccessWatchdog:
    """Whether Hetzner has refused the token for `network_wait` seconds.

    A network that is down is waited for without limit; a refused token is not: it stays refused.
    """

    def __init__(self, session: Session, network_wait: float) -> None:
        self._session = session
        self._network_wait = network_wait
        self._since: float | None = None

    def has_lasted(self) -> bool:
        """Whether the token has been refused for that long; has to be called repeatedly."""
        session, now = self._session, self._session.clock.monotonic()
        polls = session.failure is not None and session.failure.kind in NO_ACCESS
        requests = session.jobs.halted is not None and session.jobs.halted.kind in NO_ACCESS
        if not (polls or requests):
            self._since = None
        elif self._since is None:
            self._since = now
        return self._since is not None and now - self._since >= self._network_wait


def _left_early_text(interrupts: Interrupts) -> str:
    if interrupts.timed_out is None:
        return "Interrupted: nothing was started."
    return f"Nothing was started: the time of --timeout ({formatting.duration(interrupts.timed_out)}) was over."


def _leaving_text(session: Session, interrupts: Interrupts) -> str:
    pending = session.jobs.pending_work()
    why = "Quitting."
    if interrupts.timed_out is not None:
        why = f"Quitting: the time of --timeout ({formatting.duration(interrupts.timed_out)}) is over."
    sentences = [why, job_messages.at_quit_in_words((*pending.waiting, *pending.running))]
    if pending.off:
        sentences.append(event_lines.powering_on_first([job.server_name for job in pending.off]))
    return " ".join(sentences)


def _no_access_text(session: Session) -> str:
    sentences = ["Hetzner refuses the token. All jobs are kept; run hsnap-tui resume with a token that is accepted."]
    off = session.jobs.pending_work().off
    if off:
        sentences.append(f"These servers are off, or may be, until then: {_names(off)}.")
    return " ".join(sentences)


def write_what_is_left(jobs: Iterable[Job], report: Report) -> None:
    """Writes which jobs need a person, and which servers may still shut down."""
    jobs = tuple(jobs)
    if held := grouped(jobs).held:
        report.write_text(f"Needs approval: {_names(held)}. Approve with hsnap-tui resume --yes.")
    if unknown := grouped(jobs).unknown:
        report.write_text(
            f"Unknown whether there is a snapshot of {_names(unknown)}: look for one with the label hsnap-tui/job; "
            "if there is none, press R in hsnap-tui to retry."
        )
    if late := [job for job in jobs if job.power is Power.WATCHED and not job.watching]:
        report.write_text(
            f"May still shut down, as requested: {_names(late)}. The next hsnap-tui or hsnap-tui resume powers on "
            "those that did."
        )


def _names(jobs: Iterable[Job]) -> str:
    return formatting.listed(list(dict.fromkeys(job.server_name for job in jobs)))
