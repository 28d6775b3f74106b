"""`hsnap-tui snapshots`: its commands and options."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import click

from hsnap_tui.cli import completion
from hsnap_tui.cli.arguments import SnapshotsDeleteArguments, SnapshotsListArguments
from hsnap_tui.cli.help_text import CommandWithEpilog, of_headless_command
from hsnap_tui.cli.parameter_types import IMAGE_ID
from hsnap_tui.cli.shared_options import (
    choices,
    common_options,
    is_terminal,
    json_option,
    merged,
    network_wait_option,
    unattended_options,
)


@click.group(
    no_args_is_help=False,
    short_help="list or delete snapshots without a screen",
    help="Lists the project's snapshots, or deletes some of them.",
)
def snapshots() -> None:
    """What its commands share: nothing."""


@snapshots.command(
    "list",
    cls=CommandWithEpilog,
    more_help=of_headless_command,
    short_help="list snapshots: ID, server, age, size, cost",
    help="Lists snapshots, the newest first: ID, server, age, size, what it costs a month without VAT, description. "
    "Of the named servers (by name or ID; also of servers that are gone), or else all of the project.",
)
@click.argument("servers", nargs=-1, metavar="[SERVER]...", shell_complete=completion.servers)
@click.option("--selector", metavar="SEL", help="only snapshots whose labels a label selector matches")
@network_wait_option
@json_option
@common_options
@click.pass_context
def list_(
    ctx: click.Context,
    /,
    servers: tuple[str, ...],
    selector: str | None,
    network_wait: timedelta,
    json: bool,
    **given: Any,
) -> SnapshotsListArguments:
    """What `hsnap-tui snapshots list` is to do."""
    common = merged(ctx, given)
    return SnapshotsListArguments(choices(common), common["demo"], servers, selector, network_wait, json)


@snapshots.command(
    cls=CommandWithEpilog,
    more_help=of_headless_command,
    short_help="delete snapshots by their IDs",
    help="Deletes snapshots by their IDs and waits until all are gone. On a terminal it shows them and asks first; "
    "without one it needs --yes. An ID that is no snapshot (a backup, one of Hetzner's images), does not exist, or "
    "is protected is refused before anything is deleted. After that one failure keeps the rest going.",
)
@click.argument(
    "image_ids", nargs=-1, required=True, type=IMAGE_ID, metavar="ID...", shell_complete=completion.snapshots
)
@click.option("--yes", is_flag=True, help="delete without asking")
@click.option("--dry-run", is_flag=True, help="say what would be deleted and send nothing")
@unattended_options
@json_option
@common_options
@click.pass_context
def delete(ctx: click.Context, /, image_ids: tuple[int, ...], **given: Any) -> SnapshotsDeleteArguments:
    """What `hsnap-tui snapshots delete` is to do."""
    common, dry_run, yes = merged(ctx, given), bool(given["dry_run"]), bool(given["yes"])
    if common["read_only"] and not dry_run:
        raise click.UsageError("--read-only deletes nothing; add --dry-run to see what would be deleted")
    told_at = sys.__stderr__ if given["json"] else sys.__stdout__
    if not (yes or dry_run or (is_terminal(sys.__stdin__) and is_terminal(told_at))):
        raise click.UsageError("without a terminal nobody can be asked: add --yes if you mean it")
    return SnapshotsDeleteArguments(
        choices(common, read_only=dry_run),
        common["demo"],
        image_ids,
        yes,
        dry_run,
        given["network_wait"],
        given["timeout"],
        given["json"],
    )
