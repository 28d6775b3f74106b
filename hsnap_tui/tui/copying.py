"""What ctrl+c copies, and when it must not leave: it means both, and only one of them can be taken back."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.app import App
from textual.widgets import Input


class Copying:
    """Knows from the events whether the mouse was dragged, or something copied, since the last key or click."""

    def __init__(self) -> None:
        self._pressed: tuple[float, float] | None = None
        self._dragged = False
        self._copied = False
        self._by_key = False

    def hear(self, event: events.Event) -> None:
        """Each event of the app."""
        match event:
            case events.MouseDown():
                self._pressed = (event.screen_x, event.screen_y)
                self._dragged = self._copied = False
            case events.MouseUp():
                self._dragged |= self._is_elsewhere(event)
                self._pressed = None
            case events.MouseMove():
                self._dragged |= self._is_elsewhere(event)
            case events.Key() if event.key != "ctrl+c":
                self._dragged = self._copied = False
                self._by_key = event.key in ("ctrl+a", "super+a") or (
                    "shift+" in event.key and event.key != "shift+tab"
                )

    def copy(self, app: App[Any]) -> str:
        """Copies what is selected; gives what to tell, or nothing where ctrl+c is meant to leave."""
        screen, focused = app.screen, app.focused
        text = self._selected_in(focused) if isinstance(focused, Input) else ""
        text = text or screen.get_selected_text() or ""
        meant = bool(text or screen.selections or self._dragged)
        screen.clear_selection()
        self._dragged = False
        if text:
            app.copy_to_clipboard(text)
            self._copied = True
            return "Copied"
        if meant:
            return "Nothing to copy there: most terminals select with shift held down. ctrl+c again quits"
        if self._copied:
            self._copied = False
            return "Copied already; ctrl+c again quits"
        return ""

    def _selected_in(self, field: Input) -> str:
        """What a person selected in a field; all of it is selected already when it gets the focus."""
        by_itself = field.selected_text == field.value and not (self._by_key or self._dragged)
        return "" if by_itself else field.selected_text

    def _is_elsewhere(self, event: events.MouseEvent) -> bool:
        return self._pressed is not None and self._pressed != (event.screen_x, event.screen_y)
