"""The Textual application: it connects the session, the screens, the terminal and the keys."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable

from rich.console import RenderableType
from rich.text import Text
from textual import constants, events, on
from textual.app import App, SystemCommand
from textual.driver import Driver
from textual.screen import Screen

from hsnap_tui.jobs.interface import RefusedError
from hsnap_tui.messages import event_lines
from hsnap_tui.session.interface import SessionInterface
from hsnap_tui.terminal.background_writer import BackgroundWriter
from hsnap_tui.tui import crash, keys
from hsnap_tui.tui.activity_monitor import ActivityMonitor
from hsnap_tui.tui.copy_or_quit import CopyOrQuit
from hsnap_tui.tui.screens.fleet import FleetScreen
from hsnap_tui.tui.screens.help import HelpScreen
from hsnap_tui.tui.screens.quit import Exit, quit_question
from hsnap_tui.tui.screens.welcome import WelcomeScreen
from hsnap_tui.tui.theming import colours as readable
from hsnap_tui.tui.theming import themes, widgets_css
from hsnap_tui.tui.theming.colour_depth import ColourDepth, limit_colours
from hsnap_tui.tui.typed_ahead import TypedAhead

_EVERY_VARIABLE = themes.DARK.to_color_system().generate()
"""Defaults for the variables that Textual's widgets need and that a theme may leave out."""


class HsnapApp(App[Exit]):
    """Shows one session; without a session it shows the welcome screen.

    `start_demo` starts the simulated cloud and returns a session on it; it raises `RefusedError` when it can't.
    `token_problem` says what was wrong with the token that was found. `report_crash` writes a crash report and
    returns its path.

    `work` is the task of `session.run()`, where that was started before the app was made; otherwise the app starts
    it. It goes on after the screen is closed.

    `await run_async()` returns how the user left, or None after a bug (`return_code` is 1 then). After that the
    caller awaits `session.jobs.leave(…)`, with the session in `session`, and then cancels `work`.
    """

    TITLE = "hsnap-tui"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS = keys.bindings(keys.Scope.EVERYWHERE)

    CSS = widgets_css.CSS

    def __init__(
        self,
        session: SessionInterface | None,
        *,
        work: asyncio.Task[None] | None = None,
        start_demo: Callable[[], Awaitable[SessionInterface]] | None = None,
        token_problem: str | None = None,
        report_crash: crash.CrashReport | None = None,
        theme_name: str = themes.DARK.name,
        writer: BackgroundWriter | None = None,
        colours: ColourDepth = ColourDepth.TRUE,
    ) -> None:
        self._colours = colours
        super().__init__()
        self.writer = writer or BackgroundWriter(None)
        limit_colours(self, colours)
        self.session = session
        self.work = work
        self._start_demo = start_demo
        self._token_problem = token_problem
        self._report_crash = report_crash
        self._activity: ActivityMonitor | None = None
        self._typed_ahead = TypedAhead(self, super().on_event)
        self._copy_or_quit = CopyOrQuit()
        for own in themes.OWN:
            self.register_theme(own)
        self._unknown_theme = "" if theme_name in self.available_themes else theme_name
        self.theme = themes.DARK.name if self._unknown_theme else theme_name

    # -- colours -------------------------------------------------------------------------------------------------

    def get_css_variables(self) -> dict[str, str]:
        """The theme's variables, with colours changed where their contrast would be too low to read."""
        theme_variables = {**_EVERY_VARIABLE, **super().get_css_variables()}
        self.theme_variables = {**theme_variables, **readable.variables(theme_variables, ansi=self.native_ansi_color)}
        return self.theme_variables

    def validate_theme(self, name: str) -> str:
        """The name of the theme to use: on a terminal with 16 colours, our dark or light theme for 16 colours.

        With `NO_COLOR` it is never one of those: Textual turns a theme's shades into greys, and they have no shades.
        """
        chosen = self.get_theme(name)
        if chosen is None:
            return name
        if self.no_color:
            return (themes.DARK if chosen.dark else themes.LIGHT).name if chosen.ansi else name
        if self._colours is not ColourDepth.ANSI or chosen.ansi:
            return name
        return (themes.DARK_ANSI if chosen.dark else themes.LIGHT_ANSI).name

    def _show_unknown_theme(self) -> None:
        if self._unknown_theme:
            known = ", ".join(sorted(self.available_themes))
            text = f"There is no theme “{self._unknown_theme}”; this is {self.theme}. There are: {known}."
            self.notify(text, severity="warning", timeout=15, markup=False)

    # -- the terminal --------------------------------------------------------------------------------------------

    def get_driver_class(self) -> type[Driver]:
        """Our driver, whose output never blocks; Textual's own on Windows and when TEXTUAL_DRIVER is set."""
        if sys.platform == "win32" or constants.DRIVER is not None:
            return super().get_driver_class()
        from hsnap_tui.tui.driver import TerminalDriver  # noqa: PLC0415 - not on Windows

        return TerminalDriver

    def terminal_gone(self) -> None:
        """Leaves, as after a SIGHUP."""
        self.exit(Exit.LEAVE)

    def may_suspend(self) -> bool:
        """Whether the process may be suspended. Not while a server is off: a suspended process can't power it on.

        Shows a notification when it may not.
        """
        off = self.session.jobs.pending_work().off if self.session else ()
        if off and self._loop is not None:
            text = event_lines.not_suspended([job.server_name for job in off])
            self._loop.call_soon_threadsafe(self._show_not_suspended, text)
        return not off

    def _show_not_suspended(self, text: str) -> None:
        self.notify(text, severity="warning", markup=False)

    def restore_terminal(self) -> None:
        """Restores the terminal's modes, if they were changed, without waiting: the process is about to end."""
        restore = getattr(self._driver, "restore_terminal", None)
        if restore is not None:
            restore()

    # -- sessions ------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Opens the screen of the session, or the welcome screen."""
        self.call_after_refresh(self._show_unknown_theme)
        if self.session:
            self._show_session(self.session)
        else:
            self.push_screen(WelcomeScreen(self._start_demo is not None, self._token_problem))

    def exit(self, result: Exit | None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """Leaves as soon as all open screens have their widgets.

        After Textual's `exit` no widget is mounted any more: a screen that is being composed would not find its own.
        """
        if all(screen.is_mounted for screen in self.screen_stack):
            super().exit(result, return_code, message)
        else:
            self.call_later(self.exit, result, return_code, message)

    def _show_session(self, session: SessionInterface) -> None:
        self.session = session
        self._activity = ActivityMonitor(session.set_focus, session.clock)
        self.set_interval(5.0, self._activity.update)
        self.push_screen(FleetScreen(session))
        self.work = self.work or asyncio.create_task(session.run())
        self.work.add_done_callback(self._work_ended)

    def _work_ended(self, work: asyncio.Task[None]) -> None:
        error = None if work.cancelled() else work.exception()
        if isinstance(error, Exception) and self.is_running:
            self._handle_exception(error)

    @on(WelcomeScreen.DemoWanted)
    def _demo_requested(self) -> None:
        if self._start_demo:
            self.notify("Starting the demo …", timeout=2)
            self.run_worker(self._open_demo(self._start_demo), exclusive=True, description="starting the demo")

    async def _open_demo(self, start: Callable[[], Awaitable[SessionInterface]]) -> None:
        try:
            session = await start()
        except RefusedError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self._show_session(session)

    async def on_event(self, event: events.Event) -> None:
        """Notes keys and mouse events, which show that somebody uses the terminal, then handles the event."""
        self._copy_or_quit.observe(event)
        if self._activity and isinstance(event, events.Key | events.MouseEvent | events.Paste):
            self._activity.input_seen()
        if isinstance(event, events.Key) and not event.is_forwarded:
            await self._typed_ahead.add(event)
        else:
            await super().on_event(event)

    def on_app_focus(self) -> None:
        """The terminal has the focus."""
        if self._activity:
            self._activity.focus_changed(True)

    def on_app_blur(self) -> None:
        """The terminal has lost the focus."""
        if self._activity:
            self._activity.focus_changed(False)

    # -- keys ----------------------------------------------------------------------------------------------------

    def action_help(self) -> None:
        """Opens the help screen."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    def action_interrupt(self) -> None:
        """Copies the selected text. With nothing to copy it asks to quit as `q` does; from that question it quits.

        After a drag with the mouse, or just after copying, it never quits: the user means to copy.
        """
        text = self._copy_or_quit.copy(self)
        if text:
            self.notify(text, markup=False, timeout=3)
        elif self.screen.id == "quit":
            self.exit(Exit.LEAVE)
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Quits; asks first while jobs are waiting or running, or a server is off because of us."""
        pending = self.session.jobs.pending_work() if self.session else None
        if pending is None or not (pending.waiting or pending.running or pending.off):
            self.exit(Exit.LEAVE)
            return
        question = quit_question(pending)
        question.id = "quit"
        self.push_screen(question, self._quit_answered)

    def _quit_answered(self, answer: str | None) -> None:
        if answer in (Exit.LEAVE, Exit.CANCEL_WAITING):
            self.exit(Exit(answer))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The commands of the palette: the keys that can be used now, and the choice of a theme."""
        base = self.screen_stack[-1] if screen not in self.screen_stack else screen
        for key in keys.KEYS:
            node = self if key.action.startswith("app.") else base
            name = key.action.removeprefix("app.")
            if key.palette and hasattr(node, f"action_{name}") and node.check_action(name, ()):
                yield SystemCommand(f"{key.label} ({key.display})", key.help, getattr(node, f"action_{name}"))
        yield SystemCommand("Theme", "Change the colours", self.action_change_theme)

    # -- bugs ----------------------------------------------------------------------------------------------------

    def panic(self, *_renderables: object) -> None:
        """Ends as after any other error; Textual would print the error's own output."""
        self._fatal_error()

    def _fatal_error(self) -> None:
        """Ends with one sentence. Textual would print a traceback with the values of local variables, so tokens
        too."""
        error = self._exception
        path = self._report_crash(error) if self._report_crash and error else None
        self._exit_renderables[:] = [Text(crash.message(error, path))]
        self._close_messages_no_wait()
