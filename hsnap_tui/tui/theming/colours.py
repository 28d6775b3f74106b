"""Colours with enough contrast, made from the variables of any theme (pure).

Textual's own themes, and those that users add, guarantee no contrast. The variables made here have a contrast of at
least 4.5 to 1 for text and 3 to 1 for lines and the focus, as WCAG 2.2 requires (1.4.3, 1.4.11).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual.color import Color, ColorParseError

TEXT = 4.5
LINE = 3.0

_MARGIN = 0.05
"""Added to each required contrast, since colours are rounded to whole numbers when they are written."""

_ENDS = (Color(0, 0, 0), Color(255, 255, 255))

_MEANINGS = {"text-success": "green", "text-warning": "yellow", "text-error": "red", "text-primary": "cyan"}
"""The colour for each variable that a theme does not define, or defines as something that is no plain colour."""


def parse(value: str | None) -> Color | None:
    """The opaque or ANSI colour of a variable; None for anything else, such as `auto 60%`."""
    if not value:
        return None
    try:
        colour = Color.parse(value)
    except ColorParseError:
        return None
    return colour if colour.ansi is not None or colour.a == 1 else None


def style(value: str | None, otherwise: str) -> str:
    """The variable as a Rich style; `otherwise` when it is no colour."""
    colour = parse(value)
    if colour is None:
        return otherwise
    if colour.ansi is None:
        return colour.hex6
    return "default" if colour.ansi < 0 else f"color({colour.ansi})"


def contrast(one: Color, other: Color) -> float:
    """The contrast ratio of two opaque colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: Color, grounds: Iterable[Color], ratio: float) -> Color:
    """The colour, made lighter or darker until it has the contrast `ratio` with each of the backgrounds."""
    grounds = list(grounds)
    end = _farthest(grounds)
    for step in range(0, 101, 4):
        shifted = colour.blend(end, step / 100, alpha=1)
        if all(contrast(shifted, ground) >= ratio + _MARGIN for ground in grounds):
            return shifted
    return end


def variables(theme: Mapping[str, str], ansi: bool) -> dict[str, str]:
    """The variables for our screens, from those of the theme. Themes with `ansi` use the terminal's own colours."""
    return _of_terminal(theme) if ansi else _of_theme(theme)


def _of_theme(theme: Mapping[str, str]) -> dict[str, str]:
    back = _rgb(theme.get("background")) or Color(18, 21, 26)
    strong = _farthest((back,))
    surface = _near(_rgb(theme.get("surface")), back)
    panel = _near(_rgb(theme.get("panel")), back)
    field = surface.blend(strong, 0.06, alpha=1)
    raised = surface.blend(strong, 0.10, alpha=1)
    grounds = (back, surface, panel, field, raised)
    if min(contrast(strong, ground) for ground in grounds) < TEXT + _MARGIN:
        surface = panel = field = raised = back  # on a medium shade neither black nor white leaves room for others
        grounds = (back,) * 5
    fore = readable(_rgb(theme.get("foreground")) or strong, grounds, TEXT)
    primary = _rgb(theme.get("primary")) or fore
    focus = readable(primary, grounds, LINE)
    cursor, on_cursor = _block(focus, back, fore)
    texts = {
        name: readable(_rgb(theme.get(name)) or Color.parse(fallback), grounds, TEXT).hex
        for name, fallback in _MEANINGS.items()
    }
    quiet = readable(fore.blend(back, 0.45, alpha=1), grounds, TEXT).hex
    line = readable(fore.blend(back, 0.7, alpha=1), (back, surface, panel), LINE).hex
    return texts | {
        "background": back.hex,
        "surface": surface.hex,
        "panel": panel.hex,
        "foreground": fore.hex,
        "text": fore.hex,
        "text-muted": quiet,
        "text-disabled": quiet,
        "hsnap-line": line,
        "hsnap-focus": focus.hex,
        "hsnap-field": field.hex,
        "hsnap-raised": raised.hex,
        "block-cursor-background": cursor.hex,
        "block-cursor-foreground": on_cursor.hex,
        "block-cursor-text-style": "none",
        "block-hover-background": surface.hex,
        "footer-background": panel.hex,
        "footer-foreground": fore.hex,
        "footer-key-foreground": texts["text-primary"],
        "footer-key-background": panel.hex,
        "footer-description-foreground": fore.hex,
        "footer-description-background": panel.hex,
        "footer-item-background": panel.hex,
        "input-selection-background": cursor.hex,
        "input-selection-foreground": on_cursor.hex,
        "screen-selection-background": cursor.hex,
        "screen-selection-foreground": on_cursor.hex,
        "scrollbar": line,
        "scrollbar-hover": focus.hex,
        "scrollbar-active": focus.hex,
        "scrollbar-background": back.hex,
        "scrollbar-background-hover": back.hex,
        "scrollbar-background-active": back.hex,
        "scrollbar-corner-color": back.hex,
    }


def _of_terminal(theme: Mapping[str, str]) -> dict[str, str]:
    """For the terminal's own colours: their contrast is the user's choice, and there are no shades between them."""
    focus = theme.get("primary", "ansi_cyan")
    return {name: theme.get(name, f"ansi_{fallback}") for name, fallback in _MEANINGS.items()} | {
        "text-muted": "ansi_default",
        "text-disabled": "ansi_default",
        "hsnap-line": "ansi_default",
        "hsnap-focus": focus,
        "hsnap-field": "ansi_default",
        "hsnap-raised": "ansi_default",
        "footer-key-foreground": focus,
        "scrollbar": "ansi_default",
        "scrollbar-hover": focus,
        "scrollbar-active": focus,
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
    }


def _farthest(grounds: Iterable[Color]) -> Color:
    """Black or white, whichever has the higher lowest contrast with these backgrounds."""
    return max(_ENDS, key=lambda end: min(contrast(end, ground) for ground in grounds))


def _rgb(value: str | None) -> Color | None:
    colour = parse(value)
    return None if colour is None else Color(*colour.rgb)


def _near(colour: Color | None, back: Color) -> Color:
    """A second background colour: the given one, unless it differs so much from the first that no text suits both."""
    return colour if colour is not None and contrast(colour, back) < 1.6 else back


def _block(colour: Color, back: Color, fore: Color) -> tuple[Color, Color]:
    """The background of the cursor, and the colour of the text on it."""
    on_it = max((back, fore, *_ENDS), key=lambda text: contrast(text, colour))
    return readable(colour, (on_it,), TEXT) if contrast(colour, on_it) < TEXT else colour, on_it


def _luminance(colour: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
