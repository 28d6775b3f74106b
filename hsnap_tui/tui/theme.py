"""Our two themes, calm and of good contrast; Textual's own can be chosen in the palette."""

from __future__ import annotations

from textual.theme import Theme

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
