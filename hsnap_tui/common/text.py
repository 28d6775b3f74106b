"""Text that comes from outside, made safe to show."""

from __future__ import annotations

PLACEHOLDER = "\N{REPLACEMENT CHARACTER}"


def clean(text: str) -> str:
    """The text with everything that a terminal might act on, or that shows as nothing, made visible.

    Each character that is not printable (control characters, ESC, NUL, bidirectional overrides, newlines,
    zero-width marks, lone surrogates) becomes a replacement character; the length stays the same.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else PLACEHOLDER for character in text)
