"""What the rest of the program needs from the next polls, so that the watcher spends requests on nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class PollScope(Enum):
    """What a watcher polls."""

    EVERYTHING = auto()
    """The whole project, for a screen."""
    JOBS_ONLY = auto()
    """After the first full list only what the targets name, for as few requests as possible."""


@dataclass(frozen=True, slots=True)
class PollTargets:
    """What the job engine and the screen's watches need in the next poll.

    `actions` are followed until they end; `servers` are asked for themselves (their lock or status matters). `off`
    are servers that are off because of us, or going off, and `switching` the actions that switch them: they are
    polled more often, with the priority of powering on.
    """

    actions: frozenset[int] = frozenset()
    servers: frozenset[int] = frozenset()
    off: frozenset[int] = frozenset()
    switching: frozenset[int] = frozenset()

    @property
    def urgent(self) -> bool:
        """Whether a server is off because of us."""
        return bool(self.off)

    def __bool__(self) -> bool:
        return bool(self.actions or self.servers or self.off or self.switching)
