"""All keys as data. Bindings, footer, help, command palette and the README's table are made from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.binding import Binding, BindingType


class Scope(StrEnum):
    """Where a key works; the value is the heading in the help."""

    MOVE = "Move"
    SERVERS = "Servers and snapshots"
    VIEW = "View"
    EVERYWHERE = "Everywhere"
    FILTER = "In the filter"
    DETAILS = "In the details of a server"
    BACK = "In the other screens"
    DIALOG = "In the snapshot dialog"
    QUESTION = "In a question"
    WELCOME = "Before there is a token"


@dataclass(frozen=True, slots=True)
class Key:
    """One action with its keys (Textual's names, separated by commas).

    `label` is the text of the footer, `help` that of the help screen, the palette and the tooltip. On a narrow
    terminal the footer leaves out keys with a high `rank` first; keys without one are never in it. `decisive` keys
    decide about jobs that need a person: while they can be used they come first in the footer.
    """

    action: str
    keys: str
    label: str
    help: str
    scope: Scope
    display: str
    rank: int | None = None
    priority: bool = False
    palette: bool = True
    decisive: bool = False

    @property
    def id(self) -> str:
        """The ID by which Textual's keymap can rebind it."""
        return f"{self.scope.name.lower()}.{self.action.replace('app.', '')}"

    def binding(self) -> Binding:
        """The key as a Textual binding."""
        from textual.binding import Binding  # noqa: PLC0415 - slow, and `--help` tells the keys without it

        return Binding(
            self.keys,
            self.action,
            self.label,
            show=self.rank is not None,
            key_display=self.display,
            priority=self.priority,
            tooltip=self.help,
            id=self.id,
        )


M, S, V, E = Scope.MOVE, Scope.SERVERS, Scope.VIEW, Scope.EVERYWHERE
D, G = Scope.DETAILS, Scope.DIALOG

KEYS: tuple[Key, ...] = (
    Key("cursor_down", "down,j", "Down", "Move down a server", M, "↓ j", palette=False),
    Key("cursor_up", "up,k", "Up", "Move up a server", M, "↑ k", palette=False),
    Key("scroll_top", "g,home", "First", "Go to the first server", M, "g home", palette=False),
    Key("scroll_bottom", "G,end", "Last", "Go to the last server", M, "G end", palette=False),
    Key("page_down", "pagedown", "Page down", "Move down a page", M, "PgDn", palette=False),
    Key("page_up", "pageup", "Page up", "Move up a page", M, "PgUp", palette=False),
    Key("select", "space", "Select", "Select or deselect the server under the cursor", S, "space", rank=5),
    Key("select_all", "a", "All", "Select all servers that are shown", S, "a", rank=6),
    Key("snapshot", "s", "Snapshot", "Snapshot the selected servers, or the one under the cursor", S, "s", rank=1),
    Key(
        "watch",
        "w",
        "Watch",
        "Watch a locked server: rings when its lock clears; again to stop",
        S,
        "w",
        rank=8,
    ),
    Key(
        "release",
        "y",
        "Approve",
        "Approve jobs that need it: the selection's, the server's under the cursor, or all",
        S,
        "y",
        rank=11,
        decisive=True,
    ),
    Key(
        "cancel",
        "c",
        "Cancel job",
        "Cancel waiting jobs: the selection's, the server's under the cursor, or all that need you",
        S,
        "c",
        rank=9,
        decisive=True,
    ),
    Key(
        "retry",
        "R",
        "Retry",
        "Try failed jobs again: the selection's, the server's under the cursor, or all",
        S,
        "R",
        rank=10,
        decisive=True,
    ),
    Key(
        "details",
        "enter",
        "Details",
        "Open the server under the cursor: lock, actions, snapshots",
        V,
        "enter",
        rank=4,
    ),
    Key("filter", "slash", "Filter", "Filter by name, ID, label, IP, type, location or status", V, "/", rank=3),
    Key("clear", "escape", "Clear", "Clear the selection; when nothing is selected, the filter", V, "esc"),
    Key("log", "l", "Log", "Show or hide the log", V, "l", rank=12),
    Key("refresh", "r", "Refresh", "Refresh now: servers, actions and snapshots", V, "r", rank=13),
    Key("batches", "b", "Batches", "Past batches: durations and outcomes", V, "b", rank=14),
    Key("keep", "down,up", "Keep", "Back to the table, the filter stays", Scope.FILTER, "enter ↓", palette=False),
    Key("drop", "escape", "Clear", "Clear the filter", Scope.FILTER, "esc", rank=0, palette=False),
    Key(
        "copy_id",
        "C",
        "Copy request ID",
        "Copy the failed request's ID, for Hetzner's support",
        D,
        "C",
        3,
        palette=False,
    ),
    Key("reload", "r", "Refresh", "Refresh the recent actions", D, "r", 4, palette=False),
    Key("app.back", "escape", "Back", "Back to the servers", Scope.BACK, "esc", rank=0, palette=False),
    Key("start", "enter", "Start", "Start, from anywhere in the dialog", G, "enter", 0, priority=True, palette=False),
    Key("close", "escape", "Cancel", "Cancel; nothing happens", G, "esc", rank=1, palette=False),
    Key("app.focus_next", "tab,down", "Next", "Next field", G, "tab ↓", palette=False),
    Key("app.focus_previous", "shift+tab,up", "Previous", "Previous field", G, "⇧tab ↑", palette=False),
    Key("scroll_body(1)", "pagedown", "More", "Scroll down", G, "PgDn", palette=False),
    Key("scroll_body(-1)", "pageup", "Less", "Scroll up", G, "PgUp", palette=False),
    Key("stay", "escape", "Back", "Back; nothing happens", Scope.QUESTION, "esc", rank=0, palette=False),
    Key("app.focus_next", "right,down", "Next", "Next button", Scope.QUESTION, "→", palette=False),
    Key("app.focus_previous", "left,up", "Previous", "Previous button", Scope.QUESTION, "←", palette=False),
    Key("demo", "d", "Demo", "Start the demo: a simulated Hetzner Cloud", Scope.WELCOME, "d", rank=1, palette=False),
    Key("app.help", "question_mark,f1", "Help", "All keys and signs", E, "?", rank=2),
    Key("app.leave", "q", "Quit", "Quit; asks when jobs are waiting or running", E, "q", rank=0),
    Key(
        "app.interrupt",
        "ctrl+c,ctrl+q",
        "Quit",
        "Quit as q does, from any dialog too; copies when text is selected",
        E,
        "ctrl+c",
        priority=True,
        palette=False,
    ),
    Key(
        "app.suspend_process",
        "ctrl+z",
        "Suspend",
        "Back to the shell, fg returns; not while a server is off because of hsnap-tui",
        E,
        "ctrl+z",
        priority=True,
        palette=False,
    ),
    Key("app.command_palette", "ctrl+p", "Commands", "Every command by name; themes", E, "ctrl+p", palette=False),
)
"""In the order of help and footer."""


def bindings(*scopes: Scope) -> list[BindingType]:
    """The bindings of these scopes, for the `BINDINGS` of a widget or screen."""
    return [key.binding() for key in KEYS if key.scope in scopes]


def decisive() -> frozenset[str]:
    """The actions that decide about jobs that need a person."""
    return frozenset(key.action for key in KEYS if key.decisive)


def ranks() -> dict[str, int]:
    """The rank of each action in the footer."""
    return {key.action: key.rank for key in KEYS if key.rank is not None}


def by_scope() -> Iterable[tuple[Scope, list[Key]]]:
    """All keys by scope, in the order of the help."""
    for scope in Scope:
        yield scope, [key for key in KEYS if key.scope is scope]


def markdown() -> str:
    """The README's table of keys."""
    lines = ["| key | what it does |", "|---|---|"]
    lines += [f"| `{key.display}` | {key.help} |" for _, keys in by_scope() for key in keys]
    return "\n".join(lines)


def plain() -> str:
    """The keys for the text of `--help`."""
    lines: list[str] = []
    for scope, keys in by_scope():
        lines += [f"  {scope.value}", *(f"    {key.display:<10} {key.help}" for key in keys)]
    return "\n".join(lines)
