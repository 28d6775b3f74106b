"""Our own themes. Textual's can be chosen in the command palette, or with `--theme`."""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="hsnap-dark",
    dark=True,
    primary="#6ea8d8",
    secondary="#8a9bb0",
    accent="#7cc0c9",
    foreground="#d6dbe2",
    background="#12151a",
    surface="#191d24",
    panel="#222831",
    success="#86c08b",
    warning="#e2b65f",
    error="#ea7b74",
)

LIGHT = Theme(
    name="hsnap-light",
    dark=False,
    primary="#1f6fae",
    secondary="#55677d",
    accent="#127a85",
    foreground="#1d232b",
    background="#fbfbfa",
    surface="#f0f1f2",
    panel="#e4e7ea",
    success="#2d7a3a",
    warning="#8f5f00",
    error="#b3271e",
)

DARK_ANSI = Theme(
    name="hsnap-dark-16",
    ansi=True,
    dark=True,
    primary="ansi_cyan",
    secondary="ansi_cyan",
    accent="ansi_cyan",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    variables={"block-cursor-background": "ansi_cyan", "block-cursor-foreground": "ansi_black"},
)
"""In the terminal's own colours, for terminals with 16 colours or fewer."""

LIGHT_ANSI = Theme(
    name="hsnap-light-16",
    ansi=True,
    dark=False,
    primary="ansi_blue",
    secondary="ansi_blue",
    accent="ansi_blue",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    success="ansi_green",
    warning="ansi_magenta",
    error="ansi_red",
    variables={"block-cursor-background": "ansi_blue", "block-cursor-foreground": "ansi_white"},
)
"""The same for a light background, on which yellow cannot be read."""

OWN = (DARK, LIGHT, DARK_ANSI, LIGHT_ANSI)


def names() -> list[str]:
    """The names of all themes, Textual's and ours, sorted."""
    return sorted({*BUILTIN_THEMES, *(own.name for own in OWN)})
