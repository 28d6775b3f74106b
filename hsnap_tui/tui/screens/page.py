"""The base class of all full screens except the main one: a title, a scrollable body, the footer."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from hsnap_tui.tui import keys
from hsnap_tui.tui.theming.palette import Palette
from hsnap_tui.tui.widgets.keys_footer import KeysFooter


class PageScreen(Screen[None]):
    """A full screen that `escape` leaves."""

    BINDINGS = keys.bindings(keys.Scope.BACK)
    AUTO_FOCUS = "VerticalScroll"

    DEFAULT_CSS = """
    PageScreen { background: $background; }
    PageScreen > .title { height: 1; padding: 0 1; background: $panel; text-style: bold; }
    PageScreen > VerticalScroll { padding: 0 1; scrollbar-size-vertical: 1; }
    PageScreen .apart { margin: 1 0; }
    PageScreen .heading { margin-top: 1; color: $text-primary; text-style: bold; }
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
        """The widgets of the scrollable body."""
        yield from ()

    @property
    def palette(self) -> Palette:
        """The colours of the theme by meaning."""
        return Palette.of(self.app.theme_variables)

    @staticmethod
    def headed(title: str) -> Widget:
        """A heading inside the body."""
        return Static(title, classes="heading", markup=False)
