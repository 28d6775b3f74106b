"""How the console starts: the session first, its screen while the first answers are awaited."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.test_program import leave
from tests.programs import Machine, machine
from tests.pty_terminal import ALTERNATE_ON, Terminal, terminal

HELD_UP = """
import importlib.abc
import sys

class HeldUp(importlib.abc.MetaPathFinder):
    '''Textual is not found before somebody opens the other end of the pipe.'''

    def find_spec(self, name, path, target=None):
        if name == "textual":
            print("Textual is held up", flush=True)
            open(sys.argv[1]).close()
        return None

sys.meta_path.insert(0, HeldUp())
from hsnap_tui.cli import main
raise SystemExit(main.main(sys.argv[2:]))
"""


@contextmanager
def held_up(at: Machine, **variables: str) -> Iterator[tuple[Terminal, Path]]:
    """The console, whose import of Textual takes until the named pipe is opened for writing."""
    program, go_on = at.home / "held_up.py", at.home / "go on"
    program.write_text(HELD_UP)
    os.mkfifo(go_on)
    command = (sys.executable, "-P", str(program), str(go_on))
    with terminal(env={**at.env, **variables}, cwd=at.home, columns=160, program=command) as screen:
        screen.wait("Textual is held up")
        yield screen, go_on


def _listed(at: Machine) -> bool:
    """Whether the list of servers has been asked for."""
    return any(request.path == "/servers" for request in at.served.requests)


def test_the_first_requests_are_answered_before_textual_is_imported() -> None:
    with machine() as at:
        at.add("web-1")
        with held_up(at) as (screen, go_on):
            at.eventually(lambda: _listed(at))
            assert ALTERNATE_ON not in screen.raw
            go_on.write_text("")
            screen.wait("web-1")
            leave(screen, "q")


def test_what_the_session_tells_before_there_is_a_screen_is_in_the_log() -> None:
    with machine() as at:
        at.add("web-1")
        token = at.env.pop("HCLOUD_TOKEN")
        with held_up(at, HERTZNER_API_KEY=token) as (screen, go_on):
            at.eventually(lambda: _listed(at))
            go_on.write_text("")
            screen.wait("an old name; call the variable HCLOUD_TOKEN")
            leave(screen, "q")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_before_there_is_a_screen_ends_the_program_without_showing_one(number: int) -> None:
    with machine() as at:
        at.add("web-1")
        with held_up(at) as (screen, go_on):
            os.kill(screen.pid, number)
            go_on.write_text("")
            assert screen.ended() == 0
            assert ALTERNATE_ON not in screen.raw
            assert "Traceback" not in screen.raw
