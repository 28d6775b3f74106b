"""What a scene promises and what was seen: notes for one line of the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any


class SkippedError(Exception):
    """The scene can't be played on this machine; the message says why."""


@dataclass(slots=True)
class Judge:
    """Takes notes while a scene is played."""

    kept: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)
    skipped: str = ""

    def check(self, words: str, is_kept: bool) -> None:
        """Notes something that was seen, and whether it is what was promised."""
        (self.kept if is_kept else self.broken).append(words)

    def ended(self, who: str, code: int | None, *wanted: int) -> None:
        """Notes how a process ended, or with None that it did not."""
        self.check(f"{who}: exit {code}" if code is not None else f"{who} hangs", code in wanted)

    def names(self, who: str, text: str, *what: str) -> None:
        """Notes whether something that was written has one of these words."""
        named = any(word in text for word in what)
        self.check(f"{who} names {what[0]}" if named else f"{who} does not name {what[0]}", named)

    def figure(self, words: str) -> None:
        """Notes a figure."""
        self.figures.append(words)

    def plain(self) -> dict[str, Any]:
        """What another process needs to know of it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Scene:
    """`about` is what goes wrong, `promise` what has to hold all the same, `within` seconds that it may take."""

    name: str
    about: str
    promise: str
    play: Callable[[Judge], None]
    within: float


SCENES: dict[str, Scene] = {}
"""All scenes by name, in the order in which they are told."""


def scene(name: str, about: str, promise: str, within: float = 180.0) -> Callable[[Callable[[Judge], None]], Scene]:
    """Makes a scene of a function and puts it among `SCENES`."""

    def add(play: Callable[[Judge], None]) -> Scene:
        if name in SCENES:
            raise ValueError(f"two scenes are called {name}")
        SCENES[name] = Scene(name, about, promise, play, within)
        return SCENES[name]

    return add
