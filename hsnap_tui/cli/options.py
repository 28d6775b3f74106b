"""The command line's words: what there is to say, and what makes sense together."""

from __future__ import annotations

import argparse
import math
import sys
import textwrap
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO

from hsnap_tui import __version__
from hsnap_tui.common.formatting import parse_duration
from hsnap_tui.common.text import clean
from hsnap_tui.config.endpoint import checked_endpoint
from hsnap_tui.config.errors import SettingsError
from hsnap_tui.config.settings import CONNECT_TIMEOUT, LONGEST_TIMEOUT, READ_TIMEOUT
from hsnap_tui.headless.exit_codes import MEANINGS
from hsnap_tui.headless.json_schema import FIELDS
from hsnap_tui.jobs.core.model import IfLocked, IfStillOn
from hsnap_tui.snapshots.labels import LabelError, parse_labels
from hsnap_tui.snapshots.template import DEFAULT_TEMPLATE, TemplateError, check, fields_in_words

ENVIRONMENT = {
    "HCLOUD_TOKEN": "the API token of the project",
    "HCLOUD_CONTEXT, HCLOUD_CONFIG": "the official command line's context and its file, used when there is no token",
    "HCLOUD_ENDPOINT": "the API's address; plain http only to this computer",
    "HSNAP_STATE_DIR": "where the journals are kept; they are this user's own unless a group shares the folder",
    "HSNAP_CONNECT_TIMEOUT, HSNAP_READ_TIMEOUT": (
        f"time-outs of requests in seconds ({CONNECT_TIMEOUT:g}, {READ_TIMEOUT:g})"
    ),
    "NO_COLOR": "no colours",
}
"""The variables that are read, for the help and the README."""

_STATE = (
    "where the journals are kept; by default they are this user's own: cron of root and another user's console know "
    "of each other only with the same folder (install -d -m 2770 -g GROUP DIR)"
)


class Parser(argparse.ArgumentParser):
    """Ends with the documented code for wrong usage, and shows the keys where there is a screen."""

    keys: Callable[[], str] | None = None

    def format_help(self) -> str:
        """The help; the keys come from where the in-app help has them."""
        return super().format_help() + (self.keys() if self.keys else "")


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    """What the words ask for; ends with code 2 and a message when they make no sense, before anything is sent."""
    arguments = parser().parse_args(words)
    fault = _fault(arguments)
    if fault:
        arguments.complain(fault)
    return arguments


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
    top.set_defaults(complain=top.error)
    top.add_argument("--version", action="version", version=f"hsnap-tui {__version__}")
    top.add_argument(
        "--theme", metavar="NAME", type=_theme, help="hsnap-dark (default), hsnap-light, or one of Textual's themes"
    )
    _common(top, argparse.SUPPRESS)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    _snapshot(commands.add_parser("snapshot", help="make snapshots without a screen", **_style()))
    _resume(commands.add_parser("resume", help="finish what an interrupted run left", **_style()))
    _jobs(commands.add_parser("jobs", help="tell what is under way, and past batches", **_style()))
    return top


def _style() -> dict[str, Any]:
    epilog = f"{_exit_codes()}\n\n{_json_fields()}"
    return {"formatter_class": argparse.RawDescriptionHelpFormatter, "epilog": epilog}


def _common(into: argparse.ArgumentParser, default: Any = argparse.SUPPRESS) -> None:
    add = into.add_argument
    add("--demo", action="store_true", default=default, help="use a simulated Hetzner Cloud; needs no account")
    add("--context", metavar="NAME", default=default, help="a context of the official command line")
    add("--endpoint", type=_endpoint, metavar="URL", default=default, help="the API's address")
    add("--read-only", action="store_true", default=default, help="refuse everything that changes a server")
    add("--state-dir", metavar="DIR", type=Path, default=default, help=_STATE)
    add("--connect-timeout", metavar="S", type=_seconds, default=default, help="seconds to connect (5)")
    add("--read-timeout", metavar="S", type=_seconds, default=default, help="seconds to wait for an answer (15)")


def _snapshot(into: argparse.ArgumentParser) -> None:
    into.set_defaults(complain=into.error)
    into.description = "Makes a snapshot of each chosen server and waits until all are done."
    add = into.add_argument
    add(
        "names",
        nargs="*",
        metavar="NAME",
        help="a server's name or ID; id:123 or name:123 where one server has the other's number as its name",
    )
    add("--all", action="store_true", help="all servers of the project")
    add("--selector", metavar="SEL", help="the servers that a label selector matches, as well as those named")
    add("--if-locked", choices=[*IfLocked], default=IfLocked.WAIT, help="wait (default) or skip")
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
        choices=[*IfStillOn],
        default=IfStillOn.LEAVE,
        help="a server that ignores it: leave it running and fail (default), or power-off",
    )
    add(
        "--off-within", type=_duration, metavar="TIME", default=timedelta(minutes=2), help="how long it may take (2m)"
    )
    add(
        "--max-downtime",
        type=_duration,
        metavar="TIME",
        default=timedelta(minutes=10),
        help="how long a server may be off without a snapshot under way (10m); after that it is powered on, and the "
        "snapshot is held for hsnap-tui resume --yes",
    )
    add("--at-a-time", type=_positive, metavar="N", default=1, help="how many servers may be off at once (1)")
    add("--description", metavar="TEMPLATE", default=DEFAULT_TEMPLATE, help=_template_help())
    add("--label", action="append", default=[], metavar="K=V", help="a label for the snapshots; may be repeated")
    add("--dry-run", action="store_true", help="say what would be done and send nothing")
    _unattended(into)


def _resume(into: argparse.ArgumentParser) -> None:
    into.description = (
        "Finishes what an interrupted run left: servers are switched on again, snapshots that were asked for are "
        "followed, jobs not yet started go on when they are less than an hour old and switch nothing off."
    )
    into.set_defaults(complain=into.error)
    into.add_argument("--yes", action="store_true", help="go on with held jobs too")
    _unattended(into)


def _jobs(into: argparse.ArgumentParser) -> None:
    into.description = "Tells what is under way and past batches, from the journal on this machine."
    _json(into)
    _common(into)


def _unattended(into: argparse.ArgumentParser) -> None:
    into.add_argument(
        "--network-wait",
        type=_duration,
        metavar="TIME",
        default=timedelta(minutes=1),
        help="how long to try again when Hetzner cannot be reached at the start (1m)",
    )
    into.add_argument(
        "--timeout",
        type=_duration,
        metavar="TIME",
        help="how long all of it may take (no limit); after that nothing more is started, servers that are off "
        "because of it are powered on (for 15 minutes at most, and 2 without an answer from Hetzner), and it ends "
        "with 5, naming those that are still off",
    )
    _json(into)
    _common(into)


def _json(into: argparse.ArgumentParser) -> None:
    into.add_argument("--json", action="store_true", help="a line of JSON for each event, see below")


def _template_help() -> str:
    fields = fields_in_words()
    return f"what the snapshots are called ({DEFAULT_TEMPLATE}); fields: {fields}".replace("%", "%%")


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _theme(name: str) -> str:
    from hsnap_tui.tui.theming.themes import names  # noqa: PLC0415 - Textual takes long to import

    if name not in names():
        raise argparse.ArgumentTypeError(f"there is no theme “{clean(name)}”; there are {', '.join(names())}")
    return name


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"“{text}” is not a number of servers")
    return int(text)


def _endpoint(text: str) -> str:
    try:
        return checked_endpoint(text.strip(), "--endpoint")
    except SettingsError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= LONGEST_TIMEOUT:
        raise argparse.ArgumentTypeError(f"“{text}” is no time in seconds between 0 and {LONGEST_TIMEOUT:g}")
    return seconds


def _exit_codes() -> str:
    return "exit codes:\n" + "\n".join(f"  {code.value}  {words}" for code, words in MEANINGS.items())


def _json_fields() -> str:
    """The fields of the lines that other programs read."""
    indent = " " * 6
    told = (
        f"  {names}\n{textwrap.fill(words, 96, initial_indent=indent, subsequent_indent=indent)}"
        for names, words in FIELDS.items()
    )
    return "fields of a line of JSON (what is not set is left out):\n" + "\n".join(told)


def _environment() -> str:
    return "environment:\n" + "\n".join(f"  {name}\n      {words}" for name, words in ENVIRONMENT.items())


def _keys() -> str:
    from hsnap_tui.tui.keys import plain  # noqa: PLC0415 - Textual takes long to import

    return f"\nkeys:\n{plain()}\n"


def _fault(arguments: argparse.Namespace) -> str | None:
    if arguments.command is None and not (_is_terminal(sys.__stdin__) and _is_terminal(sys.__stderr__)):
        return "the console needs a terminal; without one there are hsnap-tui snapshot, resume and jobs"
    if arguments.command == "snapshot":
        return _fault_of_snapshot(arguments)
    if arguments.command == "resume" and "read_only" in arguments:
        return "--read-only sends nothing, so nothing can be resumed; hsnap-tui jobs tells what is left"
    return None


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _fault_of_snapshot(arguments: argparse.Namespace) -> str | None:
    if not (arguments.names or arguments.all or arguments.selector):
        return "name servers, or choose them with --selector or --all"
    if arguments.all and (arguments.names or arguments.selector):
        return "--all goes without names and --selector"
    if "read_only" in arguments and not arguments.dry_run:
        return "--read-only makes no snapshots; add --dry-run to see what would be done"
    try:
        check(arguments.description)
        parse_labels(arguments.label)
    except (TemplateError, LabelError) as error:
        return str(error)
    return None
