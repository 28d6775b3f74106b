"""A scrollable view of lines that are already rendered. Textual's `RichLog` is too slow: it takes milliseconds to
measure each line."""

from __future__ import annotations

from collections.abc import Iterable

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip


class LineView(ScrollView, can_focus=True):
    """Shows lines, and keeps the newest `max_lines` of them."""

    class Resized(Message):
        """The view has another size, so other lines are visible."""

    def __init__(self, max_lines: int) -> None:
        super().__init__()
        self._max_lines = max_lines
        self.lines: list[Strip] = []

    def add(self, lines: Iterable[Strip], *, follow: bool) -> None:
        """Adds lines at the end; with `follow` scrolls to the end."""
        self.replace([*self.lines, *lines], follow=follow)

    def replace(self, lines: list[Strip], *, follow: bool) -> None:
        """Replaces all lines; with `follow` scrolls to the end."""
        self.lines = lines[-self._max_lines :]
        self.virtual_size = Size(self.scrollable_content_region.width, len(self.lines))
        if follow:
            self.scroll_end(animate=False, x_axis=False)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Renders line `y` of the visible part."""
        width, index = self.scrollable_content_region.width, self.scroll_offset.y + y
        if index >= len(self.lines):
            return Strip.blank(width, self.rich_style)
        return self.lines[index].crop_extend(0, width, self.rich_style).apply_style(self.rich_style)

    def on_resize(self, event: events.Resize) -> None:  # noqa: ARG002 - Textual calls the base class's own too
        """Posts `Resized`."""
        self.post_message(self.Resized())
