"""What all full screens beside the table look like: a title, something to scroll, the keys."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from hsnap_tui.tui import keys
from hsnap_tui.tui.theming.palette import Palette
from hsnap_tui.tui.widgets.keys_footer import KeysFooter


class Page(Screen[None]):
    """A full screen that `escape` leaves."""

    BINDINGS = keys.bindings(keys.Scope.BACK)
    AUTO_FOCUS = "VerticalScroll"

    DEFAULT_CSS = """
    Page { background: $background; }
    Page > .title { height: 1; padding: 0 1; background: $panel; text-style: bold; }
    Page > VerticalScroll { padding: 0 1; scrollbar-size-vertical: 1; }
    Page .apart { margin: 1 0; }
    Page .heading { margin-top: 1; color: $text-primary; text-style: bold; }
    """

    def __init__(self, heading: str) -> None:
        super().__init__()
        self.heading = heading

    def compose(self) -> ComposeResult:
        """Title, body, keys."""
        yield Static(self.heading, classes="title", markup=False)
        with VerticalScroll():
            yield from self.body()
        yield KeysFooter()

    def body(self) -> ComposeResult:
        """What can be scrolled."""
        yield from ()

    @property
    def palette(self) -> Palette:
        """The theme's colours by meaning."""
        return Palette.of(self.app.theme_variables)

    @staticmethod
    def headed(title: str) -> Widget:
        """A heading inside the body."""
        return Static(title, classes="heading", markup=False)
