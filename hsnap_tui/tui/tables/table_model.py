"""The model of the table: which servers are shown, their order, the selection, and what has changed (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hsnap_tui.cloud.model import Server
from hsnap_tui.fleet.state import Fleet
from hsnap_tui.jobs.core.model import Job
from hsnap_tui.tui.tables.rows import Row, jobs_by_server, with_own_snapshot

_DIGITS = re.compile(r"([0-9]+)")
_ADDRESS = re.compile(r"[0-9]+\.[0-9.]*|\.[0-9][0-9.]*|[0-9a-f]*:[0-9a-f:./]*")


@dataclass(frozen=True, slots=True)
class TableChanges:
    """Rows that may have changed, by server ID, and the IDs of all rows in order if the order changed."""

    rows: Mapping[int, Row] = field(default_factory=dict)
    order: tuple[int, ...] | None = None


def natural(server: Server) -> tuple[list[tuple[int, int, str]], int]:
    """The sort key of a server: by name, then by ID."""
    return natural_name(server.name), server.id


def natural_name(name: str) -> list[tuple[int, int, str]]:
    """The sort key by which numbers in names are compared as numbers: web-2 before web-10."""
    parts = _DIGITS.split(name.casefold())
    return [(0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part) for part in parts]


def matches(server: Server, filter_text: str) -> bool:
    """Whether each word of the filter text occurs in the server's name, ID, labels, type, location or status.

    IP addresses are searched only for words that look like part of one (digits with a dot, or a colon): otherwise
    `db` would match every server in 2001:db8.
    """
    words_of_server = "\n".join(
        (
            server.name,
            str(server.id),
            server.type,
            server.location,
            server.status.value,
            *(f"{key}={value}" for key, value in server.labels.items()),
        )
    ).casefold()
    addresses = "\n".join((server.ipv4 or "", server.ipv6 or "")).casefold()
    return all(
        word in words_of_server or (_ADDRESS.fullmatch(word) is not None and word in addresses)
        for word in filter_text.casefold().split()
    )


class TableModel:
    """Which servers the table shows and which are selected. `refresh` brings it up to date with the fleet."""

    def __init__(self) -> None:
        self.filter_text = ""
        self.shown: tuple[int, ...] = ()
        self.selected: set[int] = set()
        self._keys: dict[int, tuple[Server, tuple[list[tuple[int, int, str]], int]]] = {}

    def refresh(
        self, fleet: Fleet, jobs: Mapping[str, Job], watched: frozenset[int], dirty: Iterable[int] | None = None
    ) -> TableChanges:
        """The changes since the last call, with the rows of the servers in `dirty`, or of all when it is None.

        Servers that are gone are no longer selected.
        """
        views = fleet.views
        touched = views.keys() if dirty is None else [server_id for server_id in dirty if server_id in views]
        order = self._order(fleet)
        changed_order = order != self.shown
        appeared = set(order) - set(self.shown) if changed_order else set()
        self.shown = order
        self.selected &= views.keys()
        visible = set(order)
        job_of = jobs_by_server(jobs.values())
        rows = {
            server_id: Row(
                with_own_snapshot(views[server_id], job_of.get(server_id), fleet),
                job_of.get(server_id),
                server_id in self.selected,
                server_id in watched,
            )
            for server_id in {*touched, *appeared}
            if server_id in visible
        }
        return TableChanges(rows, order if changed_order else None)

    def toggle(self, server_id: int) -> None:
        """Selects or deselects one server."""
        self.selected ^= {server_id}

    def select_shown(self) -> None:
        """Selects all servers that are shown; those selected before stay selected."""
        self.selected |= set(self.shown)

    def chosen(self, cursor: int | None) -> list[int]:
        """The IDs that a key acts on: the selection in the order of the table, or else the server under the
        cursor."""
        if not self.selected:
            return [] if cursor is None else [cursor]
        place = {server_id: index for index, server_id in enumerate(self.shown)}
        return sorted(self.selected, key=lambda server_id: (place.get(server_id, len(place)), server_id))

    def _order(self, fleet: Fleet) -> tuple[int, ...]:
        for server_id, view in fleet.views.items():
            known = self._keys.get(server_id)
            if known is None or known[0].name != view.server.name:
                self._keys[server_id] = (view.server, natural(view.server))
        if len(self._keys) > len(fleet.views):
            self._keys = {server_id: self._keys[server_id] for server_id in fleet.views}
        ids = [i for i, view in fleet.views.items() if not self.filter_text or matches(view.server, self.filter_text)]
        return tuple(sorted(ids, key=lambda server_id: self._keys[server_id][1]))
