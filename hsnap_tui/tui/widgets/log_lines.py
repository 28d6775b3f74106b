"""One line of the log as lines of a terminal (pure)."""

from __future__ import annotations

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from hsnap_tui.common import formatting
from hsnap_tui.messages.event_lines import Line
from hsnap_tui.tui.theming.palette import SIGN, Palette

_LEAST_TEXT = 10
"""Terminal cells that are left for the words even where there is no room."""


def drawn(line: Line, width: int, names: int, palette: Palette) -> list[Strip]:
    """Time, sign, server (in `names` terminal cells) and words, which go on below themselves."""
    style = Style.parse(palette.severity(line.severity))
    head = [
        Segment(f"{formatting.clock_time(line.at)} ", Style.parse(palette.quiet)),
        Segment(f"{SIGN[line.severity]} ", style),
        Segment(f"{_fitted(line.server, names)} ", Style(bold=True)),
    ]
    indent = sum(cell_len(segment.text) for segment in head)
    first, *rest = wrap(line.text, max(_LEAST_TEXT, width - indent))
    below = Segment(" " * indent)
    return [Strip([*head, Segment(first, style)]), *(Strip([below, Segment(part, style)]) for part in rest)]


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most so many terminal cells, broken between words where possible; at least one."""
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
