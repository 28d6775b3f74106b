"""The commands without a screen on a terminal: frozen, suspended, in the background, gone."""

from __future__ import annotations

import os
import signal

import pytest

from tests.clocks.quick import COMMAND
from tests.patience import FOREVER
from tests.programs import Machine, machine
from tests.pty_terminal import Terminal, stands_still, terminal


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_terminal_that_was_stopped_delays_neither_a_power_on_nor_a_signal(number: int) -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at:
        at.add("web-1", "web-2")
        at.lock("web-2", FOREVER)
        words = ("snapshot", "--all", "--shut-down")
        with terminal(*words, env=at.env, cwd=at.home, columns=120, program=COMMAND) as screen:
            screen.wait("web-1: creating snapshot 301445108")
            screen.press("\x13")
            assert at.status("web-1") == "off"
            at.unlock("web-1")
            at.eventually(lambda: at.status("web-1") == "running")
            os.kill(screen.pid, number)
            at.eventually(lambda: not screen.child.isalive())
            assert screen.child.exitstatus == 5


def off(at: Machine, screen: Terminal) -> None:
    """Waits until web-1 is off because of its snapshot."""
    screen.wait("creating snapshot")
    assert at.status("web-1") == "off"


def test_ctrl_z_is_refused_while_a_server_is_off_and_suspends_otherwise() -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at:
        at.add("web-1")
        words = ("snapshot", "web-1", "--shut-down")
        with terminal(*words, env=at.env, cwd=at.home, columns=160, program=COMMAND) as screen:
            off(at, screen)
            screen.press("\x1a")
            screen.wait("Not suspended: web-1 must be powered on again first")
            assert not stands_still(screen)
            at.unlock("web-1")
            screen.wait("web-1: powered on")
            screen.press("\x1a")
            at.eventually(lambda: stands_still(screen))
            os.kill(screen.pid, signal.SIGCONT)
            screen.press("\x03")
            assert screen.ended() == 5


def test_a_background_process_that_may_not_write_is_not_stopped() -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at:
        at.add("web-1")
        words = ("-c", 'stty tostop; set -m; "$@" & wait', "sh", *COMMAND, "snapshot", "web-1", "--shut-down")
        with terminal(*words, env=at.env, cwd=at.home, columns=120, program=("/bin/sh",)) as screen:
            off(at, screen)
            at.unlock("web-1")
            screen.wait("web-1: powered on")
