"""Finds the servers that a command line names."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from hsnap_tui.cloud.model import Server
from hsnap_tui.common import formatting
from hsnap_tui.common.text import clean

BY_ID, BY_NAME = "id:", "name:"


class NothingMatchedError(Exception):
    """The command line names servers that are not there, or none at all; the text says which."""


class AmbiguousError(Exception):
    """A number is one server's ID and another's name; the text says which, and how to say what is meant."""


@dataclass(frozen=True, slots=True)
class ServerSelection:
    """Servers by name or ID, by label selector, or all of them. Names and a selector together mean both.

    A name may be written `name:web-1` and an ID `id:123`; without either it may be both, but of one server only.
    """

    names: tuple[str, ...] = ()
    selector: str | None = None
    all: bool = False


def chosen(servers: Iterable[Server], choice: ServerSelection, matching: Collection[int]) -> list[Server]:
    """The selected servers in the order of their names. `matching` are the IDs that match the label selector.

    Raises `AmbiguousError`, and `NothingMatchedError` also when only some of the names exist: half a backup would be
    worse than an error.
    """
    known = sorted(servers, key=lambda server: (server.raw_name, server.id))
    named = {name: [server for server in known if is_meant(server, name)] for name in sorted(set(choice.names))}
    if missing := [clean(name) for name, meant in named.items() if not meant]:
        raise NothingMatchedError(f"Nothing was started: no server has the name or ID {formatting.listed(missing)}.")
    if both := [clean(name) for name, meant in named.items() if _is_ambiguous(name, meant)]:
        raise AmbiguousError(_ambiguous(both[0], named[both[0]]))
    ids = {server.id for meant in named.values() for server in meant}
    found = [server for server in known if choice.all or server.id in matching or server.id in ids]
    if not found:
        raise NothingMatchedError("Nothing was started: no server matched.")
    return found


def is_meant(server: Server, name: str) -> bool:
    """Whether a name or ID on the command line means this server."""
    if name.startswith(BY_ID):
        return str(server.id) == name.removeprefix(BY_ID)
    return server.raw_name == name.removeprefix(BY_NAME) or str(server.id) == name


def _is_ambiguous(name: str, meant: list[Server]) -> bool:
    """Whether it is the ID of one server and the name of another."""
    return any(str(server.id) == name for server in meant) and len(meant) > 1


def _ambiguous(number: str, meant: list[Server]) -> str:
    by_id = next(server for server in meant if str(server.id) == number)
    by_name = next(server for server in meant if server is not by_id)
    return (
        f"Nothing was started: {number} is the ID of {by_id.name} and the name of the server with the ID "
        f"{by_name.id}. Write {BY_ID}{number} for {by_id.name}, or {BY_NAME}{number} for the other."
    )
