"""The filter: a line that is there only while it is used."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from hsnap_tui.tui import keys


class FilterBar(Horizontal):
    """The filter text. Posts `Changed` with each key; enter keeps the text, escape clears it."""

    BINDINGS = keys.bindings(keys.Scope.FILTER)

    DEFAULT_CSS = """
    FilterBar { height: 1; background: $surface; display: none; padding: 0 1; }
    FilterBar.-open { display: block; }
    FilterBar Static { width: auto; color: $text-muted; }
    FilterBar Input { width: 1fr; }
    """

    class Changed(Message):
        """The filter text has changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """The focus goes back to the table."""

    def compose(self) -> ComposeResult:
        """A title and the input."""
        yield Static("Filter: ", markup=False)
        yield Input(compact=True, placeholder="name, ID, label, IP, type, location or status")

    @property
    def text(self) -> str:
        """The filter text."""
        return self.query_one(Input).value

    def open(self) -> None:
        """Shows the bar and focuses its input."""
        self.add_class("-open")
        self.query_one(Input).focus()

    def clear(self) -> None:
        """Clears the text and hides the bar."""
        self.query_one(Input).value = ""
        self.remove_class("-open")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Posts `Changed`."""
        event.stop()
        self.post_message(self.Changed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keeps the filter, as `action_keep`."""
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        """Goes back to the table and keeps the filter; an empty bar is hidden."""
        if not self.text:
            self.clear()
        self.post_message(self.Left())

    def action_drop(self) -> None:
        """Clears the filter and goes back to the table."""
        self.clear()
        self.post_message(self.Left())
