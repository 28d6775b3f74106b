"""Options that several commands share. The common ones may stand before or after the command."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click

from hsnap_tui.cli import completion
from hsnap_tui.cli.parameter_types import DURATION, ENDPOINT, SECONDS
from hsnap_tui.config.settings import CONNECT_TIMEOUT, READ_TIMEOUT, Choices

F = TypeVar("F", bound=Callable[..., Any])


def common_options(command: F) -> F:
    """The options that may stand before or after the command."""
    for option in reversed(
        (
            click.option("--demo", is_flag=True, help="use a simulated Hetzner Cloud; needs no account"),
            click.option(
                "--context",
                metavar="NAME",
                help="a context of the official command line",
                shell_complete=completion.contexts,
            ),
            click.option("--endpoint", type=ENDPOINT, metavar="URL", help="the API's address"),
            click.option("--read-only", is_flag=True, help="refuse everything that changes a server"),
            click.option(
                "--state-dir",
                metavar="DIR",
                type=click.Path(path_type=Path),
                help="where the journals are kept; by default they are this user's own: cron of root and another "
                "user's console know of each other only with the same folder (install -d -m 2770 -g GROUP DIR)",
            ),
            click.option(
                "--connect-timeout", metavar="S", type=SECONDS, help=f"seconds to connect ({CONNECT_TIMEOUT:g})"
            ),
            click.option(
                "--read-timeout", metavar="S", type=SECONDS, help=f"seconds to wait for an answer ({READ_TIMEOUT:g})"
            ),
        )
    ):
        command = option(command)
    return command


def json_option(command: F) -> F:
    """Adds `--json`."""
    return click.option("--json", is_flag=True, help="a line of JSON for each event, see below")(command)


def unattended_options(command: F) -> F:
    """Adds the time limits for commands without a screen."""
    command = click.option(
        "--timeout",
        type=DURATION,
        metavar="TIME",
        help="how long all of it may take (no limit); after that nothing more is started, servers that are off "
        "because of it are powered on (for 15 minutes at most, and 2 without an answer from Hetzner), and it ends "
        "with 5, naming those that are still off",
    )(command)
    return network_wait_option(command)


def network_wait_option(command: F) -> F:
    """Adds `--network-wait`."""
    return click.option(
        "--network-wait",
        type=DURATION,
        metavar="TIME",
        default=timedelta(minutes=1),
        help="how long to try again when Hetzner cannot be reached at the start (1m)",
    )(command)


def merged(ctx: click.Context, /, given: dict[str, Any]) -> dict[str, Any]:
    """The values of the common options: those after the command take precedence over those before it."""
    before: dict[str, Any] = ctx.find_root().obj
    return {name: given[name] or value for name, value in before.items()}


def choices(common: dict[str, Any], *, read_only: bool = False) -> Choices:
    """The common options as `Choices`, from which the settings are made."""
    chosen = {**common, "read_only": common["read_only"] or read_only}
    del chosen["demo"]
    return Choices(**chosen)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether the stream is a terminal."""
    return stream is not None and stream.isatty()
