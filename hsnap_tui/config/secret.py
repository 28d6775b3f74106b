"""A text, such as an API token, that never appears in a log, a message or a traceback by accident."""

from __future__ import annotations


class Secret:
    """A text whose `str` and `repr` do not show it; `reveal` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__
