"""How many colours the terminal can show, and the reduction of Textual's output to them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from enum import IntEnum
from functools import lru_cache
from typing import Any

from rich.color import Color as RichColor
from rich.color import ColorSystem, ColorType
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter

from hsnap_tui.tui.textual_private import set_colours


class ColourDepth(IntEnum):
    """How many colours a terminal can show."""

    ANSI = 16
    MANY = 256
    TRUE = 1 << 24


_WITH_MANY = ("256color", "kitty", "alacritty", "wezterm", "ghostty", "foot")


def depth(environ: Mapping[str, str], terminfo: Callable[[str], int]) -> ColourDepth:
    """The colour depth by environment variables. `terminfo` returns the number of colours of a terminal type, 0 when
    unknown."""
    term = environ.get("TERM", "").casefold()
    if environ.get("COLORTERM", "").casefold() in ("truecolor", "24bit") or term.endswith("-direct"):
        return ColourDepth.TRUE
    if sys.platform == "win32" or environ.get("TEXTUAL_COLOR_SYSTEM"):
        return ColourDepth.TRUE  # Rich asks the Windows console itself; TEXTUAL_COLOR_SYSTEM is the user's own choice
    if any(word in term for word in _WITH_MANY) or terminfo(term) >= ColourDepth.MANY:
        return ColourDepth.MANY
    return ColourDepth.ANSI


def colours_by_terminfo(term: str) -> int:
    """The number of colours by the system's terminfo database, 0 when it does not know the terminal."""
    try:
        import curses  # noqa: PLC0415 - Windows has none
    except ImportError:
        return 0
    try:
        curses.setupterm(term, 1)
        return max(0, curses.tigetnum("colors"))
    except (curses.error, OSError, ValueError):
        return 0


def limit_colours(app: App[Any], colours: ColourDepth) -> None:
    """Makes the app write only colours that the terminal can show."""
    if colours is ColourDepth.TRUE:
        return
    if colours is ColourDepth.MANY:
        set_colours(app, ColorSystem.EIGHT_BIT, _To256())
    else:
        set_colours(app, ColorSystem.STANDARD)


class _To256(LineFilter):
    """Replaces each colour by the nearest of 256. Rich's own choice turns dark greys into navy."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        return [Segment(text, _style_of_256(style) if style else style, control) for text, style, control in segments]


@lru_cache(4096)
def _style_of_256(style: Style) -> Style:
    return style + Style.from_color(_of_256(style.color), _of_256(style.bgcolor))


def _of_256(colour: RichColor | None) -> RichColor | None:
    if colour is None or colour.type is not ColorType.TRUECOLOR or colour.triplet is None:
        return colour
    return RichColor.from_ansi(nearest(*colour.triplet))


@lru_cache(4096)
def nearest(red: int, green: int, blue: int) -> int:
    """The number of the nearest of the 256 colours: in the 6 × 6 × 6 cube (16 to 231) or the greys (232 to 255)."""
    steps = (0, 95, 135, 175, 215, 255)
    cube = [min(range(6), key=lambda at: abs(steps[at] - part)) for part in (red, green, blue)]
    grey = max(0, min(23, round(((red + green + blue) / 3 - 8) / 10)))
    candidates = {
        16 + 36 * cube[0] + 6 * cube[1] + cube[2]: (steps[cube[0]], steps[cube[1]], steps[cube[2]]),
        232 + grey: (8 + 10 * grey,) * 3,
    }

    def distance(number: int) -> float:
        r, g, b = candidates[number]
        return 2 * (r - red) ** 2 + 4 * (g - green) ** 2 + 3 * (b - blue) ** 2

    return min(candidates, key=distance)
