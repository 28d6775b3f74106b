"""The main screen: status line, table of servers, log. Collects events and repaints at most ten times a second."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from hsnap_tui import events as ev
from hsnap_tui.messages.event_lines import RoleNews, line_for
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
"""Seconds between the first of some events and the repaint that shows all of them."""


class FleetScreen(Screen[None]):
    """Shows one session."""

    BINDINGS = keys.bindings(keys.Scope.SERVERS, keys.Scope.VIEW)
    AUTO_FOCUS = "FleetTable"

    DEFAULT_CSS = """
    FleetScreen { background: $background; }
    FleetScreen #empty { height: 1fr; content-align: center middle; color: $text-muted; display: none; }
    FleetScreen.-empty #empty { display: block; }
    FleetScreen.-empty FleetTable { display: none; }
    """

    class EventsPending(Message):
        """Events have arrived since the last repaint."""

    def __init__(self, session: SessionInterface) -> None:
        super().__init__()
        self.session = session
        self.table_model = TableModel()
        self.commands = Commands(self)
        self._pending_events: list[ev.Event] = []
        self._repaint_pending = False
        self._role_news = RoleNews()
        self._is_follower = False
        self._leader_pid: int | None = None
        self._available: tuple[object, ...] = ()
        self._empty_text = ""
        self._unsubscribe: Callable[[], None] = lambda: None

    def compose(self) -> ComposeResult:
        """The widgets from top to bottom."""
        yield StatusLine()
        yield ProblemLines()
        yield FleetTable(self.session.clock.now)
        yield Static(id="empty", markup=False)
        yield FilterBar()
        yield LogPane()
        yield KeysFooter()

    def on_mount(self) -> None:
        """Shows what the session knows already, and what it has told while nobody listened."""
        self._unsubscribe = self.session.subscribe(self.receive_event)
        self.set_interval(1.0, self._update_time_texts)
        self.screen_layout_refresh_signal.subscribe(self, self._place_toasts)
        self.update_view()

    def on_unmount(self) -> None:
        """Ends the subscription to the session's events."""
        self._unsubscribe()

    # -- many events, one repaint --------------------------------------------------------------------------------

    def receive_event(self, event: ev.Event) -> None:
        """Keeps an event for the next repaint. The session calls it, so it only stores and drawing happens later:
        an error while drawing must not reach the session."""
        self._pending_events.append(event)
        if not self._repaint_pending:
            self._repaint_pending = True
            self.post_message(self.EventsPending())

    @on(EventsPending)
    def _schedule_repaint(self) -> None:
        self.set_timer(REPAINT_EVERY, self._repaint)

    def _repaint(self) -> None:
        self._repaint_pending = False
        pending, self._pending_events = self._pending_events, []
        news = (event for event in pending if self._role_news.is_news(event))
        self.query_one(LogPane).write(line for event in news if (line := line_for(event)))
        dirty: set[int] = set()
        for event in pending:
            dirty.update(self._apply_event(event))
        self.update_view(dirty)

    def _apply_event(self, event: ev.Event) -> Iterable[int]:
        """Takes from an event what the screen itself keeps; returns the IDs of servers whose rows may have
        changed."""
        match event:
            case ev.FleetUpdated(changed=changed):
                return changed
            case ev.JobEvent(server_id=server_id):
                return {server_id}
            case ev.LockTaken(server=server) | ev.LockCleared(server=server) | ev.ServerChanged(server=server):
                return {server.id}
            case ev.RoleChanged(role=role, leader_pid=pid):
                self._is_follower, self._leader_pid = role is ev.Role.FOLLOWER, pid
            case ev.WatchEnded(server=server, gone=gone):
                self.app.bell()
                line = line_for(event)
                text = f"{line.server} {line.text}" if line else ""
                self.app.notify(text, severity="warning" if gone else "information", markup=False)
                return {server.id}
        return ()

    def update_view(self, dirty: Iterable[int] | None = None) -> None:
        """Updates the rows of the servers in `dirty`, or of all when it is None, then status, problems and footer."""
        session = self.session
        changes = self.table_model.refresh(session.fleet, session.jobs.by_id, session.watched, dirty)
        self.query_one(FleetTable).apply(changes)
        self._show_empty()
        self._show_status()
        self._show_available()

    def _update_time_texts(self) -> None:
        if self.is_current:
            self.query_one(FleetTable).update_ages()
        self._show_status()

    def _show_status(self) -> None:
        table_model = self.table_model
        hidden = len(table_model.selected - set(table_model.shown)) if table_model.filter_text else 0
        matching = len(table_model.shown) if table_model.filter_text else None
        self.query_one(StatusLine).parts = tuple(
            status_parts(self.session, selected=len(table_model.selected), hidden=hidden, matching=matching)
        )
        problem_lines = problems(self.session, is_follower=self._is_follower, leader_pid=self._leader_pid)
        self.query_one(ProblemLines).problems = tuple(problem_lines)

    def _place_toasts(self, _screen: object) -> None:
        keep_within(self, self.query_one(FleetTable if self.table_model.shown else "#empty"))

    def _show_empty(self) -> None:
        self.set_class(not self.table_model.shown, "-empty")
        if self.table_model.filter_text:
            text = f"No server matches “{self.table_model.filter_text}”. Escape clears the filter."
        elif self.session.fleet.updated is None:
            lost = self.session.connection.stale_since is not None
            text = "No servers seen yet." if lost else "Asking Hetzner for the servers …"
        else:
            text = "There are no servers in this project."
        if text != self._empty_text:
            self._empty_text = text
            self.query_one("#empty", Static).update(text)

    def _show_available(self) -> None:
        now = tuple(self.check_action(key.action, ()) for key in keys.KEYS)
        if now != self._available:
            self._available = now
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """True for actions that are available now; None for others, which greys their keys out in the footer."""
        return True if self.commands.available(action) else None

    # -- keys ----------------------------------------------------------------------------------------------------

    @property
    def cursor(self) -> int | None:
        """The server under the cursor."""
        return self.query_one(FleetTable).cursor

    @property
    def chosen(self) -> list[int]:
        """The IDs of the servers that a key acts on."""
        return self.table_model.chosen(self.cursor)

    def action_select(self) -> None:
        """Selects or deselects the server under the cursor."""
        if self.cursor is not None:
            self.table_model.toggle(self.cursor)
            self.update_view((self.cursor,))

    def action_select_all(self) -> None:
        """Selects all servers that are shown."""
        self.table_model.select_shown()
        self.update_view()

    def action_clear(self) -> None:
        """Clears the selection, or else the filter."""
        if self.table_model.selected:
            self.table_model.selected.clear()
            self.update_view()
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
        """Approves held jobs."""
        self.commands.release()

    def action_refresh(self) -> None:
        """Polls everything now."""
        self.commands.refresh()

    # -- widgets -------------------------------------------------------------------------------------------------

    @on(FilterBar.Changed)
    def _filter(self, event: FilterBar.Changed) -> None:
        self.table_model.filter_text = event.text.strip()
        self.update_view(())

    @on(FilterBar.Left)
    def _leave_filter(self) -> None:
        self.query_one(FleetTable).focus()

    @on(FleetTable.CursorMoved)
    def _cursor_moved(self) -> None:
        self._show_available()

    @on(FleetTable.SelectionToggled)
    def _clicked_selection(self, event: FleetTable.SelectionToggled) -> None:
        self.table_model.toggle(event.server_id)
        self.update_view((event.server_id,))

    @on(FleetTable.Opened)
    def _double_clicked(self) -> None:
        self.action_details()
