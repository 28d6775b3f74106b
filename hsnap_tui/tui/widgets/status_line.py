"""The line at the top: project, how live the picture is, counts, and the rate limit."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from hsnap_tui.messages.event_lines import Severity
from hsnap_tui.tui.status_texts import SEPARATOR, Part, fit
from hsnap_tui.tui.theming.palette import Palette


class StatusLine(Widget):
    """Shows as many parts as fit."""

    DEFAULT_CSS = """
    StatusLine { height: 1; padding: 0 1; background: $panel; color: $foreground; }
    """

    parts: reactive[Sequence[Part]] = reactive(())

    def render(self) -> Text:
        """The parts that fit, the project first and in bold."""
        palette = Palette.of(self.app.theme_variables)
        line = Text(no_wrap=True, overflow="ellipsis")
        for index, (words, severity) in enumerate(fit(self.parts, self.size.width)):
            if index:
                line.append(SEPARATOR, palette.quiet)
            line.append(words, "bold" if index == 0 else palette.severity(severity))
        return line


class ProblemLines(Widget):
    """What a person should know before anything else; takes no room when there is nothing."""

    DEFAULT_CSS = """
    ProblemLines { height: auto; max-height: 6; padding: 0 1; background: $surface; display: none; }
    ProblemLines.-some { display: block; }
    """

    problems: reactive[Sequence[tuple[str, Severity]]] = reactive((), layout=True)

    def watch_problems(self) -> None:
        """Appears and goes with the problems."""
        self.set_class(bool(self.problems), "-some")

    def render(self) -> Text:
        """One problem after the other, each with a sign."""
        palette = Palette.of(self.app.theme_variables)
        sign = {Severity.BAD: "✗ ", Severity.WARNING: "! "}
        return Text("\n").join(
            Text(f"{sign.get(severity, '· ')}{words}", style=palette.severity(severity))
            for words, severity in self.problems
        )
