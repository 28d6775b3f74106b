"""The least that a Textual program can do: one line, changed by each key. Nothing paints sooner."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Static


class EmptyApp(App[None]):
    """Counts the keys."""

    BINDINGS = [("j", "count", "Count")]  # noqa: RUF012 - Textual's own way

    keys = 0

    def compose(self) -> ComposeResult:
        """One line."""
        yield Static("ready 0")

    def action_count(self) -> None:
        """One more."""
        self.keys += 1
        self.query_one(Static).update(f"ready {self.keys}")


if __name__ == "__main__":
    EmptyApp().run()
