"""Starts what the command line asks for: the console, or a command without a screen, with the settings it needs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from hsnap_tui.cli import completion
from hsnap_tui.cli.arguments import (
    Arguments,
    CompletionArguments,
    ConsoleArguments,
    HeadlessArguments,
    JobsArguments,
    ResumeArguments,
    SnapshotArguments,
    SnapshotsDeleteArguments,
    SnapshotsListArguments,
)
from hsnap_tui.cli.demo_process import DemoProcess
from hsnap_tui.cli.options import PROGRAM, program
from hsnap_tui.config.errors import SettingsError
from hsnap_tui.config.secret import Secret
from hsnap_tui.config.settings import Settings, load
from hsnap_tui.headless.exit_codes import ExitCode
from hsnap_tui.terminal.signals import ignore_background_stops
from hsnap_tui.terminal.streams import SLOW_READER_TIMEOUT, Streams

if TYPE_CHECKING:
    from hsnap_tui.cloud.model import Snapshot
    from hsnap_tui.headless.report import Report


def start(arguments: Arguments, streams: Streams) -> int:
    """Runs what the command line asks for; returns the exit code."""
    if isinstance(arguments, CompletionArguments):
        print(completion.script(program, PROGRAM, arguments.shell))  # noqa: T201
        return ExitCode.DONE
    try:
        with _settings(arguments) as settings:
            if isinstance(arguments, ConsoleArguments):
                return _console(arguments, settings, streams)
            return _without_screen(arguments, settings, streams)
    except SettingsError as error:
        if isinstance(arguments, ConsoleArguments) and not arguments.demo:
            return _console(arguments, None, streams, token_problem=str(error))
        _print_error(str(error))
        return ExitCode.NO_ACCESS


@contextlib.contextmanager
def _settings(arguments: ConsoleArguments | HeadlessArguments) -> Iterator[Settings]:
    """The settings of the demo, which runs while the context lasts, or the user's own. Raises `SettingsError`."""
    if arguments.demo:
        demo = DemoProcess()
        try:
            yield demo.settings(read_only=arguments.choices.read_only)
        finally:
            demo.stop()
    else:
        yield load(os.environ, _home(), arguments.choices)


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        raise SettingsError("This user has no home folder.", "Set HOME to a folder that can be written.") from error


def _print_error(text: str) -> None:
    print(f"hsnap-tui: {text}", file=sys.stderr)  # noqa: T201


def _console(
    arguments: ConsoleArguments, settings: Settings | None, streams: Streams, *, token_problem: str | None = None
) -> int:
    from hsnap_tui.cli.console import run  # noqa: PLC0415 - Textual takes long to import

    return run(settings, streams, theme=arguments.theme, token_problem=token_problem)


def _without_screen(arguments: HeadlessArguments, settings: Settings, streams: Streams) -> int:
    from hsnap_tui.headless.report import report_for  # noqa: PLC0415

    for warning in settings.warnings:
        _print_error(warning)
    token = settings.token
    if token is None:
        raise SettingsError(
            "There is no API token.", "Set HCLOUD_TOKEN, or make a context with: hcloud context create NAME."
        )
    ignore_background_stops()
    report = report_for(sys.stdout, as_json=arguments.json)
    return asyncio.run(_run(arguments, settings, token, report, streams))


async def _run(
    arguments: HeadlessArguments, settings: Settings, token: Secret, report: Report, streams: Streams
) -> int:
    from hsnap_tui.fleet.poll_targets import PollScope  # noqa: PLC0415
    from hsnap_tui.headless import commands  # noqa: PLC0415
    from hsnap_tui.headless.run import Interrupts  # noqa: PLC0415
    from hsnap_tui.session.factory import open_session  # noqa: PLC0415

    if isinstance(arguments, JobsArguments):
        return await commands.jobs(settings, token, report)
    if isinstance(arguments, SnapshotsListArguments):
        return await _list_snapshots(arguments, settings, token, report)
    if isinstance(arguments, SnapshotsDeleteArguments):
        return await _delete_snapshots(arguments, settings, token, report, streams)
    if not (isinstance(arguments, SnapshotArguments) and arguments.dry_run):
        streams.flush_timeout = SLOW_READER_TIMEOUT
    interrupts = Interrupts(streams, report.close)
    session = open_session(settings, token, PollScope.JOBS_ONLY)
    network_wait = arguments.network_wait.total_seconds()
    with interrupts.listening(session, report):
        async with interrupts.within(session.clock, arguments.timeout):
            if isinstance(arguments, ResumeArguments):
                return await commands.resume(
                    session, report, interrupts, yes=arguments.yes, network_wait=network_wait
                )
            command = commands.SnapshotCommand(
                arguments.servers, arguments.options, arguments.description, network_wait, arguments.dry_run
            )
            return await commands.snapshot(session, command, report, interrupts)


async def _list_snapshots(
    arguments: SnapshotsListArguments, settings: Settings, token: Secret, report: Report
) -> int:
    from hsnap_tui.common.clock import SystemClock  # noqa: PLC0415
    from hsnap_tui.headless.snapshots_list import ListCommand, list_snapshots  # noqa: PLC0415
    from hsnap_tui.session.factory import open_cloud  # noqa: PLC0415

    clock = SystemClock()
    cloud = open_cloud(settings, token, clock)
    command = ListCommand(arguments.servers, arguments.selector, arguments.network_wait.total_seconds())
    try:
        return await list_snapshots(cloud, clock, command, report)
    finally:
        await cloud.close()


async def _delete_snapshots(
    arguments: SnapshotsDeleteArguments, settings: Settings, token: Secret, report: Report, streams: Streams
) -> int:
    from hsnap_tui.common.clock import SystemClock  # noqa: PLC0415
    from hsnap_tui.fleet.poll_targets import PollScope  # noqa: PLC0415
    from hsnap_tui.headless.run import Interrupts  # noqa: PLC0415
    from hsnap_tui.headless.snapshots_delete import DeleteCommand, choose, delete  # noqa: PLC0415
    from hsnap_tui.session.factory import open_cloud, open_session  # noqa: PLC0415
    from hsnap_tui.terminal.question import is_confirmed  # noqa: PLC0415

    clock = SystemClock()
    cloud = open_cloud(settings, token, clock)
    command = DeleteCommand(
        arguments.image_ids,
        arguments.network_wait.total_seconds(),
        arguments.timeout,
        arguments.dry_run,
        None if arguments.yes else is_confirmed,
    )
    began = clock.monotonic()
    chosen: tuple[Snapshot, ...] | ExitCode = ExitCode.UNFINISHED
    try:
        chosen = await choose(cloud, clock, command, report)
    finally:
        if isinstance(chosen, ExitCode):
            await cloud.close()
    if isinstance(chosen, ExitCode):
        return chosen
    streams.flush_timeout = SLOW_READER_TIMEOUT
    interrupts = Interrupts(streams, report.close)
    session = open_session(settings, token, PollScope.JOBS_ONLY, clock, cloud)
    limit, spent = arguments.timeout, timedelta(seconds=clock.monotonic() - began)
    left = None if limit is None else max(timedelta(seconds=1), limit - spent)
    with interrupts.listening(session, report):
        async with interrupts.within(clock, left):
            return await delete(session, chosen, report, interrupts, command.network_wait)
