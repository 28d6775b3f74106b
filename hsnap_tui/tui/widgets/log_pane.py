"""The log: time, server, words. Follows, pauses when scrolled up, keeps a bounded number of lines."""

from __future__ import annotations

from collections import deque

from rich.table import Table
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import RichLog

from hsnap_tui import words
from hsnap_tui.say import Line
from hsnap_tui.tui.paint import SIGN, Palette

KEPT = 1000
"""Lines that can be scrolled back to."""

PROGRESS_STEP = 10
"""Percent between two progress lines of the same server: a fleet's progress must not drown the rest."""


class Lines(RichLog):
    """Tells when it has another size: that may happen without the pane around it having one."""

    class Resized(Message):
        """Other lines are in sight now."""

    def on_resize(self, event: events.Resize) -> None:  # noqa: ARG002 - Textual calls the base class's own too
        """Tells it."""
        self.post_message(self.Resized())


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
        yield Lines(max_lines=KEPT, wrap=True, markup=False, highlight=False, min_width=20, auto_scroll=False)

    def write(self, line: Line) -> None:
        """Adds a line; progress of the same server only every few percent."""
        if line.percent is not None and not self._worth_telling(line.server, line.percent):
            return
        self._lines.append(line)
        log = self.query_one(Lines)
        log.write(self._drawn(line), expand=True, scroll_end=self._following)
        if not self._following:
            self._missed += 1
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
        if self._width and event.size.width != self._width:
            self._rewrite()
        self._width = event.size.width

    @on(Lines.Resized)
    def _keep_following(self) -> None:
        """Another size shows other lines: the end stays in sight when it was."""
        if self._following:
            self.query_one(Lines).scroll_end(animate=False, immediate=True, x_axis=False)

    def _rewrite(self) -> None:
        log = self.query_one(Lines)
        following = self._following
        log.clear()
        for line in self._lines:
            log.write(self._drawn(line), expand=True, scroll_end=following)
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
        more = f"{words.count(self._missed, 'new line')} below" if self._missed else "the newest are below"
        self.border_title = "Log" if self._following else f"Log, paused: {more} ▼ End follows again"

    def _worth_telling(self, server: str, percent: int) -> bool:
        before = self._told.get(server)
        if before is not None and before <= percent < before + PROGRESS_STEP:
            return False
        self._told[server] = percent
        return True

    def _drawn(self, line: Line) -> Table:
        palette = Palette.of(self.app.theme_variables)
        narrow = self.app.size.width < 100
        grid = Table.grid(padding=(0, 1), expand=True)
        grid.add_column(width=8, no_wrap=True)
        grid.add_column(width=1)
        grid.add_column(width=14 if narrow else 24, no_wrap=True, overflow="ellipsis")
        grid.add_column(ratio=1, overflow="fold")
        style = palette.severity(line.severity)
        grid.add_row(
            Text(words.clock_time(line.at), palette.quiet),
            Text(SIGN[line.severity], style),
            Text(line.server, "bold"),
            Text(line.text, style),
        )
        return grid
