"""The help screen: all keys, the signs of the table, and notes."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Static

from hsnap_tui.messages import terms
from hsnap_tui.tui import keys
from hsnap_tui.tui.screens.page import PageScreen

SIGNS = (
    ("●", "selected (or click the first column)"),
    ("w", "watched until its lock clears"),
    ("create_image 42 % 2m", "the action that holds the lock, how far it is, since when"),
    (terms.LOCKED_CAUSE_UNKNOWN, "Hetzner lists no running action of the server"),
    ("████░░ 62 %", "creating the snapshot"),
    ("waiting 2m", "a job that starts by itself when the lock clears"),
    ("checking 25s", "no answer came: it is checked whether the snapshot exists"),
    ("✗ watched", "failed, but the server may still shut down: it is powered on if it does"),
    (f"{terms.NEEDS_APPROVAL} (y)", "y approves the job, c cancels it"),
    ("3d (4)", "age of the newest snapshot, and how many there are"),
)

NOTES = (
    "The log follows its end; scrolled up (tab takes you there), it pauses until End.",
    "The rate limit is 3600 requests an hour for the whole project, refilled one a second, and shared with "
    "everything else that uses the project. hsnap-tui keeps a reserve for your keys and for powering servers on.",
    "On one machine, one hsnap-tui is in charge of a project; others show and queue. Two machines do not know of "
    "each other.",
)


class HelpScreen(PageScreen):
    """Keys under their headings, then signs."""

    def __init__(self) -> None:
        super().__init__("Help")

    def body(self) -> ComposeResult:
        """A block for each heading."""
        for scope, found in keys.by_scope():
            yield self.headed(scope.value)
            yield Static(_grid([(key.display, key.help) for key in found], 12))
        yield self.headed("Signs")
        yield Static(_grid(SIGNS, 22))
        yield self.headed("Good to know")
        for note in NOTES:
            yield Static(note, markup=False)


def _grid(pairs: tuple[tuple[str, str], ...] | list[tuple[str, str]], width: int) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(width=width, no_wrap=True)
    table.add_column(overflow="fold")
    for left, right in pairs:
        table.add_row(Text(left, "bold"), Text(right))
    return table
