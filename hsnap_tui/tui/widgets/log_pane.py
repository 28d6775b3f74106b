"""The log pane: time, server and text of each event. Follows the newest line; pauses while scrolled up."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.strip import Strip

from hsnap_tui.common import formatting
from hsnap_tui.messages.event_lines import Line
from hsnap_tui.tui.theming.palette import Palette
from hsnap_tui.tui.widgets import log_lines
from hsnap_tui.tui.widgets.lines import LineView

MAX_LINES = 1000
"""How many log lines are kept."""

PROGRESS_STEP = 10
"""Percent between two progress lines of the same server: the progress of many servers would bury other lines."""


class LogPane(Vertical):
    """The log. Its title says when it is paused and how many new lines are below."""

    DEFAULT_CSS = """
    LogPane {
        height: 30%;
        min-height: 5;
        max-height: 16;
        border-top: solid $hsnap-line;
        border-title-color: $text-muted;
        border-title-style: none;
        &:focus-within { border-top: heavy $hsnap-focus; border-title-color: $foreground; border-title-style: bold; }
    }
    LogPane LineView {
        height: 1fr; padding: 0 1 0 0; background: $background; scrollbar-size-vertical: 1; overflow-x: hidden;
        border-left: blank $background;
        &:focus { border-left: outer $hsnap-focus; }
    }
    LogPane.-paused { border-title-color: $text-warning; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.border_title = "Log"
        self._lines: deque[Line] = deque(maxlen=MAX_LINES)
        self._following = True
        self._lines_below = 0
        self._percent_shown: dict[str, int] = {}
        self._width = 0

    def compose(self) -> ComposeResult:
        """The scrollable lines."""
        yield LineView(MAX_LINES)

    def write(self, lines: Iterable[Line]) -> None:
        """Adds lines; of progress lines only one every `PROGRESS_STEP` percent for each server."""
        new_lines = [
            line for line in lines if line.percent is None or self._is_new_progress(line.server, line.percent)
        ]
        if not new_lines:
            return
        self._lines.extend(new_lines)
        self.query_one(LineView).add(self._strips(new_lines[-MAX_LINES:]), follow=self._following)
        if not self._following:
            self._lines_below += len(new_lines)
            self._show_paused()

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines that are kept."""
        return tuple(self._lines)

    def on_mount(self) -> None:
        """Watches the scroll position and the theme."""
        log = self.query_one(LineView)
        self.watch(log, "scroll_y", self._scrolled, init=False)
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._rewrite())

    def on_resize(self, event: events.Resize) -> None:
        """Wraps the lines again for a new width."""
        if event.size.width != self._width:
            self._width = event.size.width
            self._rewrite()

    @on(LineView.Resized)
    def _keep_following(self) -> None:
        """After a change of size, scrolls to the end again if it was visible before."""
        if self._following:
            self.query_one(LineView).scroll_end(animate=False, immediate=True, x_axis=False)

    def _rewrite(self) -> None:
        following = self._following
        self.query_one(LineView).replace(self._strips(self._lines), follow=following)
        self._following = following

    def _scrolled(self, before: float, now: float) -> None:
        """Pauses when the user scrolls up. Not being at the end is not enough: lines are added before the view
        scrolls to them."""
        if now < before and not self.query_one(LineView).is_vertical_scroll_end:
            self._following = False
        self.call_after_refresh(self._update_following)

    def _update_following(self) -> None:
        if self.query_one(LineView).is_vertical_scroll_end:
            self._following = True
            self._lines_below = 0
        self._show_paused()

    def _show_paused(self) -> None:
        self.set_class(not self._following, "-paused")
        more = (
            f"{formatting.count(self._lines_below, 'new line')} below"
            if self._lines_below
            else "the newest are below"
        )
        self.border_title = "Log" if self._following else f"Log, paused: {more} ▼ End follows again"

    def _is_new_progress(self, server: str, percent: int) -> bool:
        before = self._percent_shown.get(server)
        if before is not None and before <= percent < before + PROGRESS_STEP:
            return False
        self._percent_shown[server] = percent
        return True

    def _strips(self, new_lines: Iterable[Line]) -> list[Strip]:
        palette = Palette.of(self.app.theme_variables)
        name_width = 14 if self.app.size.width < 100 else 24
        width = self.query_one(LineView).scrollable_content_region.width
        return [strip for line in new_lines for strip in log_lines.strips_for(line, width, name_width, palette)]
