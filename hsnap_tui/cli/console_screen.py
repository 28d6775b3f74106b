"""The screen of the console, and what is done after it has closed: the part that imports Textual."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable

from hsnap_tui.events import Event, JobEvent, Notice, Role
from hsnap_tui.headless.waiting import AT_THE_END, Heartbeat, power_on_and_leave
from hsnap_tui.messages import event_lines
from hsnap_tui.session.interface import SessionInterface
from hsnap_tui.terminal.background_writer import BackgroundWriter
from hsnap_tui.tui.app import HsnapApp
from hsnap_tui.tui.crash import CrashReport
from hsnap_tui.tui.screens.quit import Exit
from hsnap_tui.tui.theming.colour_depth import colours_by_terminfo, depth
from hsnap_tui.tui.theming.themes import DARK


def make_app(
    session: SessionInterface | None,
    work: asyncio.Task[None] | None,
    *,
    start_demo: Callable[[], Awaitable[SessionInterface]],
    token_problem: str,
    report_crash: CrashReport,
    theme: str | None,
    writer: BackgroundWriter,
) -> HsnapApp:
    """The app for this terminal, with a session that runs already as the task `work`, or without one."""
    return HsnapApp(
        session,
        work=work,
        start_demo=start_demo,
        token_problem=token_problem,
        report_crash=report_crash,
        theme_name=theme or DARK.name,
        writer=writer,
        colours=depth(os.environ, colours_by_terminfo),
    )


async def finish(app: HsnapApp, exit_kind: Exit | None) -> tuple[BaseException | None, str | None]:
    """After the screen has closed: powers on servers that are off because of hsnap-tui, then ends the session.

    Returns the error with which the session's task ended, or None, and a text about servers that are left off, or
    None.
    """
    session, work, left_off_text = app.session, app.work, None
    if session is None or work is None:
        return None, None
    off = session.jobs.pending_work().off
    if (off or exit_kind is Exit.CANCEL_WAITING) and not work.done():
        heartbeat = Heartbeat(session, _print)
        unsubscribe = [session.subscribe(listener) for listener in (_print_event, heartbeat.on_event)]
        if off and session.jobs.role is Role.LEADER:
            _print(f"hsnap-tui: {event_lines.powering_on_first([job.server_name for job in off])}")
        left_off_text = await power_on_and_leave(
            session, heartbeat, AT_THE_END, cancel_waiting=exit_kind is Exit.CANCEL_WAITING, work=work
        )
        if left_off_text:
            _print(f"hsnap-tui: {left_off_text}")
        for unsubscribe_one in unsubscribe:
            unsubscribe_one()
    work.cancel()
    await asyncio.wait({work})
    return None if work.cancelled() else work.exception(), left_off_text


def _print_event(event: Event) -> None:
    line = event_lines.line_for(event) if isinstance(event, JobEvent | Notice) else None
    if line is not None:
        _print(line.plain())


def _print(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201
