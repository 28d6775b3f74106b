"""The first screen when there is no token: where to get one, and the demo."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Button, Static

from hsnap_tui.tui import keys
from hsnap_tui.tui.widgets.keys_footer import KeysFooter

WAYS = """\
hsnap-tui needs an API token of your Hetzner Cloud project.

Where a token comes from
  Hetzner Console (https://console.hetzner.com), then your project >
  Security > API tokens > Generate API token, with Read & Write.
  Hetzner shows it once: keep it safe. A Read token shows everything,
  but takes no snapshots.

How hsnap-tui finds it, when you start it again
  •  export HCLOUD_TOKEN=…
  •  or the active context of Hetzner's own command line:
     hcloud context create NAME
"""

DEMO = """\
Or look around first
  The demo is a simulated Hetzner Cloud on this machine: it needs no
  token, reaches no network and costs nothing.
"""


class WelcomeScreen(Screen[None]):
    """Explains where a token comes from. `demo` is whether the demo can be started; `token_problem` says what was
    wrong with the token that was found, if there was one."""

    BINDINGS = keys.bindings(keys.Scope.WELCOME)

    DEFAULT_CSS = """
    WelcomeScreen { align: center middle; background: $background; }
    WelcomeScreen > VerticalScroll {
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 2;
        border: round $hsnap-focus; border-title-style: bold; scrollbar-size-vertical: 1;
    }
    WelcomeScreen .why { color: $text-error; margin-bottom: 1; }
    WelcomeScreen Horizontal { height: 1; }
    """

    class DemoWanted(Message):
        """The person wants the demo."""

    def __init__(self, demo: bool, token_problem: str | None = None) -> None:
        super().__init__()
        self._demo = demo
        self._token_problem = token_problem

    def compose(self) -> ComposeResult:
        """The explanation and the buttons."""
        with VerticalScroll(can_focus=False) as box:
            box.border_title = "Welcome to hsnap-tui"
            if self._token_problem:
                yield Static(f"✗ {self._token_problem}", classes="why", markup=False)
            yield Static(WAYS, markup=False)
            if self._demo:
                yield Static(DEMO, markup=False)
            with Horizontal():
                if self._demo:
                    yield Button("Start the demo (d)", compact=True, id="demo")
                yield Button("Quit (q)", compact=True, id="quit")
        yield KeysFooter()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Starts the demo or quits by button."""
        if event.button.id == "demo":
            self.action_demo()
        else:
            self.app.exit()

    def action_demo(self) -> None:
        """Asks for the demo."""
        if self._demo:
            self.post_message(self.DemoWanted())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Hides `d` when the demo can't be started."""
        return self._demo if action == "demo" else True
