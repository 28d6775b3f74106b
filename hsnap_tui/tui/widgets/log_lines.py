"""Renders a line of the log as one or more lines of a terminal (pure)."""

from __future__ import annotations

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from hsnap_tui.common import formatting
from hsnap_tui.messages.event_lines import Line
from hsnap_tui.tui.theming.palette import SIGN, Palette

_MIN_TEXT_WIDTH = 10
"""Terminal cells for the text on however narrow a terminal."""


def strips_for(line: Line, width: int, name_width: int, palette: Palette) -> list[Strip]:
    """The rendered lines: time, sign, server name (in `name_width` terminal cells) and text, wrapped and indented."""
    style = Style.parse(palette.severity(line.severity))
    head = [
        Segment(f"{formatting.clock_time(line.at)} ", Style.parse(palette.quiet)),
        Segment(f"{SIGN[line.severity]} ", style),
        Segment(f"{_fitted(line.server, name_width)} ", Style(bold=True)),
    ]
    indent = sum(cell_len(segment.text) for segment in head)
    first, *rest = wrap(line.text, max(_MIN_TEXT_WIDTH, width - indent))
    below = Segment(" " * indent)
    return [Strip([*head, Segment(first, style)]), *(Strip([below, Segment(part, style)]) for part in rest)]


def wrap(text: str, width: int) -> list[str]:
    """Wraps the text into lines of at most `width` terminal cells, between words where possible; at least one
    line."""
    lines, room = [""], width
    for word in text.split():
        space = 1 if lines[-1] else 0
        if cell_len(word) + space <= room:
            lines[-1] += " " * space + word
            room -= cell_len(word) + space
            continue
        pieces = chop_cells(word, width)
        if lines[-1]:
            lines.append("")
        lines[-1] = pieces[0]
        lines += pieces[1:]
        room = width - cell_len(lines[-1])
    return lines


def _fitted(name: str, width: int) -> str:
    if cell_len(name) > width:
        name = set_cell_size(name, width - 1).rstrip() + "…"
    return set_cell_size(name, width)
