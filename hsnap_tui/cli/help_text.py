"""The last part of `--help`: exit codes, JSON fields, environment variables and keys, made from the data that the
program itself uses."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import click

from hsnap_tui.headless.exit_codes import MEANINGS
from hsnap_tui.headless.json_schema import FIELDS

ENVIRONMENT = {
    "HCLOUD_TOKEN": "the API token of the project",
    "HCLOUD_CONTEXT, HCLOUD_CONFIG": "the official command line's context and its file, used when there is no token",
    "HCLOUD_ENDPOINT": "the API's address; plain http only to this computer",
    "HSNAP_STATE_DIR": "where the journals are kept; they are this user's own unless a group shares the folder",
    "HSNAP_CONNECT_TIMEOUT, HSNAP_READ_TIMEOUT": "time-outs of requests in seconds (5, 15)",
    "NO_COLOR": "no colours",
}
"""The variables that are read, for the help and the README."""


class CommandWithEpilog(click.Command):
    """A command whose help ends with a text that keeps its lines; it is made only when the help is shown."""

    def __init__(self, *arguments: Any, more_help: Callable[[], str] | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._more_help = more_help

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Writes the text as it is."""
        write(formatter, self._more_help)


class GroupWithEpilog(click.Group):
    """The same for the command that holds the others."""

    def __init__(self, *arguments: Any, more_help: Callable[[], str] | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._more_help = more_help

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Writes the text as it is."""
        write(formatter, self._more_help)


def write(formatter: click.HelpFormatter, more_help: Callable[[], str] | None) -> None:
    """Adds the text of `more_help` to a help."""
    if more_help is not None:
        formatter.write(f"\n{more_help()}\n")


def of_program() -> str:
    """The end of the program's help: environment variables and keys."""
    from hsnap_tui.tui.keys import plain  # noqa: PLC0415 - only this help needs it

    variables = "\n".join(f"  {name}\n      {words}" for name, words in ENVIRONMENT.items())
    return f"environment:\n{variables}\n\nkeys:\n{plain()}"


def of_headless_command() -> str:
    """The end of the help of a command without a screen: exit codes and the fields of JSON lines."""
    codes = "\n".join(f"  {code.value}  {words}" for code, words in MEANINGS.items())
    indent = " " * 6
    told = (
        f"  {names}\n{textwrap.fill(words, 96, initial_indent=indent, subsequent_indent=indent)}"
        for names, words in FIELDS.items()
    )
    fields = "\n".join(told)
    return f"exit codes:\n{codes}\n\nfields of a line of JSON (what is not set is left out):\n{fields}"
