"""A field to choose one of a few values, all shown on one line. The arrow keys change the value at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

T = TypeVar("T")


class ChoiceField(Widget, Generic[T], can_focus=True):
    """One of several values, each with its label."""

    DEFAULT_CSS = """
    ChoiceField { height: auto; width: 1fr; color: $foreground; border-left: blank $surface; }
    ChoiceField:focus { border-left: outer $hsnap-focus; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space", "choose(1)", "Next choice", show=False, id="choice.next", tooltip="The next choice"),
        Binding("left", "choose(-1)", "Previous", show=False, id="choice.previous", tooltip="The choice before"),
    ]

    index: reactive[int] = reactive(0)

    class Changed(Message):
        """Another value was chosen."""

    def __init__(self, options: Sequence[tuple[T, str]], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._options = list(options)

    @property
    def value(self) -> T:
        """The chosen value."""
        return self._options[self.index][0]

    def action_choose(self, step: int) -> None:
        """Chooses the next value, or the one before for a negative step; wraps around at the ends."""
        self.index = (self.index + step) % len(self._options)

    def watch_index(self) -> None:
        """Posts `Changed`."""
        self.post_message(self.Changed())

    def render(self) -> Text:
        """All labels; the chosen one has a filled circle."""
        line = Text()
        for index, words in enumerate(self._words()):
            chosen = index == self.index
            line.append(words, "bold reverse" if chosen and self.has_focus else "bold" if chosen else "")
            line.append("   " if index + 1 < len(self._options) else "")
        return line

    def on_click(self, event: events.Click) -> None:
        """Chooses the value that was clicked."""
        at = 0
        for index, words in enumerate(self._words()):
            at += cell_len(words) + 3
            if event.y == 0 and event.x < at:
                self.index = index
                return

    def _words(self) -> list[str]:
        return [
            f"{'(●)' if index == self.index else '( )'} {label}" for index, (_, label) in enumerate(self._options)
        ]
