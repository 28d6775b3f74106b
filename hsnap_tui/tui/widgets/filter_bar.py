"""The filter: a line that is there only while it is used."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from hsnap_tui.tui import keys


class FilterBar(Horizontal):
    """Tells each change of the text at once; enter keeps it, escape clears it."""

    BINDINGS = keys.bindings(keys.Scope.FILTER)

    DEFAULT_CSS = """
    FilterBar { height: 1; background: $surface; display: none; padding: 0 1; }
    FilterBar.-open { display: block; }
    FilterBar Static { width: auto; color: $text-muted; }
    FilterBar Input { width: 1fr; }
    """

    class Changed(Message):
        """The text is different now."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """The person goes back to the table."""

    def compose(self) -> ComposeResult:
        """A sign and the text."""
        yield Static("Filter: ", markup=False)
        yield Input(compact=True, placeholder="name, ID, label, IP, type, location or status")

    @property
    def text(self) -> str:
        """What is filtered by."""
        return self.query_one(Input).value

    def open(self) -> None:
        """Shows the line and takes the keyboard."""
        self.add_class("-open")
        self.query_one(Input).focus()

    def clear(self) -> None:
        """Empties and hides it."""
        self.query_one(Input).value = ""
        self.remove_class("-open")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Passes the change on."""
        event.stop()
        self.post_message(self.Changed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter keeps the filter."""
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        """Back to the table; an empty filter goes away."""
        if not self.text:
            self.clear()
        self.post_message(self.Left())

    def action_drop(self) -> None:
        """Back to the table without a filter."""
        self.clear()
        self.post_message(self.Left())
