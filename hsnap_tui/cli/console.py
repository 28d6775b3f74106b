"""Runs the console in a terminal, and powers servers on that are still off when its screen has closed."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from hsnap_tui.cli.demo_process import DemoProcess
from hsnap_tui.config.errors import SettingsError
from hsnap_tui.config.settings import Settings, TokenSource
from hsnap_tui.events import Event, JobEvent, Notice, Role
from hsnap_tui.fleet.poll_targets import PollScope
from hsnap_tui.headless.exit_codes import ExitCode
from hsnap_tui.headless.waiting import AT_THE_END, Heartbeat, power_on_and_leave
from hsnap_tui.jobs.interface import RefusedError
from hsnap_tui.messages import event_lines
from hsnap_tui.session.factory import open_session
from hsnap_tui.session.interface import SessionInterface
from hsnap_tui.session.session import Session
from hsnap_tui.terminal.signals import LeaveSignals
from hsnap_tui.terminal.streams import SHORT_FLUSH, Streams
from hsnap_tui.tui import crash
from hsnap_tui.tui.app import HsnapApp
from hsnap_tui.tui.screens.quit import Exit
from hsnap_tui.tui.theming.colour_depth import colours_by_terminfo, depth
from hsnap_tui.tui.theming.themes import DARK


def run(
    settings: Settings | None, streams: Streams, *, theme: str | None = None, token_problem: str | None = None
) -> int:
    """Shows the console until the user leaves; returns the exit code. `token_problem` says why there are no
    settings."""
    streams.shorten_flush()
    return asyncio.run(_run(settings, streams, theme, token_problem))


async def _run(settings: Settings | None, streams: Streams, theme: str | None, token_problem: str | None) -> int:
    demos: list[DemoProcess] = []
    session = _session(settings) if settings and settings.token else None

    async def start_demo() -> SessionInterface:
        try:
            demo = await asyncio.to_thread(DemoProcess)
            demos.append(demo)
            return _session(await asyncio.to_thread(demo.settings))
        except SettingsError as error:
            raise RefusedError(str(error)) from error

    report = _crash_report(settings)
    app = HsnapApp(
        session,
        start_demo=start_demo,
        token_problem=token_problem or " ".join(settings.warnings if settings else ()),
        report_crash=report,
        theme_name=theme or DARK.name,
        writer=streams.err,
        colours=depth(os.environ, colours_by_terminfo),
    )

    def end_now() -> None:
        app.restore_terminal()
        streams.flush(SHORT_FLUSH / 2)
        os._exit(130)

    signals = LeaveSignals(lambda: app.exit(Exit.LEAVE), end_now)
    try:
        with signals.listening():
            exit_kind = await app.run_async()
            signals.leave_requested = True
            error, left_off_text = await _finish(app, exit_kind)
        if error is not None and not app.return_code:
            _print(crash.message(error, report(error)))
        return app.return_code or int(error is not None) or (ExitCode.UNFINISHED if left_off_text else ExitCode.DONE)
    finally:
        for demo in demos:
            demo.stop()


def _session(settings: Settings) -> Session:
    if settings.token is None:
        raise SettingsError("There is no API token.", "Set HCLOUD_TOKEN.")
    session = open_session(settings, settings.token, PollScope.EVERYTHING)
    session.publish_warnings(settings.warnings)
    return session


async def _finish(app: HsnapApp, exit_kind: Exit | None) -> tuple[BaseException | None, str | None]:
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


def _crash_report(settings: Settings | None) -> crash.CrashReport:
    """Writes crash reports next to the journals; for the demo to the temporary folder, since its files are
    removed."""

    def report(error: BaseException) -> str | None:
        try:
            if settings is None or settings.token_source is TokenSource.DEMO:
                number, name = tempfile.mkstemp(prefix="hsnap-tui-crash-", suffix=".txt")
                os.close(number)
                path = Path(name)
            else:
                settings.state_dir.mkdir(parents=True, exist_ok=True)
                path = settings.state_dir / "crash.txt"
            path.write_text(crash.stack_without_values(error), encoding="utf-8")
        except OSError:
            return None
        return str(path)

    return report
