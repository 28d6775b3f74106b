"""Makes text from outside safe to show in a terminal."""

from __future__ import annotations

PLACEHOLDER = "\N{REPLACEMENT CHARACTER}"


def clean(text: str) -> str:
    """The text with each character that is not printable replaced by U+FFFD; its length stays the same.

    Not printable are control characters (a terminal might act on ESC), newlines, bidirectional overrides, zero-width
    characters and lone surrogates, by `str.isprintable`.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else PLACEHOLDER for character in text)
