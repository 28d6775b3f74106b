"""The command line: words to settings to what is started. What is slow to import is imported when it is needed."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from hsnap_tui import __version__
from hsnap_tui.demo_process import DemoProcess
from hsnap_tui.headless.exits import MEANINGS, ExitCode
from hsnap_tui.jobs.labels import LabelError, parse_labels
from hsnap_tui.jobs.model import IfLocked, IfStillOn, SnapshotOptions
from hsnap_tui.jobs.template import DEFAULT_TEMPLATE, TemplateError, check, fields_in_words
from hsnap_tui.settings import Choices, Settings, SettingsError, load
from hsnap_tui.words import parse_duration

ENVIRONMENT = {
    "HCLOUD_TOKEN": "the API token of the project",
    "HCLOUD_CONTEXT, HCLOUD_CONFIG": "the official command line's context and its file, used when there is no token",
    "HCLOUD_ENDPOINT": "the API's address; plain http only to this computer",
    "HSNAP_STATE_DIR": "where the journals are kept",
    "HSNAP_CONNECT_TIMEOUT, HSNAP_READ_TIMEOUT": "time-outs of requests in seconds (5, 15)",
    "NO_COLOR": "no colours",
}
"""The variables that are read, for the help and the README."""


class Parser(argparse.ArgumentParser):
    """Ends with the documented code for wrong usage, and shows the keys where there is a screen."""

    keys: Callable[[], str] | None = None

    def format_help(self) -> str:
        """The help; the keys come from where the in-app help has them."""
        return super().format_help() + (self.keys() if self.keys else "")


def parser() -> Parser:
    """The whole command line."""
    top = Parser(
        prog="hsnap-tui",
        description="Snapshots of Hetzner Cloud servers: lock-aware, within the rate limit, exactly once. "
        "Without a command: the console.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_environment(),
    )
    top.keys = _keys
    top.add_argument("--version", action="version", version=f"hsnap-tui {__version__}")
    top.add_argument("--theme", metavar="NAME", help="hsnap-dark (default), hsnap-light, or one of Textual's themes")
    _common(top, argparse.SUPPRESS)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    _snapshot(commands.add_parser("snapshot", help="make snapshots without a screen", **_style()))
    _resume(commands.add_parser("resume", help="finish what an interrupted run left", **_style()))
    _jobs(commands.add_parser("jobs", help="tell what is under way, and past batches", **_style()))
    return top


def _style() -> dict[str, Any]:
    return {"formatter_class": argparse.RawDescriptionHelpFormatter, "epilog": _exit_codes()}


def _common(into: argparse.ArgumentParser, default: Any = argparse.SUPPRESS) -> None:
    add = into.add_argument
    add("--demo", action="store_true", default=default, help="use a simulated Hetzner Cloud; needs no account")
    add("--context", metavar="NAME", default=default, help="a context of the official command line")
    add("--endpoint", metavar="URL", default=default, help="the API's address")
    add("--read-only", action="store_true", default=default, help="refuse everything that changes a server")
    add("--state-dir", metavar="DIR", type=Path, default=default, help="where the journals are kept")
    add("--connect-timeout", metavar="S", type=float, default=default, help="seconds to connect (5)")
    add("--read-timeout", metavar="S", type=float, default=default, help="seconds to wait for an answer (15)")


def _snapshot(into: argparse.ArgumentParser) -> None:
    into.description = "Makes a snapshot of each chosen server and waits until all are done."
    add = into.add_argument
    add("names", nargs="*", metavar="NAME", help="a server's name or ID")
    add("--all", action="store_true", help="all servers of the project")
    add("--selector", metavar="SEL", help="the servers that a label selector matches, as well as those named")
    add("--if-locked", type=IfLocked, choices=list(IfLocked), default=IfLocked.WAIT, help="wait (default) or skip")
    add(
        "--max-wait",
        type=_duration,
        metavar="TIME",
        default=timedelta(minutes=30),
        help="how long to wait for a lock (30m); what waited longer is held for hsnap-tui resume --yes",
    )
    add("--shut-down", action="store_true", help="shut down by ACPI first; power on as soon as the lock clears")
    add(
        "--if-still-on",
        type=IfStillOn,
        choices=list(IfStillOn),
        default=IfStillOn.LEAVE,
        help="a server that ignores it: leave it running and fail (default), or power-off",
    )
    add(
        "--off-within", type=_duration, metavar="TIME", default=timedelta(minutes=2), help="how long it may take (2m)"
    )
    add("--at-a-time", type=_positive, metavar="N", default=1, help="how many servers may be off at once (1)")
    add("--description", metavar="TEMPLATE", default=DEFAULT_TEMPLATE, help=_template_help())
    add("--label", action="append", default=[], metavar="K=V", help="a label for the snapshots; may be repeated")
    add("--dry-run", action="store_true", help="say what would be done and send nothing")
    _json(into)
    _common(into)


def _resume(into: argparse.ArgumentParser) -> None:
    into.description = (
        "Finishes what an interrupted run left: servers are switched on again, snapshots that were asked for are "
        "followed, jobs not yet started go on when they are less than an hour old and switch nothing off."
    )
    into.add_argument("--yes", action="store_true", help="go on with held jobs too")
    _json(into)
    _common(into)


def _jobs(into: argparse.ArgumentParser) -> None:
    into.description = "Tells what is under way and past batches, from the journal on this machine."
    _json(into)
    _common(into)


def _json(into: argparse.ArgumentParser) -> None:
    into.add_argument("--json", action="store_true", help="a line of JSON for each event (its version is in v)")


def _template_help() -> str:
    fields = fields_in_words()
    return f"what the snapshots are called ({DEFAULT_TEMPLATE}); fields: {fields}".replace("%", "%%")


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"“{text}” is not a number of servers")
    return int(text)


def _exit_codes() -> str:
    return "exit codes:\n" + "\n".join(f"  {code.value}  {words}" for code, words in MEANINGS.items())


def _environment() -> str:
    return "environment:\n" + "\n".join(f"  {name}\n      {words}" for name, words in ENVIRONMENT.items())


def _keys() -> str:
    from hsnap_tui.tui.keys import plain  # noqa: PLC0415 - Textual takes long to import

    return f"\nkeys:\n{plain()}\n"


def main(words: Sequence[str] | None = None) -> int:
    """Runs the program; gives the exit code."""
    arguments = parser().parse_args(words)
    if arguments.command == "snapshot":
        _check_snapshot(arguments)
    demo = DemoProcess() if getattr(arguments, "demo", False) else None
    try:
        settings = _settings(arguments, demo)
        if arguments.command is None:
            from hsnap_tui.interactive import run  # noqa: PLC0415 - Textual takes long to import

            return run(settings, theme=arguments.theme)
        return _without_screen(arguments, settings)
    except SettingsError as error:
        _complain(error)
        return ExitCode.NO_ACCESS if arguments.command else ExitCode.USAGE
    finally:
        if demo is not None:
            demo.stop()


def _settings(arguments: argparse.Namespace, demo: DemoProcess | None) -> Settings:
    given = vars(arguments)
    if demo is not None:
        return demo.settings(read_only=given.get("read_only", False))
    choices = Choices(**{name: given[name] for name in Choices.__dataclass_fields__ if name in given})
    return load(os.environ, Path.home(), choices)


def _complain(error: SettingsError) -> None:
    print(f"hsnap-tui: {error.message} {error.advice}", file=sys.stderr)  # noqa: T201


def _check_snapshot(arguments: argparse.Namespace) -> None:
    """Ends with code 2 when the words make no sense, before anything is asked or sent."""
    fault = None
    if not (arguments.names or arguments.all or arguments.selector):
        fault = "name servers, or choose them with --selector or --all"
    elif arguments.all and (arguments.names or arguments.selector):
        fault = "--all goes without names and --selector"
    try:
        check(arguments.description)
        parse_labels(arguments.label)
    except (TemplateError, LabelError) as error:
        fault = str(error)
    if fault:
        parser().error(fault)


def _without_screen(arguments: argparse.Namespace, settings: Settings) -> int:
    from hsnap_tui.fleet.interests import Scope  # noqa: PLC0415
    from hsnap_tui.headless import commands  # noqa: PLC0415
    from hsnap_tui.headless.report import report_for  # noqa: PLC0415
    from hsnap_tui.opening import open_session  # noqa: PLC0415

    for warning in settings.warnings:
        print(f"hsnap-tui: {warning}", file=sys.stderr)  # noqa: T201
    token = settings.token
    if token is None:
        raise SettingsError(
            "There is no API token.", "Set HCLOUD_TOKEN, or make a context with: hcloud context create NAME."
        )
    report = report_for(sys.stdout, as_json=arguments.json)

    async def run() -> ExitCode:
        if arguments.command == "jobs":
            return await commands.jobs(settings, token, report)
        session = open_session(settings, token, Scope.JOBS_ONLY)
        if arguments.command == "resume":
            return await commands.resume(session, report, yes=arguments.yes)
        return await commands.snapshot(session, _command(arguments), report)

    return asyncio.run(run())


def _command(arguments: argparse.Namespace) -> Any:
    from hsnap_tui.headless.choose import Choice  # noqa: PLC0415
    from hsnap_tui.headless.commands import SnapshotCommand  # noqa: PLC0415

    options = SnapshotOptions(
        if_locked=arguments.if_locked,
        max_wait=arguments.max_wait,
        shut_down=arguments.shut_down,
        if_still_on=arguments.if_still_on,
        off_within=arguments.off_within,
        at_a_time=arguments.at_a_time,
        labels=parse_labels(arguments.label),
    )
    choice = Choice(tuple(arguments.names), arguments.selector, arguments.all)
    return SnapshotCommand(choice, options, arguments.description, arguments.dry_run)
