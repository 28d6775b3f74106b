"""Colours by meaning, from the theme; words and signs always say the same without them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.text import Text

from hsnap_tui.messages.event_lines import Severity
from hsnap_tui.tui.theming import colours

Segment = tuple[str, str]
"""Some text and its Rich style."""

Cell = tuple[Segment, ...]
"""What stands in one cell; plain data, so that equal cells compare equal."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Rich styles by meaning."""

    good: str = "green"
    warning: str = "yellow"
    bad: str = "red"
    accent: str = "cyan"
    quiet: str = "dim"

    @classmethod
    def of(cls, theme: Mapping[str, str]) -> Palette:
        """The palette of a Textual theme's variables."""
        plain = cls()
        quiet = colours.style(theme.get("text-muted"), plain.quiet)
        return cls(
            good=colours.style(theme.get("text-success"), plain.good),
            warning=colours.style(theme.get("text-warning"), plain.warning),
            bad=colours.style(theme.get("text-error"), plain.bad),
            accent=colours.style(theme.get("text-primary"), plain.accent),
            quiet=plain.quiet if quiet == "default" else quiet,
        )

    def severity(self, severity: Severity) -> str:
        """The style of a log line or message."""
        return {
            Severity.QUIET: self.quiet,
            Severity.INFO: "",
            Severity.GOOD: self.good,
            Severity.WARNING: self.warning,
            Severity.BAD: self.bad,
        }[severity]


SIGN = {Severity.QUIET: " ", Severity.INFO: " ", Severity.GOOD: "✓", Severity.WARNING: "!", Severity.BAD: "✗"}
"""What says the severity without colour."""


def text(cell: Cell) -> Text:
    """A cell as literal Rich text: nothing in it is ever markup."""
    return Text.assemble(*cell, no_wrap=True, overflow="ellipsis", end="")


class Drawn:
    """A cell that becomes Rich text only when it comes into view: of thousands of rows, most never do."""

    __slots__ = ("cell",)

    def __init__(self, cell: Cell) -> None:
        self.cell = cell

    def __rich__(self) -> Text:
        return text(self.cell)

    def __str__(self) -> str:
        return "".join(part for part, _ in self.cell)
