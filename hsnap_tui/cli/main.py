"""The program: words to settings to what is started. What is slow to import is imported when it is needed."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hsnap_tui.cli.demo_process import DemoProcess
from hsnap_tui.cli.options import parse
from hsnap_tui.config.errors import SettingsError
from hsnap_tui.config.secret import Secret
from hsnap_tui.config.settings import Choices, Settings, load
from hsnap_tui.headless.exit_codes import ExitCode
from hsnap_tui.jobs.core.model import IfLocked, IfStillOn, SnapshotOptions
from hsnap_tui.snapshots.labels import parse_labels
from hsnap_tui.terminal.signals import write_from_the_background
from hsnap_tui.terminal.streams import SLOW_READER, Streams, never_waiting

if TYPE_CHECKING:
    from hsnap_tui.headless.commands import SnapshotCommand
    from hsnap_tui.headless.report import Report


def main(words: Sequence[str] | None = None) -> int:
    """Runs the program; gives the exit code."""
    try:
        with never_waiting() as streams:
            return _main(parse(words), streams)
    except KeyboardInterrupt:
        return ExitCode.UNFINISHED


def _main(arguments: argparse.Namespace, streams: Streams) -> int:
    try:
        with _settings(arguments) as settings:
            if arguments.command:
                return _without_screen(arguments, settings, streams)
            return _console(arguments, settings, streams)
    except SettingsError as error:
        if arguments.command is None and "demo" not in arguments:
            return _console(arguments, None, streams, why=str(error))
        _complain(str(error))
        return ExitCode.NO_ACCESS


@contextlib.contextmanager
def _settings(arguments: argparse.Namespace) -> Iterator[Settings]:
    """The demo's settings, for as long as it runs, or the person's own. Raises `SettingsError`."""
    given = vars(arguments)
    read_only = given.get("read_only", False) or given.get("dry_run", False)
    if "demo" in given:
        demo = DemoProcess()
        try:
            yield demo.settings(read_only=read_only)
        finally:
            demo.stop()
    else:
        choices = Choices(**{name: given[name] for name in Choices.__dataclass_fields__ if name in given})
        yield load(os.environ, _home(), replace(choices, read_only=read_only))


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        raise SettingsError("This user has no home folder.", "Set HOME to a folder that can be written.") from error


def _complain(text: str) -> None:
    print(f"hsnap-tui: {text}", file=sys.stderr)  # noqa: T201


def _console(
    arguments: argparse.Namespace, settings: Settings | None, streams: Streams, *, why: str | None = None
) -> int:
    from hsnap_tui.cli.console import run  # noqa: PLC0415 - Textual takes long to import

    return run(settings, streams, theme=arguments.theme, why=why)


def _without_screen(arguments: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    from hsnap_tui.headless.report import report_for  # noqa: PLC0415

    for warning in settings.warnings:
        _complain(warning)
    token = settings.token
    if token is None:
        raise SettingsError(
            "There is no API token.", "Set HCLOUD_TOKEN, or make a context with: hcloud context create NAME."
        )
    write_from_the_background()
    report = report_for(sys.stdout, as_json=arguments.json)
    return asyncio.run(_run(arguments, settings, token, report, streams))


async def _run(
    arguments: argparse.Namespace, settings: Settings, token: Secret, report: Report, streams: Streams
) -> int:
    from hsnap_tui.fleet.poll_targets import PollScope  # noqa: PLC0415
    from hsnap_tui.headless import commands  # noqa: PLC0415
    from hsnap_tui.headless.run import Interrupts  # noqa: PLC0415
    from hsnap_tui.session.factory import open_session  # noqa: PLC0415

    if arguments.command == "jobs":
        return await commands.jobs(settings, token, report)
    if "dry_run" not in arguments or not arguments.dry_run:
        streams.patience = SLOW_READER
    interrupts = Interrupts(streams, report.close)
    session = open_session(settings, token, PollScope.JOBS_ONLY)
    patience = arguments.network_wait.total_seconds()
    with interrupts.listening(session, report):
        async with interrupts.within(session.clock, arguments.timeout):
            if arguments.command == "resume":
                return await commands.resume(session, report, interrupts, yes=arguments.yes, patience=patience)
            return await commands.snapshot(session, _command(arguments, patience), report, interrupts)


def _command(arguments: argparse.Namespace, patience: float) -> SnapshotCommand:
    from hsnap_tui.headless.commands import SnapshotCommand  # noqa: PLC0415
    from hsnap_tui.headless.selection import Choice  # noqa: PLC0415

    options = SnapshotOptions(
        if_locked=IfLocked(arguments.if_locked),
        max_wait=arguments.max_wait,
        shut_down=arguments.shut_down,
        if_still_on=IfStillOn(arguments.if_still_on),
        off_within=arguments.off_within,
        at_a_time=arguments.at_a_time,
        max_downtime=arguments.max_downtime,
        labels=parse_labels(arguments.label),
    )
    choice = Choice(tuple(arguments.names), arguments.selector, arguments.all)
    return SnapshotCommand(choice, options, arguments.description, patience, arguments.dry_run)
