"""Whether ctrl+c copies or quits. In doubt it does not quit, since that cannot be undone."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.app import App
from textual.widgets import Input


class CopyOrQuit:
    """Follows the app's events to know whether the mouse was dragged, or text copied, since the last key or click."""

    def __init__(self) -> None:
        self._pressed: tuple[float, float] | None = None
        self._dragged = False
        self._copied = False
        self._by_key = False

    def observe(self, event: events.Event) -> None:
        """Takes note of one event; has to be called for every event of the app."""
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
        """Copies the selected text. Returns what to show the user; empty when ctrl+c should quit."""
        screen, focused = app.screen, app.focused
        text = self._text_selected_in(focused) if isinstance(focused, Input) else ""
        text = text or screen.get_selected_text() or ""
        something_selected = bool(text or screen.selections or self._dragged)
        screen.clear_selection()
        self._dragged = False
        if text:
            app.copy_to_clipboard(text)
            self._copied = True
            return "Copied"
        if something_selected:
            return "Nothing to copy there: most terminals select with shift pressed. ctrl+c again quits"
        if self._copied:
            self._copied = False
            return "Copied already; ctrl+c again quits"
        return ""

    def _text_selected_in(self, field: Input) -> str:
        """The text that the user has selected in a field. Textual selects all of it when the field gets the focus:
        that does not count."""
        selected_by_focus = field.selected_text == field.value and not (self._by_key or self._dragged)
        return "" if selected_by_focus else field.selected_text

    def _is_elsewhere(self, event: events.MouseEvent) -> bool:
        return self._pressed is not None and self._pressed != (event.screen_x, event.screen_y)
