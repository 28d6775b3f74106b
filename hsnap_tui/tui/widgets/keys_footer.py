"""The footer: the keys that work now, as many as fit, the important and usable ones longest."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Footer, Input
from textual.widgets._footer import FooterKey

from hsnap_tui.tui import keys


class KeysFooter(Footer):
    """A footer that leaves out the least important keys instead of cutting the last ones off."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False, compact=True)

    def compose(self) -> ComposeResult:
        """The keys that fit, in the order of the data."""
        yield from self._that_fit(super().compose())

    def on_resize(self) -> None:
        """Chooses anew for the new width."""
        self.call_after_refresh(self.recompose)

    def _that_fit(self, widgets: Iterable[Widget]) -> Iterable[Widget]:
        found = [widget for widget in widgets if isinstance(widget, FooterKey)]
        if isinstance(self.screen.focused, Input):  # characters are text there, not keys
            found = [key for key in found if len(key.key_display) > 1]
        decisive = keys.decisive()
        found.sort(key=lambda key: key.action not in decisive or key.has_class("-disabled"))  # keeps the order
        ranks = keys.ranks() | dict.fromkeys(decisive, -1)
        kept, room = set(), self.size.width or self.app.size.width
        for key in sorted(found, key=lambda key: (key.has_class("-disabled"), ranks.get(key.action, 99))):
            room -= cell_len(key.key_display) + cell_len(key.description) + 2
            if room < 0:
                break
            kept.add(key.action)
        return [key for key in found if key.action in kept]
