"""Whether the screen is watched: from the terminal's focus, and from keys and the mouse in the last minutes (pure).

The session polls less often while nobody watches.
"""

from __future__ import annotations

from collections.abc import Callable

from hsnap_tui.common.clock import Clock

IDLE_AFTER = 300.0
"""Seconds without a key or mouse event after which the screen counts as not watched."""


class ActivityMonitor:
    """Calls `set_focus` with True or False whenever that changes."""

    def __init__(self, set_focus: Callable[[bool], None], clock: Clock) -> None:
        self._set_focus = set_focus
        self._clock = clock
        self._focused = True
        self._last_input = clock.monotonic()
        self._reported = True

    def input_seen(self) -> None:
        """A key or the mouse was used. That counts as focus too: some terminals do not report it."""
        self._focused = True
        self._last_input = self._clock.monotonic()
        self.update()

    def focus_changed(self, focused: bool) -> None:
        """The terminal reported that it got or lost the focus."""
        self._focused = focused
        if focused:
            self._last_input = self._clock.monotonic()
        self.update()

    def update(self) -> None:
        """Checks for a change; has to be called every few seconds, since idleness sends no event."""
        attending = self._focused and self._clock.monotonic() - self._last_input < IDLE_AFTER
        if attending != self._reported:
            self._reported = attending
            self._set_focus(attending)
