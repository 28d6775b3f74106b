"""Who is told what happens in a session."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from hsnap_tui.events import Event

MOST_UNHEARD = 1000
"""How many events are kept until somebody listens, the newest."""


class EventListeners:
    """Hands each event to every listener, in the order in which they came.

    The first listener is handed at once what was published before it came: a session runs before its screen is there.
    """

    def __init__(self) -> None:
        self._listeners: list[Callable[[Event], None]] = []
        self._unheard: deque[Event] | None = deque(maxlen=MOST_UNHEARD)

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Adds a listener; the result removes it."""
        unheard, self._unheard = self._unheard or (), None
        self._listeners.append(listener)
        for event in unheard:
            listener(event)
        return lambda: self._listeners.remove(listener)

    def publish(self, event: Event) -> None:
        """Hands the event on, or keeps it for the first listener."""
        if self._unheard is not None:
            self._unheard.append(event)
        for listener in tuple(self._listeners):
            listener(event)
