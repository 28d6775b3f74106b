"""Completion in the shell: the scripts, and words that are known on this machine without a request.

Pressing Tab must never print an error or wait: a file that can't be read completes nothing.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem, get_completion_class

from hsnap_tui.config.contexts import config_path, read_contexts
from hsnap_tui.config.errors import SettingsError

T = TypeVar("T")

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_HSNAP_TUI_COMPLETE"
"""Set by the scripts when Tab is pressed; click's protocol."""

_SAFE = re.compile(r"[\w.][\w.@+-]*", re.ASCII)
"""Only such words are offered: the scripts pass them to the shell unquoted, and names come from outside."""


def script(program: click.Command, name: str, shell: str) -> str:
    """The script that a shell runs at its start."""
    found = get_completion_class(shell)
    if found is None:
        raise ValueError(f"click completes nothing in {shell}")
    return found(program, {}, name, VARIABLE).source()


def contexts(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The contexts of the official command line."""
    try:
        file = read_contexts(config_path(_variables(), Path.home(), sys.platform))
    except (SettingsError, RuntimeError):
        return []
    return _beginning_with(incomplete, file.contexts)


def servers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The servers that have had a snapshot from this machine, without those that the line names already."""
    from hsnap_tui.jobs.store.known_names import known_servers  # noqa: PLC0415 - takes long to import

    known = _read_journal(_given(ctx), known_servers)
    named = set(ctx.params.get(param.name or "") or ())
    return _beginning_with(incomplete, (name for name in known if name not in named))


def snapshots(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The IDs of snapshots that were made from this machine and not deleted from it, each with its server's name."""
    from hsnap_tui.jobs.store.known_names import known_snapshots  # noqa: PLC0415 - takes long to import

    named = {str(image_id) for image_id in ctx.params.get(param.name or "") or ()}
    return [
        CompletionItem(str(image_id), help=server if _SAFE.fullmatch(server) else None)
        for image_id, server in _read_journal(_given(ctx), known_snapshots)
        if str(image_id).startswith(incomplete) and str(image_id) not in named
    ]


def themes(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The themes."""
    from hsnap_tui.tui.theming.themes import names  # noqa: PLC0415 - Textual takes long to import

    return _beginning_with(incomplete, names())


def _read_journal(given: Mapping[str, Any], read: Callable[[Path], list[T]]) -> list[T]:
    """What `read` finds in the project's journal; nothing where there is none, or none that can be read."""
    import sqlite3  # noqa: PLC0415 - these take long to import and are for this completion only

    from hsnap_tui.config.settings import Choices, load  # noqa: PLC0415
    from hsnap_tui.jobs.store.errors import JournalError  # noqa: PLC0415
    from hsnap_tui.jobs.store.project_identity import JOURNAL, ProjectIdentity, find, fingerprint  # noqa: PLC0415

    if given.get("demo"):
        return []
    choices = Choices(context=given.get("context"), endpoint=given.get("endpoint"), state_dir=given.get("state_dir"))
    try:
        settings = load(os.environ, Path.home(), choices)
        if settings.token is None:
            return []
        identity = ProjectIdentity(settings.endpoint, (fingerprint(settings.token.reveal()),))
        folder = find(settings.state_dir, identity)
        return [] if folder is None else read(folder / JOURNAL)
    except (SettingsError, JournalError, sqlite3.Error, OSError, RuntimeError):
        return []


def _given(ctx: click.Context) -> dict[str, Any]:
    """The options so far, those before the command included."""
    before = _given(ctx.parent) if ctx.parent else {}
    return {**before, **{name: value for name, value in ctx.params.items() if value}}


def _variables() -> dict[str, str]:
    return {name: value.strip() for name, value in os.environ.items() if value.strip()}


def _beginning_with(incomplete: str, words: Iterable[str]) -> list[CompletionItem]:
    return [CompletionItem(word) for word in sorted(words) if word.startswith(incomplete) and _SAFE.fullmatch(word)]
