"""Handles keys one after the other, each after the screen that the one before it has opened is ready.

Textual looks for bindings with priority as soon as a key arrives, and for the others when the key comes back from the
focused widget. Of keys that arrive together, those after one that opens a screen would meet the wrong bindings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.message_pump import MessagePump

LOOK_EVERY = 0.5
"""Seconds between two looks at whether the widget that handles a key is still there."""
MOST_LOOKS = 20
"""Looks after which the next key is handled in any case."""


class TypedAhead:
    """The keys of an app that have arrived and are not handled yet. `handle` is Textual's own handling of one key."""

    def __init__(self, app: App[Any], handle: Callable[[events.Event], Awaitable[None]]) -> None:
        self._app = app
        self._handle = handle
        self._keys: deque[events.Key] = deque()
        self._turn = 0
        self._busy = False
        self._handled_by: MessagePump = app

    async def add(self, key: events.Key) -> None:
        """Adds a key that has arrived; handles it at once when no other is being handled."""
        self._keys.append(key)
        if not self._busy:
            await self._next()

    async def _next(self) -> None:
        self._busy = bool(self._keys)
        if not self._keys:
            return
        self._turn += 1
        turn = self._turn
        target = self._app.focused or self._app.screen
        await self._handle(self._keys.popleft())
        self._follow(list(target.ancestors_with_self), turn)
        self._app.set_timer(LOOK_EVERY, lambda: self._look(turn, MOST_LOOKS))

    def _follow(self, nodes: list[DOMNode], turn: int) -> None:
        """Follows the key through the queues of the focused widget and its ancestors up to the app, then through that
        of the current screen, which handles nothing before it has its widgets."""
        if nodes:
            self._handled_by = nodes[0]
            nodes[0].call_later(self._follow, nodes[1:], turn)
        else:
            self._handled_by = self._app.screen
            self._handled_by.call_later(self._app.call_later, self._finish, turn)

    async def _look(self, turn: int, looks: int) -> None:
        """A widget that was removed meanwhile handles nothing more: then the next key is handled."""
        if turn != self._turn:
            return
        if looks and self._handled_by.is_attached:
            self._app.set_timer(LOOK_EVERY, lambda: self._look(turn, looks - 1))
        else:
            await self._finish(turn)

    async def _finish(self, turn: int) -> None:
        if turn == self._turn and self._busy:
            self._turn += 1
            await self._next()
