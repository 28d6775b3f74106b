"""The main screen: table of servers, log, status. Hears events and repaints at most ten times a second."""

from __future__ import annotations

from collections.abc import Iterable

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from hsnap_tui import events as ev
from hsnap_tui.messages.event_lines import say
from hsnap_tui.session.interface import SessionInterface
from hsnap_tui.tui import keys
from hsnap_tui.tui.commands import Commands
from hsnap_tui.tui.screens.batches import BatchesScreen
from hsnap_tui.tui.screens.details import DetailsScreen
from hsnap_tui.tui.status_texts import problems, status_parts
from hsnap_tui.tui.tables.fleet_table import FleetTable
from hsnap_tui.tui.tables.table_model import TableModel
from hsnap_tui.tui.toast_position import keep_within
from hsnap_tui.tui.widgets.filter_bar import FilterBar
from hsnap_tui.tui.widgets.keys_footer import KeysFooter
from hsnap_tui.tui.widgets.log_pane import LogPane
from hsnap_tui.tui.widgets.status_line import ProblemLines, StatusLine

REPAINT_EVERY = 0.1
"""Seconds in which everything that happens becomes one repaint."""


class FleetScreen(Screen[None]):
    """Follows one session."""

    BINDINGS = keys.bindings(keys.Scope.SERVERS, keys.Scope.VIEW)
    AUTO_FOCUS = "FleetTable"

    DEFAULT_CSS = """
    FleetScreen { background: $background; }
    FleetScreen #empty { height: 1fr; content-align: center middle; color: $text-muted; display: none; }
    FleetScreen.-empty #empty { display: block; }
    FleetScreen.-empty FleetTable { display: none; }
    """

    class Stirred(Message):
        """Something happened since the last repaint."""

    def __init__(self, session: SessionInterface) -> None:
        super().__init__()
        self.session = session
        self.board = TableModel()
        self.commands = Commands(self)
        self._heard: list[ev.Event] = []
        self._stirred = False
        self._follows = False
        self._leader_pid: int | None = None
        self._available: tuple[object, ...] = ()
        self._told_empty = ""
        self._forget = session.subscribe(self.hear)

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield StatusLine()
        yield ProblemLines()
        yield FleetTable(self.session.clock.now)
        yield Static(id="empty", markup=False)
        yield FilterBar()
        yield LogPane()
        yield KeysFooter()

    def on_mount(self) -> None:
        """Shows what is there already."""
        self.set_interval(1.0, self._tick)
        self.screen_layout_refresh_signal.subscribe(self, self._place_toasts)
        self.look()

    def on_unmount(self) -> None:
        """Hears no more."""
        self._forget()

    # -- events in, one repaint out ------------------------------------------------------------------------------

    def hear(self, event: ev.Event) -> None:
        """Keeps an event for the next repaint. Called by the session: what goes wrong here must not disturb it."""
        self._heard.append(event)
        if not self._stirred:
            self._stirred = True
            self.post_message(self.Stirred())

    @on(Stirred)
    def _soon(self) -> None:
        self.set_timer(REPAINT_EVERY, self._repaint)

    def _repaint(self) -> None:
        self._stirred = False
        heard, self._heard = self._heard, []
        self.query_one(LogPane).write(line for event in heard if (line := say(event)))
        dirty: set[int] = set()
        for event in heard:
            dirty.update(self._note(event))
        self.look(dirty)

    def _note(self, event: ev.Event) -> Iterable[int]:
        """Takes from an event what the screen itself keeps; gives the servers whose rows may look different."""
        match event:
            case ev.FleetUpdated(changed=changed):
                return changed
            case ev.JobEvent(server_id=server_id):
                return {server_id}
            case ev.LockTaken(server=server) | ev.LockCleared(server=server) | ev.ServerChanged(server=server):
                return {server.id}
            case ev.RoleChanged(role=role, leader_pid=pid):
                self._follows, self._leader_pid = role is ev.Role.FOLLOWER, pid
            case ev.WatchEnded(server=server, gone=gone):
                self.app.bell()
                what = "is gone: it is watched no more" if gone else "is unlocked"
                self.app.notify(f"{server.name} {what}", severity="warning" if gone else "information", markup=False)
                return {server.id}
        return ()

    def look(self, dirty: Iterable[int] | None = None) -> None:
        """Brings the rows of these servers, or of all, and the lines above up to date."""
        session = self.session
        changes = self.board.refresh(session.fleet, session.jobs, session.watched, dirty)
        self.query_one(FleetTable).apply(changes)
        self._show_empty()
        self._show_status()
        self._show_available()

    def _tick(self) -> None:
        if self.is_current:
            self.query_one(FleetTable).tick()
        self._show_status()

    def _show_status(self) -> None:
        board = self.board
        hidden = len(board.selected - set(board.shown)) if board.filter_text else 0
        matching = len(board.shown) if board.filter_text else None
        self.query_one(StatusLine).parts = tuple(
            status_parts(self.session, selected=len(board.selected), hidden=hidden, matching=matching)
        )
        found = problems(self.session, follows=self._follows, leader_pid=self._leader_pid)
        self.query_one(ProblemLines).problems = tuple(found)

    def _place_toasts(self, _screen: object) -> None:
        keep_within(self, self.query_one(FleetTable if self.board.shown else "#empty"))

    def _show_empty(self) -> None:
        self.set_class(not self.board.shown, "-empty")
        if self.board.filter_text:
            told = f"No server matches “{self.board.filter_text}”. Escape clears the filter."
        elif self.session.fleet.updated is None:
            lost = self.session.connection.stale_since is not None
            told = "No servers seen yet." if lost else "Asking Hetzner for the servers …"
        else:
            told = "There are no servers in this project."
        if told != self._told_empty:
            self._told_empty = told
            self.query_one("#empty", Static).update(told)

    def _show_available(self) -> None:
        now = tuple(self.check_action(key.action, ()) for key in keys.KEYS)
        if now != self._available:
            self._available = now
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """None, which greys a key out, for what cannot be done now."""
        return True if self.commands.available(action) else None

    # -- keys ----------------------------------------------------------------------------------------------------

    @property
    def cursor(self) -> int | None:
        """The server under the cursor."""
        return self.query_one(FleetTable).cursor

    @property
    def chosen(self) -> list[int]:
        """What a key acts on."""
        return self.board.chosen(self.cursor)

    def action_mark(self) -> None:
        """Selects or deselects the server under the cursor."""
        if self.cursor is not None:
            self.board.toggle(self.cursor)
            self.look((self.cursor,))

    def action_mark_all(self) -> None:
        """Selects all that are shown."""
        self.board.mark_shown()
        self.look()

    def action_clear(self) -> None:
        """Clears the selection, or else the filter."""
        if self.board.selected:
            self.board.selected.clear()
            self.look()
        else:
            self.query_one(FilterBar).clear()

    def action_details(self) -> None:
        """Opens the server under the cursor."""
        if self.cursor is not None:
            self.app.push_screen(DetailsScreen(self.session, self.cursor))

    def action_batches(self) -> None:
        """Opens the batches."""
        self.app.push_screen(BatchesScreen(self.session))

    def action_filter(self) -> None:
        """Opens the filter."""
        self.query_one(FilterBar).open()

    def action_log(self) -> None:
        """Shows or hides the log."""
        log = self.query_one(LogPane)
        log.display = not log.display
        if not self.query_one(FleetTable).has_focus:
            self.query_one(FleetTable).focus()

    def action_snapshot(self) -> None:
        """Opens the snapshot dialog."""
        self.commands.snapshot()

    def action_watch(self) -> None:
        """Watches or stops watching."""
        self.commands.watch()

    def action_cancel(self) -> None:
        """Cancels waiting jobs."""
        self.commands.cancel()

    def action_retry(self) -> None:
        """Tries failed jobs again."""
        self.commands.retry()

    def action_release(self) -> None:
        """Says yes to held jobs."""
        self.commands.release()

    def action_refresh(self) -> None:
        """Looks at everything now."""
        self.commands.refresh()

    # -- widgets -------------------------------------------------------------------------------------------------

    @on(FilterBar.Changed)
    def _filter(self, event: FilterBar.Changed) -> None:
        self.board.filter_text = event.text.strip()
        self.look(())

    @on(FilterBar.Left)
    def _leave_filter(self) -> None:
        self.query_one(FleetTable).focus()

    @on(FleetTable.RowHighlighted)
    def _moved(self) -> None:
        self._show_available()

    @on(FleetTable.Toggled)
    def _clicked_mark(self, event: FleetTable.Toggled) -> None:
        self.board.toggle(event.server_id)
        self.look((event.server_id,))

    @on(FleetTable.Opened)
    def _clicked_twice(self) -> None:
        self.action_details()
