"""The application: wiring only."""

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

from hsnap_tui.messages import event_lines
from hsnap_tui.session.interface import RefusedError, SessionInterface
from hsnap_tui.terminal.background_writer import BackgroundWriter
from hsnap_tui.tui import crash, keys
from hsnap_tui.tui.attention import Attention
from hsnap_tui.tui.copying import Copying
from hsnap_tui.tui.screens.fleet import FleetScreen
from hsnap_tui.tui.screens.help import HelpScreen
from hsnap_tui.tui.screens.quit import Exit, quit_question
from hsnap_tui.tui.screens.welcome import WelcomeScreen
from hsnap_tui.tui.theming import colours as readable
from hsnap_tui.tui.theming import themes, widgets_css
from hsnap_tui.tui.theming.colour_depth import Depth, limit

_EVERY_VARIABLE = themes.DARK.to_color_system().generate()
"""For what a theme does not define though Textual's widgets need it."""


class HsnapApp(App[Exit]):
    """The console on one session; without one, the welcome.

    `start_demo` gives the demo's session when the person asks for it there, and raises `Refused`. `why` says what was
    wrong with the token that was found. `report_crash` keeps what is needed to find a bug.

    `await run_async()` gives how it was left, or none after a bug (`return_code` is 1 then). It starts
    `session.run()` as the task `work`, which goes on after the screen is gone: the caller awaits
    `session.leave(…)`, with the session in `session`, and then cancels `work`.
    """

    TITLE = "hsnap-tui"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS = keys.bindings(keys.Scope.EVERYWHERE)

    CSS = widgets_css.CSS

    def __init__(
        self,
        session: SessionInterface | None,
        *,
        start_demo: Callable[[], Awaitable[SessionInterface]] | None = None,
        why: str | None = None,
        report_crash: crash.CrashReport | None = None,
        theme_name: str = themes.DARK.name,
        writer: BackgroundWriter | None = None,
        colours: Depth = Depth.TRUE,
    ) -> None:
        self._colours = colours
        super().__init__()
        self.writer = writer or BackgroundWriter(None)
        limit(self, colours)
        self.session = session
        self.work: asyncio.Task[None] | None = None
        self._start_demo = start_demo
        self._why = why
        self._report_crash = report_crash
        self._attention: Attention | None = None
        self._copying = Copying()
        for own in themes.OWN:
            self.register_theme(own)
        self._unknown_theme = "" if theme_name in self.available_themes else theme_name
        self.theme = themes.DARK.name if self._unknown_theme else theme_name

    # -- colours -------------------------------------------------------------------------------------------------

    def get_css_variables(self) -> dict[str, str]:
        """The theme's variables, with colours that can be read and seen whatever the theme is."""
        found = {**_EVERY_VARIABLE, **super().get_css_variables()}
        self.theme_variables = {**found, **readable.variables(found, ansi=self.native_ansi_color)}
        return self.theme_variables

    def validate_theme(self, name: str) -> str:
        """The theme, or its like in the terminal's own colours where the terminal has no others.

        Without colours (`NO_COLOR`) it is one of greys: Textual makes them of shades, which those themes lack.
        """
        chosen = self.get_theme(name)
        if chosen is None:
            return name
        if self.no_color:
            return (themes.DARK if chosen.dark else themes.LIGHT).name if chosen.ansi else name
        if self._colours is not Depth.ANSI or chosen.ansi:
            return name
        return (themes.DARK_ANSI if chosen.dark else themes.LIGHT_ANSI).name

    def _tell_unknown_theme(self) -> None:
        if self._unknown_theme:
            known = ", ".join(sorted(self.available_themes))
            told = f"There is no theme “{self._unknown_theme}”; this is {self.theme}. There are: {known}."
            self.notify(told, severity="warning", timeout=15, markup=False)

    # -- the terminal --------------------------------------------------------------------------------------------

    def get_driver_class(self) -> type[Driver]:
        """Our own driver, whose output never waits; Textual's where that is asked for, and on Windows."""
        if sys.platform == "win32" or constants.DRIVER is not None:
            return super().get_driver_class()
        from hsnap_tui.tui.driver import TerminalDriver  # noqa: PLC0415 - not on Windows

        return TerminalDriver

    def terminal_gone(self) -> None:
        """Leaves as after a SIGHUP."""
        self.exit(Exit.LEAVE)

    def may_suspend(self) -> bool:
        """Whether the process may stand still: what stands still can't power on a server. Says why not."""
        off = self.session.pending_work().off if self.session else ()
        if off and self._loop is not None:
            text = event_lines.not_suspended([job.server_name for job in off])
            self._loop.call_soon_threadsafe(self._tell_why_not, text)
        return not off

    def _tell_why_not(self, text: str) -> None:
        self.notify(text, severity="warning", markup=False)

    def give_terminal_back(self) -> None:
        """Restores the terminal's modes, if they are changed, without waiting: the process is about to end."""
        give_back = getattr(self._driver, "give_back", None)
        if give_back is not None:
            give_back()

    # -- sessions ------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """The session's screen, or the welcome."""
        self.call_after_refresh(self._tell_unknown_theme)
        if self.session:
            self._follow(self.session)
        else:
            self.push_screen(WelcomeScreen(self._start_demo is not None, self._why))

    def exit(self, result: Exit | None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """Leaves as soon as all screens have their widgets; before the first screen is there, none is shown.

        After Textual's `exit` no widget is mounted any more: a screen that is being composed would not find its own.
        """
        if all(screen.is_mounted for screen in self.screen_stack):
            super().exit(result, return_code, message)
        else:
            self.call_later(self.exit, result, return_code, message)

    def _follow(self, session: SessionInterface) -> None:
        self.session = session
        self._attention = Attention(session.set_focus, session.clock)
        self.set_interval(5.0, self._attention.look)
        self.push_screen(FleetScreen(session))
        self.work = asyncio.create_task(session.run())
        self.work.add_done_callback(self._work_ended)

    def _work_ended(self, work: asyncio.Task[None]) -> None:
        error = None if work.cancelled() else work.exception()
        if isinstance(error, Exception) and self.is_running:
            self._handle_exception(error)

    @on(WelcomeScreen.DemoWanted)
    def _demo_wanted(self) -> None:
        if self._start_demo:
            self.notify("Starting the demo …", timeout=2)
            self.run_worker(self._demo(self._start_demo), exclusive=True, description="starting the demo")

    async def _demo(self, start: Callable[[], Awaitable[SessionInterface]]) -> None:
        try:
            session = await start()
        except RefusedError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self._follow(session)

    async def on_event(self, event: events.Event) -> None:
        """Keys and the mouse show that somebody is there."""
        self._copying.hear(event)
        if self._attention and isinstance(event, events.Key | events.MouseEvent | events.Paste):
            self._attention.active()
        await super().on_event(event)

    def on_app_focus(self) -> None:
        """Somebody looks."""
        if self._attention:
            self._attention.focus(True)

    def on_app_blur(self) -> None:
        """Nobody looks."""
        if self._attention:
            self._attention.focus(False)

    # -- keys ----------------------------------------------------------------------------------------------------

    def action_help(self) -> None:
        """All keys and signs."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    def action_interrupt(self) -> None:
        """Copies selected text; else leaves as `q` does, and at once when that was asked already.

        Who has just dragged over something, or copied it, means to copy.
        """
        told = self._copying.copy(self)
        if told:
            self.notify(told, markup=False, timeout=3)
        elif self.screen.id == "quit":
            self.exit(Exit.LEAVE)
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Leaves; asks while anything is under way."""
        leaving = self.session.pending_work() if self.session else None
        if leaving is None or not (leaving.waiting or leaving.running or leaving.off):
            self.exit(Exit.LEAVE)
            return
        question = quit_question(leaving)
        question.id = "quit"
        self.push_screen(question, self._left)

    def _left(self, answer: str | None) -> None:
        if answer in (Exit.LEAVE, Exit.CANCEL_WAITING):
            self.exit(Exit(answer))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: our keys that can be used now, and the themes."""
        base = self.screen_stack[-1] if screen not in self.screen_stack else screen
        for key in keys.KEYS:
            node = self if key.action.startswith("app.") else base
            name = key.action.removeprefix("app.")
            if key.palette and hasattr(node, f"action_{name}") and node.check_action(name, ()):
                yield SystemCommand(f"{key.label} ({key.display})", key.help, getattr(node, f"action_{name}"))
        yield SystemCommand("Theme", "Change the colours", self.action_change_theme)

    # -- bugs ----------------------------------------------------------------------------------------------------

    def panic(self, *_renderables: object) -> None:
        """Textual's end for errors that draw themselves: ours is the same for all."""
        self._fatal_error()

    def _fatal_error(self) -> None:
        """Ends with a sentence. Textual would print a traceback with the values of local variables, tokens too."""
        error = self._exception
        path = self._report_crash(error) if self._report_crash and error else None
        self._exit_renderables[:] = [Text(crash.sentence(error, path))]
        self._close_messages_no_wait()
