"""The footer: as many keys as fit. Keys that can't be used now, and those with a high rank, are left out first."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Footer, Input

from hsnap_tui.tui import keys
from hsnap_tui.tui.textual_private import FooterKey


class KeysFooter(Footer):
    """Textual's footer, which would cut off the last keys instead of leaving out the least important ones."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False, compact=True)

    def compose(self) -> ComposeResult:
        """The keys that fit, in the order of `keys.KEYS`."""
        yield from self._that_fit(super().compose())

    def on_resize(self) -> None:
        """Chooses the keys again for the new width."""
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
