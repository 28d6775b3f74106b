"""Whether somebody looks at the screen: the terminal's focus, and keys or mouse within the last minutes (pure)."""

from __future__ import annotations

from collections.abc import Callable

from hsnap_tui.common.clock import Clock

IDLE_AFTER = 300.0
"""Seconds without a key or the mouse after which nobody is taken to look."""


class Attention:
    """Tells each change to `set_focus`."""

    def __init__(self, set_focus: Callable[[bool], None], clock: Clock) -> None:
        self._set_focus = set_focus
        self._clock = clock
        self._focused = True
        self._last = clock.monotonic()
        self._told = True

    def active(self) -> None:
        """A key or the mouse: somebody is there, whatever the terminal says of its focus."""
        self._focused = True
        self._last = self._clock.monotonic()
        self.look()

    def focus(self, focused: bool) -> None:
        """The terminal got or lost the focus."""
        self._focused = focused
        if focused:
            self._last = self._clock.monotonic()
        self.look()

    def look(self) -> None:
        """Judges again; to be called now and then."""
        attending = self._focused and self._clock.monotonic() - self._last < IDLE_AFTER
        if attending != self._told:
            self._told = attending
            self._set_focus(attending)
