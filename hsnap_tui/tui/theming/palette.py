"""Colours by meaning, taken from the theme. Nothing is told by colour alone: a word or a sign says the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.text import Text

from hsnap_tui.messages.event_lines import Severity
from hsnap_tui.tui.theming import colours

Segment = tuple[str, str]
"""Some text and its Rich style."""

Cell = tuple[Segment, ...]
"""The content of a cell; plain data, so that cells can be compared."""


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
        """The palette for the variables of a Textual theme."""
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
        """The style for a severity."""
        return {
            Severity.QUIET: self.quiet,
            Severity.INFO: "",
            Severity.GOOD: self.good,
            Severity.WARNING: self.warning,
            Severity.BAD: self.bad,
        }[severity]


SIGN = {Severity.QUIET: " ", Severity.INFO: " ", Severity.GOOD: "✓", Severity.WARNING: "!", Severity.BAD: "✗"}
"""The sign of each severity, for terminals without colours."""


def text(cell: Cell) -> Text:
    """A cell as Rich text, without interpreting markup in it."""
    return Text.assemble(*cell, no_wrap=True, overflow="ellipsis", end="")
