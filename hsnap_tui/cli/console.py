"""Runs the console in a terminal: the session first, then its screen.

The session's first requests are under way while Textual is imported, which takes about as long as an answer of
Hetzner's. So this module imports nothing that imports Textual; `console_screen` does.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hsnap_tui.cli.demo_process import DemoProcess
from hsnap_tui.config.errors import SettingsError
from hsnap_tui.config.settings import Settings, TokenSource
from hsnap_tui.fleet.poll_targets import PollScope
from hsnap_tui.headless.exit_codes import ExitCode
from hsnap_tui.jobs.interface import RefusedError
from hsnap_tui.session.factory import open_session
from hsnap_tui.session.interface import SessionInterface
from hsnap_tui.session.session import Session
from hsnap_tui.terminal.signals import LeaveSignals
from hsnap_tui.terminal.streams import SHORT_FLUSH, Streams
from hsnap_tui.tui import crash

if TYPE_CHECKING:
    from hsnap_tui.tui.app import HsnapApp


def run(
    settings: Settings | None, streams: Streams, *, theme: str | None = None, token_problem: str | None = None
) -> int:
    """Shows the console until the user leaves; returns the exit code. `token_problem` says why there are no
    settings."""
    streams.shorten_flush()
    return asyncio.run(_run(settings, streams, theme, token_problem))


async def _run(settings: Settings | None, streams: Streams, theme: str | None, token_problem: str | None) -> int:
    demos: list[DemoProcess] = []
    app: HsnapApp | None = None
    session = _session(settings) if settings and settings.token else None
    work = asyncio.create_task(session.run()) if session else None

    async def start_demo() -> SessionInterface:
        try:
            demo = await asyncio.to_thread(DemoProcess)
            demos.append(demo)
            return _session(await asyncio.to_thread(demo.settings))
        except SettingsError as error:
            raise RefusedError(str(error)) from error

    def leave() -> None:
        if app is not None:
            app.terminal_gone()

    def end_now() -> None:
        if app is not None:
            app.restore_terminal()
        streams.flush(SHORT_FLUSH / 2)
        os._exit(130)

    report = _crash_report(settings)
    signals = LeaveSignals(leave, end_now)
    try:
        with signals.listening():
            await asyncio.to_thread(importlib.import_module, "hsnap_tui.cli.console_screen")
            from hsnap_tui.cli.console_screen import finish, make_app  # noqa: PLC0415 - imported just now

            app = make_app(
                session,
                work,
                start_demo=start_demo,
                token_problem=token_problem or " ".join(settings.warnings if settings else ()),
                report_crash=report,
                theme=theme,
                writer=streams.err,
            )
            exit_kind = None if signals.leave_requested else await app.run_async()
            signals.leave_requested = True
            error, left_off_text = await finish(app, exit_kind)
        if error is not None and not app.return_code:
            print(crash.message(error, report(error)), file=sys.stderr)  # noqa: T201
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
