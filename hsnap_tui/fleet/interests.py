"""What the rest of the program needs to know soon, so that the watcher spends requests on nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Scope(Enum):
    """What a watcher looks at."""

    EVERYTHING = auto()
    """The whole project, for a screen."""
    JOBS_ONLY = auto()
    """After the first full list only what the interests name, for as few requests as possible."""


@dataclass(frozen=True, slots=True)
class Interests:
    """What the job engine and the screen's watches need in the next poll.

    `actions` are followed until they end; `servers` are asked for themselves (their lock or status matters).
    `urgent`: a server is off because of us, so look more often, and ahead of other polls.
    """

    actions: frozenset[int] = frozenset()
    servers: frozenset[int] = frozenset()
    urgent: bool = False

    def __bool__(self) -> bool:
        return bool(self.actions or self.servers)
