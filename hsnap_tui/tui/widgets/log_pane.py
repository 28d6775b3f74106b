"""The log: time, server, words. Follows, pauses when scrolled up, keeps a bounded number of lines."""

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
from hsnap_tui.tui.widgets.lines import Lines

KEPT = 1000
"""Lines that can be scrolled back to."""

PROGRESS_STEP = 10
"""Percent between two progress lines of the same server: a fleet's progress must not drown the rest."""


class LogPane(Vertical):
    """Log lines with a hint when the end is out of sight."""

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
    LogPane Lines {
        height: 1fr; padding: 0 1 0 0; background: $background; scrollbar-size-vertical: 1; overflow-x: hidden;
        border-left: blank $background;
        &:focus { border-left: outer $hsnap-focus; }
    }
    LogPane.-paused { border-title-color: $text-warning; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.border_title = "Log"
        self._lines: deque[Line] = deque(maxlen=KEPT)
        self._following = True
        self._missed = 0
        self._told: dict[str, int] = {}
        self._width = 0

    def compose(self) -> ComposeResult:
        """The lines."""
        yield Lines(KEPT)

    def write(self, lines: Iterable[Line]) -> None:
        """Adds lines; progress of the same server only every few percent."""
        found = [line for line in lines if line.percent is None or self._worth_telling(line.server, line.percent)]
        if not found:
            return
        self._lines.extend(found)
        self.query_one(Lines).add(self._drawn(found[-KEPT:]), follow=self._following)
        if not self._following:
            self._missed += len(found)
            self._show_paused()

    @property
    def lines(self) -> tuple[Line, ...]:
        """What can be scrolled back to."""
        return tuple(self._lines)

    def on_mount(self) -> None:
        """Follows the scroll position and the theme."""
        log = self.query_one(Lines)
        self.watch(log, "scroll_y", self._scrolled, init=False)
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._rewrite())

    def on_resize(self, event: events.Resize) -> None:
        """Wraps the lines anew for a new width."""
        if event.size.width != self._width:
            self._width = event.size.width
            self._rewrite()

    @on(Lines.Resized)
    def _keep_following(self) -> None:
        """Another size shows other lines: the end stays in sight when it was."""
        if self._following:
            self.query_one(Lines).scroll_end(animate=False, immediate=True, x_axis=False)

    def _rewrite(self) -> None:
        following = self._following
        self.query_one(Lines).put(self._drawn(self._lines), follow=following)
        self._following = following

    def _scrolled(self, before: float, now: float) -> None:
        """Going up stops following. Being behind does not: the lines of a burst are there before it is scrolled."""
        if now < before and not self.query_one(Lines).is_vertical_scroll_end:
            self._following = False
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        if self.query_one(Lines).is_vertical_scroll_end:
            self._following = True
            self._missed = 0
        self._show_paused()

    def _show_paused(self) -> None:
        self.set_class(not self._following, "-paused")
        more = f"{formatting.count(self._missed, 'new line')} below" if self._missed else "the newest are below"
        self.border_title = "Log" if self._following else f"Log, paused: {more} ▼ End follows again"

    def _worth_telling(self, server: str, percent: int) -> bool:
        before = self._told.get(server)
        if before is not None and before <= percent < before + PROGRESS_STEP:
            return False
        self._told[server] = percent
        return True

    def _drawn(self, found: Iterable[Line]) -> list[Strip]:
        palette = Palette.of(self.app.theme_variables)
        names = 14 if self.app.size.width < 100 else 24
        width = self.query_one(Lines).scrollable_content_region.width
        return [strip for line in found for strip in log_lines.drawn(line, width, names, palette)]
