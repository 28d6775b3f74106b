"""Which servers a command line means."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from hsnap_tui import words
from hsnap_tui.cloud.model import Server
from hsnap_tui.text import clean


class NothingMatchedError(Exception):
    """The command line names servers that are not there, or none at all; the text says which."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Servers by name or ID, by label selector, or all of them. Names and a selector together mean both."""

    names: tuple[str, ...] = ()
    selector: str | None = None
    all: bool = False


def chosen(servers: Iterable[Server], choice: Choice, matching: Collection[int]) -> list[Server]:
    """The servers of the choice in the order of their names; `matching` are the IDs that the selector found.

    Raises `NothingMatchedError`, also when only some of the names are there: half a backup is worse than a message.
    """
    known = sorted(servers, key=lambda server: (server.raw_name, server.id))
    wanted = set(choice.names)
    found = [server for server in known if choice.all or server.id in matching or wanted & _names(server)]
    missing = [clean(name) for name in sorted(wanted - {name for server in found for name in _names(server)})]
    if missing:
        raise NothingMatchedError(f"Nothing was started: no server has the name or ID {words.listed(missing)}.")
    if not found:
        raise NothingMatchedError("Nothing was started: no server matched.")
    return found


def _names(server: Server) -> set[str]:
    return {server.raw_name, str(server.id)}
