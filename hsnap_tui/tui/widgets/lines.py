"""Finished lines to scroll through. Textual's `RichLog` measures each line for milliseconds: too slow."""

from __future__ import annotations

from collections.abc import Iterable

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip


class Lines(ScrollView, can_focus=True):
    """Keeps the newest `most` lines."""

    class Resized(Message):
        """Other lines are in sight now."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self.lines: list[Strip] = []

    def add(self, lines: Iterable[Strip], *, follow: bool) -> None:
        """Adds lines at the end; `follow` keeps the end in sight."""
        self.put([*self.lines, *lines], follow=follow)

    def put(self, lines: list[Strip], *, follow: bool) -> None:
        """Shows these lines in place of those before."""
        self.lines = lines[-self._most :]
        self.virtual_size = Size(self.scrollable_content_region.width, len(self.lines))
        if follow:
            self.scroll_end(animate=False, x_axis=False)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of what is in sight."""
        width, at = self.scrollable_content_region.width, self.scroll_offset.y + y
        if at >= len(self.lines):
            return Strip.blank(width, self.rich_style)
        return self.lines[at].crop_extend(0, width, self.rich_style).apply_style(self.rich_style)

    def on_resize(self, event: events.Resize) -> None:  # noqa: ARG002 - Textual calls the base class's own too
        """Tells it."""
        self.post_message(self.Resized())
