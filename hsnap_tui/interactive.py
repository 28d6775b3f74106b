"""The console in the terminal: started, left in order, and whatever it owes settled without a screen."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from hsnap_tui import say, words
from hsnap_tui.console import Console, Refused
from hsnap_tui.demo_process import DemoProcess
from hsnap_tui.events import Event, JobEvent, Notice
from hsnap_tui.fleet.interests import Scope
from hsnap_tui.opening import open_session
from hsnap_tui.session import Session
from hsnap_tui.settings import Settings, SettingsError
from hsnap_tui.tui import crash
from hsnap_tui.tui.app import HsnapApp
from hsnap_tui.tui.screens.quit import Exit
from hsnap_tui.tui.theme import DARK


def run(settings: Settings | None, *, theme: str | None = None, why: str | None = None) -> int:
    """Shows the console until it is left; gives the exit code. `why` there are no settings is shown first."""
    return asyncio.run(_run(settings, theme, why))


async def _run(settings: Settings | None, theme: str | None, why: str | None) -> int:
    demos: list[DemoProcess] = []
    session = _session(settings) if settings and settings.token else None

    async def start_demo() -> Console:
        try:
            demo = await asyncio.to_thread(DemoProcess)
            demos.append(demo)
            return _session(await asyncio.to_thread(demo.settings))
        except SettingsError as error:
            raise Refused(str(error)) from error

    report = _crash_report(settings.state_dir) if settings else None
    app = HsnapApp(
        session,
        start_demo=start_demo,
        why=why or " ".join(settings.warnings if settings else ()),
        report_crash=report,
        theme_name=theme or DARK.name,
    )
    try:
        with _signals(lambda: app.exit(Exit.LEAVE)):
            how = await app.run_async()
            error = await _finish(app, how)
        if error is not None and not app.return_code:
            _print(crash.sentence(error, report(error) if report else None))
        return app.return_code or int(error is not None)
    finally:
        for demo in demos:
            demo.stop()


def _session(settings: Settings) -> Session:
    if settings.token is None:
        raise SettingsError("There is no API token.", "Set HCLOUD_TOKEN.")
    session = open_session(settings, settings.token, Scope.EVERYTHING)
    session.greet(settings.warnings)
    return session


async def _finish(app: HsnapApp, how: Exit | None) -> BaseException | None:
    """After the screen: servers that are off because of us are switched on again, then everything ends.

    Gives the error that the work has ended with, if it has.
    """
    session, work = app.session, app.work
    if session is None or work is None:
        return None
    off = session.leaving().off
    if (off or how is Exit.CANCEL_WAITING) and not work.done():
        unsubscribe = session.subscribe(_tell)
        if off:
            names = words.listed([job.server_name for job in off])
            _print(f"hsnap-tui: these servers are switched on again before it ends: {names}. Ctrl-C leaves at once.")
        leaving = asyncio.ensure_future(session.leave(cancel_waiting=how is Exit.CANCEL_WAITING))
        await asyncio.wait({leaving, work}, return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        unsubscribe()
    work.cancel()
    await asyncio.wait({work})
    return None if work.cancelled() else work.exception()


def _tell(event: Event) -> None:
    line = say.say(event) if isinstance(event, JobEvent | Notice) else None
    if line is not None:
        _print(line.plain())


def _print(text: str) -> None:
    """Writes to the terminal, if it is still there."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)  # noqa: T201


@contextlib.contextmanager
def _signals(leave: Callable[[], None]) -> Iterator[None]:
    """SIGTERM, SIGHUP and SIGINT leave as `q` does, without a question; a second Ctrl-C ends at once."""
    loop = asyncio.get_running_loop()
    asked = False

    def interrupted(number: int) -> None:
        nonlocal asked
        if asked and number == signal.SIGINT:
            os._exit(130)
        asked = True
        leave()

    names = [name for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name)]
    numbers = [getattr(signal, name) for name in names]
    for number in numbers:
        with contextlib.suppress(NotImplementedError):  # Windows has no such handlers on its loop
            loop.add_signal_handler(number, interrupted, number)
    yield
    for number in numbers:
        with contextlib.suppress(NotImplementedError):
            loop.remove_signal_handler(number)


def _crash_report(state_dir: Path) -> crash.CrashReport:
    def report(error: BaseException) -> str | None:
        path = state_dir / "crash.txt"
        try:
            state_dir.mkdir(parents=True, exist_ok=True)
            path.write_text(crash.where(error), encoding="utf-8")
        except OSError:
            return None
        return str(path)

    return report
