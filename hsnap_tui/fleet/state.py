"""What the project looks like now, and what changed: servers and running actions make locks (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hsnap_tui.cloud.model import Action, Server, Snapshot


@dataclass(frozen=True, slots=True)
class Observation:
    """What one poll saw. `started` is when its first request was sent: it says nothing about later.

    `servers` were seen in it; `gone` were asked by ID and are not known any more. `complete` is true when the whole
    list of servers was read. `running` is the whole list of running actions, or none when it was not asked for;
    `actions` were asked by ID (they may have ended); `lost_actions` were asked by ID and are not known.
    """

    started: datetime
    servers: Mapping[int, Server] = field(default_factory=dict)
    gone: frozenset[int] = frozenset()
    complete: bool = False
    running: tuple[Action, ...] | None = None
    actions: Mapping[int, Action] = field(default_factory=dict)
    lost_actions: frozenset[int] = frozenset()
    snapshots: tuple[Snapshot, ...] | None = None


@dataclass(frozen=True, slots=True)
class ServerView:
    """A server with what holds it and what it has: one row of the table.

    `seen` is when the server itself was last asked for. `locked_since` is the start of the holder, or when the lock
    was first seen. `newest_snapshot` and `snapshots` count images of type snapshot.
    """

    server: Server
    seen: datetime
    holder: Action | None = None
    locked_since: datetime | None = None
    newest_snapshot: datetime | None = None
    snapshots: int = 0


@dataclass(frozen=True, slots=True)
class Fleet:
    """The whole project as it was last seen; never changed in place."""

    project: str
    views: Mapping[int, ServerView] = field(default_factory=dict)
    running: Mapping[int, Action] = field(default_factory=dict)
    snapshots: Mapping[int, Snapshot] = field(default_factory=dict)
    updated: datetime | None = None

    @property
    def locked(self) -> int:
        """How many servers are locked."""
        return sum(view.server.locked for view in self.views.values())
