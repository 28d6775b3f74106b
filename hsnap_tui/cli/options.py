"""The command line: its commands and options, and which of them make sense together."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import click

from hsnap_tui import __version__
from hsnap_tui.cli import completion
from hsnap_tui.cli.arguments import (
    Arguments,
    CompletionArguments,
    ConsoleArguments,
    JobsArguments,
    ResumeArguments,
    SnapshotArguments,
)
from hsnap_tui.cli.help_text import CommandWithEpilog, GroupWithEpilog, of_headless_command, of_program
from hsnap_tui.cli.parameter_types import DURATION, LABEL, SERVER_COUNT, TEMPLATE, THEME
from hsnap_tui.cli.shared_options import (
    choices,
    common_options,
    is_terminal,
    json_option,
    merged,
    unattended_options,
)
from hsnap_tui.cli.snapshots_options import snapshots
from hsnap_tui.common.text import clean
from hsnap_tui.headless.exit_codes import ExitCode
from hsnap_tui.headless.selection import ServerSelection
from hsnap_tui.jobs.core.model import IfLocked, IfStillOn, SnapshotOptions
from hsnap_tui.snapshots.labels import LabelError, parse_labels
from hsnap_tui.snapshots.template import DEFAULT_TEMPLATE, fields_in_words

PROGRAM = "hsnap-tui"


def parse(words: Sequence[str] | None = None) -> Arguments:
    """The arguments in `words`, or in the command line of the process.

    Raises `SystemExit`: with code 2 and a one-line message on a usage error, with 0 after `--help`.
    """
    try:
        result = program.main(words, prog_name=PROGRAM, standalone_mode=False)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else PROGRAM
        message = clean(" ".join(error.format_message().split()))
        click.echo(f"{command}: {message.rstrip('.?')}. See {command} --help.", err=True)
        raise SystemExit(ExitCode.USAGE) from None
    if isinstance(result, int):  # what click gives after --help and --version
        raise SystemExit(result)
    arguments: Arguments = result
    return arguments


@click.group(
    PROGRAM,
    cls=GroupWithEpilog,
    more_help=of_program,
    invoke_without_command=True,
    subcommand_metavar="[COMMAND …]",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Snapshots of Hetzner Cloud servers: lock-aware, within the rate limit, exactly once. "
    "Without a command: the console.",
)
@click.version_option(__version__, message="%(prog)s %(version)s", help="show the version and exit")
@click.option(
    "--theme",
    metavar="NAME",
    type=THEME,
    help="hsnap-dark (default), hsnap-light, or one of Textual's themes",
    shell_complete=completion.themes,
)
@common_options
@click.pass_context
def program(ctx: click.Context, /, theme: str | None, **common: Any) -> ConsoleArguments:
    """What the console is started with; a command takes what stood before it from the context."""
    ctx.obj = common
    if ctx.invoked_subcommand is None and not (is_terminal(sys.__stdin__) and is_terminal(sys.__stderr__)):
        raise click.UsageError(
            "the console needs a terminal; without one there are hsnap-tui snapshot, snapshots, resume and jobs"
        )
    return ConsoleArguments(choices(common), common["demo"], theme)


@program.command(
    cls=CommandWithEpilog,
    more_help=of_headless_command,
    short_help="make snapshots without a screen",
    help="Makes a snapshot of each chosen server and waits until all are done. NAME is a server's name or ID; id:123 "
    "or name:123 where one server has the other's number as its name.",
)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=completion.servers)
@click.option("--all", "all_", is_flag=True, help="all servers of the project")
@click.option("--selector", metavar="SEL", help="the servers that a label selector matches, as well as those named")
@click.option(
    "--if-locked",
    type=click.Choice([choice.value for choice in IfLocked]),
    default=IfLocked.WAIT.value,
    help="wait (default) or skip",
)
@click.option(
    "--max-wait",
    type=DURATION,
    metavar="TIME",
    default=timedelta(minutes=30),
    help="how long to wait for a lock (30m); what waited longer needs approval (hsnap-tui resume --yes)",
)
@click.option("--shut-down", is_flag=True, help="shut down by ACPI first; power on as soon as the lock clears")
@click.option(
    "--if-still-on",
    type=click.Choice([choice.value for choice in IfStillOn]),
    default=IfStillOn.LEAVE.value,
    help="if it does not shut down: leave it running and fail (default), or power-off",
)
@click.option(
    "--off-within",
    type=DURATION,
    metavar="TIME",
    default=timedelta(minutes=2),
    help="how long the shutdown may take (2m)",
)
@click.option(
    "--max-downtime",
    type=DURATION,
    metavar="TIME",
    default=timedelta(minutes=10),
    help="how long a server may be off without a snapshot under way (10m); after that it is powered on, and "
    "its job needs approval (hsnap-tui resume --yes)",
)
@click.option(
    "--at-a-time", type=SERVER_COUNT, metavar="N", default=1, help="how many servers may be off at once (1)"
)
@click.option(
    "--description",
    type=TEMPLATE,
    metavar="TEMPLATE",
    default=DEFAULT_TEMPLATE,
    help=f"what the snapshots are called ({DEFAULT_TEMPLATE}); fields: {fields_in_words()}",
)
@click.option("--label", type=LABEL, multiple=True, metavar="K=V", help="a label for the snapshots; may be repeated")
@click.option("--dry-run", is_flag=True, help="say what would be done and send nothing")
@unattended_options
@json_option
@common_options
@click.pass_context
def snapshot(ctx: click.Context, /, **given: Any) -> SnapshotArguments:
    """What `hsnap-tui snapshot` is to do."""
    common, dry_run = merged(ctx, given), bool(given["dry_run"])
    servers = ServerSelection(tuple(given["names"]), given["selector"], given["all_"])
    if not (servers.names or servers.all or servers.selector):
        raise click.UsageError("name servers, or choose them with --selector or --all")
    if servers.all and (servers.names or servers.selector):
        raise click.UsageError("--all goes without names and --selector")
    if common["read_only"] and not dry_run:
        raise click.UsageError("--read-only makes no snapshots; add --dry-run to see what would be done")
    try:
        labels = parse_labels(given["label"])
    except LabelError as error:
        raise click.UsageError(str(error)) from error
    options = SnapshotOptions(
        if_locked=IfLocked(given["if_locked"]),
        max_wait=given["max_wait"],
        shut_down=given["shut_down"],
        if_still_on=IfStillOn(given["if_still_on"]),
        off_within=given["off_within"],
        max_downtime=given["max_downtime"],
        at_a_time=given["at_a_time"],
        labels=labels,
    )
    return SnapshotArguments(
        choices(common, read_only=dry_run),
        common["demo"],
        servers,
        options,
        given["description"],
        dry_run,
        given["network_wait"],
        given["timeout"],
        given["json"],
    )


@program.command(
    cls=CommandWithEpilog,
    more_help=of_headless_command,
    short_help="finish what an interrupted run left",
    help="Finishes what an interrupted run left: servers are powered on, snapshots that were requested are followed, "
    "jobs that were queued start when they are less than an hour old and shut nothing down.",
)
@click.option("--yes", is_flag=True, help="also approve the jobs that need it")
@unattended_options
@json_option
@common_options
@click.pass_context
def resume(
    ctx: click.Context, /, yes: bool, network_wait: timedelta, timeout: timedelta | None, json: bool, **given: Any
) -> ResumeArguments:
    """What `hsnap-tui resume` is to do."""
    common = merged(ctx, given)
    if common["read_only"]:
        raise click.UsageError(
            "--read-only sends nothing, so nothing can be resumed; hsnap-tui jobs tells what is left"
        )
    return ResumeArguments(choices(common), common["demo"], yes, network_wait, timeout, json)


@program.command(
    cls=CommandWithEpilog,
    more_help=of_headless_command,
    short_help="tell what is under way, and past batches",
    help="Tells what is under way and past batches, from the journal on this machine.",
)
@json_option
@common_options
@click.pass_context
def jobs(ctx: click.Context, /, json: bool, **given: Any) -> JobsArguments:
    """What `hsnap-tui jobs` is to do."""
    common = merged(ctx, given)
    return JobsArguments(choices(common), common["demo"], json)


@program.command(
    "completion",
    short_help="print the completion script of a shell",
    help="Prints the script that completes commands, options, contexts and server names in your shell:\n\n\b\n"
    '  bash  eval "$(hsnap-tui completion bash)" in ~/.bashrc\n'
    '  zsh   eval "$(hsnap-tui completion zsh)" in ~/.zshrc, after compinit\n'
    "  fish  hsnap-tui completion fish > ~/.config/fish/completions/hsnap-tui.fish",
)
@click.argument("shell", type=click.Choice(completion.SHELLS))
def completion_(shell: str) -> CompletionArguments:
    """Which script is to be printed."""
    return CompletionArguments(shell)


@program.command("help", short_help="show the help of a command", help="Shows the help of a command.")
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
@click.pass_context
def help_(ctx: click.Context, /, words: tuple[str, ...]) -> None:
    """Shows what `--help` shows after that command."""
    shown = ctx.find_root()
    for word in words:
        of = shown.command
        found = of.get_command(shown, word) if isinstance(of, click.Group) else None
        if found is None:
            there = f"; there are {', '.join(of.list_commands(shown))}" if isinstance(of, click.Group) else ""
            raise click.UsageError(f"there is no command “{word}”{there}")
        shown = click.Context(found, parent=shown, info_name=word)
    click.echo(shown.get_help())
    ctx.exit()


program.add_command(snapshots)
