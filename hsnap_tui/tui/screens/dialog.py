"""The base class of all dialogs, and a question with buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from hsnap_tui.tui import keys

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """A box in the middle of the screen."""

    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012 - an instance variable in the base class

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; }
    Dialog > .box {
        width: 88;
        max-width: 100%;
        height: auto;
        max-height: 100%;
        padding: 0 2;
        background: $surface;
        border: round $hsnap-focus;
        border-title-color: $foreground;
        border-title-style: bold;
        border-subtitle-color: $text-muted;
    }
    Dialog .body { height: auto; max-height: 100%; margin-bottom: 1; scrollbar-size-vertical: 1; }
    Dialog .buttons { dock: bottom; height: 1; align-horizontal: right; }
    """


@dataclass(frozen=True, slots=True)
class AnswerButton:
    """One button of a question. `value` is what the question returns; `destructive` buttons are red."""

    value: str
    label: str
    destructive: bool = False


class Question(Dialog[str | None]):
    """Asks a question. Returns the value of the chosen answer, or None. The first answer must be the safe one: it has
    the focus."""

    BINDINGS = keys.bindings(keys.Scope.QUESTION)

    DEFAULT_CSS = """
    Question > .box { width: 76; }
    Question .body Static { margin-top: 1; }
    """

    def __init__(self, title: str, paragraphs: Sequence[str], answers: Sequence[AnswerButton]) -> None:
        super().__init__()
        self._title = title
        self._paragraphs = paragraphs
        self._answers = answers

    def compose(self) -> ComposeResult:
        """The paragraphs, without markup, and the buttons."""
        with Vertical(classes="box") as box:
            box.border_title = self._title
            with VerticalScroll(classes="body", can_focus=False):
                for paragraph in self._paragraphs:
                    yield Static(paragraph, markup=False)
            with Horizontal(classes="buttons"):
                for answer in self._answers:
                    yield Button(
                        answer.label,
                        variant="error" if answer.destructive else "default",
                        compact=True,
                        id=f"answer-{answer.value}",
                    )

    def on_mount(self) -> None:
        """Focuses the first button."""
        self.query(Button).first().focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Closes the question with the answer of the button."""
        self.dismiss((event.button.id or "").removeprefix("answer-"))

    def action_stay(self) -> None:
        """Closes the question without an answer."""
        self.dismiss(None)
