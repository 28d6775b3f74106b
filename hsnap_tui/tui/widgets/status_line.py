"""The status line at the top (project, connection, counts, rate limit) and the problem lines below it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from hsnap_tui.messages.event_lines import Severity
from hsnap_tui.tui.status_texts import SEPARATOR, StatusPart, fit
from hsnap_tui.tui.theming.palette import Palette


class StatusLine(Widget):
    """The status line, with as many parts as fit."""

    DEFAULT_CSS = """
    StatusLine { height: 1; padding: 0 1; background: $panel; color: $foreground; }
    """

    parts: reactive[Sequence[StatusPart]] = reactive(())

    def render(self) -> Text:
        """The parts that fit; the first, the project, in bold."""
        palette = Palette.of(self.app.theme_variables)
        line = Text(no_wrap=True, overflow="ellipsis")
        for index, (words, severity) in enumerate(fit(self.parts, self.size.width)):
            if index:
                line.append(SEPARATOR, palette.quiet)
            line.append(words, "bold" if index == 0 else palette.severity(severity))
        return line


class ProblemLines(Widget):
    """What needs the user's attention; takes no space when there is nothing."""

    DEFAULT_CSS = """
    ProblemLines { height: auto; max-height: 6; padding: 0 1; background: $surface; display: none; }
    ProblemLines.-some { display: block; }
    """

    problems: reactive[Sequence[tuple[str, Severity]]] = reactive((), layout=True)

    def watch_problems(self) -> None:
        """Hides the widget while there are no problems."""
        self.set_class(bool(self.problems), "-some")

    def render(self) -> Text:
        """One line for each problem, with a sign of its severity."""
        palette = Palette.of(self.app.theme_variables)
        sign = {Severity.BAD: "✗ ", Severity.WARNING: "! "}
        return Text("\n").join(
            Text(f"{sign.get(severity, '· ')}{words}", style=palette.severity(severity))
            for words, severity in self.problems
        )
