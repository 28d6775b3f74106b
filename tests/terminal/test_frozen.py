"""Terminals that are frozen, gone or slow: what a terminal does never delays a power-on, nor a signal."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clocks.quick import COMMAND
from tests.patience import FOREVER
from tests.programs import Machine, environment, machine
from tests.pty_terminal import ALTERNATE_OFF, Terminal, stands_still, terminal


def ignore_hang_ups() -> None:
    """For a process before it begins: the kernel's SIGHUP says nothing to it."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@contextmanager
def console_of_a_server_that_is_off(at: Machine, *, deaf: bool = False) -> Iterator[Terminal]:
    """A console that has taken over a snapshot whose server was shut down; the server is still locked by it."""
    at.add("web-1")
    at.leave_off("web-1")
    prepare = ignore_hang_ups if deaf else None
    with terminal(env=at.env, cwd=at.home, columns=160, program=COMMAND, prepare=prepare) as screen:
        screen.wait("it is followed to its end")
        yield screen


def ends(at: Machine, screen: Terminal) -> None:
    """Waits until the program has ended, without reading anything from its terminal."""
    at.eventually(lambda: not screen.child.isalive())


def test_a_terminal_that_nobody_reads_delays_neither_a_power_on_nor_a_signal() -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at, console_of_a_server_that_is_off(at) as screen:
        screen.freeze("l")
        at.unlock("web-1")
        at.eventually(lambda: at.status("web-1") == "running")
        os.kill(screen.pid, signal.SIGTERM)
        ends(at, screen)
        assert screen.child.exitstatus == 0


def test_a_signal_in_a_frozen_terminal_switches_on_what_is_off() -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at, console_of_a_server_that_is_off(at) as screen:
        screen.freeze("l")
        os.kill(screen.pid, signal.SIGTERM)
        at.unlock("web-1")
        ends(at, screen)
        assert at.status("web-1") == "running"


def test_a_second_ctrl_c_ends_at_once_in_a_frozen_terminal() -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at, console_of_a_server_that_is_off(at) as screen:
        screen.freeze("l")

        def ended() -> bool:
            os.kill(screen.pid, signal.SIGINT)
            return not screen.child.isalive()

        at.eventually(ended)  # Ctrl-C again and again, as a key does that is held down
        assert screen.child.exitstatus == 130
        assert at.status("web-1") == "off"


def test_a_terminal_that_reads_again_shows_everything() -> None:
    with machine() as at:
        at.add(*(f"web-{number}" for number in range(20)))
        with terminal(env=at.env, cwd=at.home, columns=160, rows=50, program=COMMAND) as screen:
            screen.wait("20 servers")
            screen.freeze("l")
            at.remove("web-7")
            rows = {f"web-{number}" for number in range(20)} - {"web-7"}
            screen.wait(lambda text: "19 servers" in text and all(row in text for row in rows))
            screen.press("q")
            assert screen.ended() == 0
            assert screen.is_restored()


@pytest.mark.parametrize("deaf", [True, False])
def test_a_terminal_that_vanishes_is_left_and_what_is_off_is_switched_on(deaf: bool) -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at, console_of_a_server_that_is_off(at, deaf=deaf) as screen:
        screen.hang_up()
        at.unlock("web-1")
        ends(at, screen)
        assert at.status("web-1") == "running"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc here")
def test_a_terminal_that_vanishes_does_not_keep_the_processor_busy() -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at, console_of_a_server_that_is_off(at, deaf=True) as screen:
        screen.hang_up()
        before = processor_seconds(screen.pid)
        time.sleep(3)  # a thread that turns in circles needs time to be told from one that waits
        assert processor_seconds(screen.pid) - before < 1.5


def processor_seconds(pid: int) -> float:
    """How long a process has kept the processor busy."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_bytes_that_are_no_utf_8_are_no_bug(tmp_path: Path) -> None:
    with terminal("--demo", env=environment(tmp_path, TMPDIR=str(tmp_path)), cwd=tmp_path) as screen:
        screen.wait("cache-1")
        os.write(screen.child.child_fd, b"\xff\xfe\x80")
        screen.press("?")
        screen.wait("Select or deselect the server under the cursor")
        screen.press("\x1b")
        screen.wait("20 servers")
        screen.press("q")
        screen.wait(lambda _: ALTERNATE_OFF in screen.raw)
        assert screen.ended() == 0


def test_ctrl_z_suspends_and_going_on_draws_everything() -> None:
    with machine() as at:
        at.add("web-1")
        with terminal(env=at.env, cwd=at.home, columns=160, program=COMMAND) as screen:
            screen.wait("web-1")
            for name in ("db-1", "db-2"):
                screen.press("\x1a")
                at.eventually(lambda: stands_still(screen))
                screen.wait(lambda _: screen.is_restored())
                at.add(name)
                os.kill(screen.pid, signal.SIGCONT)
                screen.wait(name)
            screen.press("q")
            assert screen.ended() == 0
            assert screen.is_restored()


def test_ctrl_z_is_refused_while_a_server_is_off_because_of_us() -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at, console_of_a_server_that_is_off(at) as screen:
        screen.press("\x1a")
        screen.wait("Not suspended: web-1 must be powered on again first")
        assert not stands_still(screen)


def test_a_stop_signal_is_refused_while_a_server_is_off_because_of_us() -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at, console_of_a_server_that_is_off(at) as screen:
        os.kill(screen.pid, signal.SIGTSTP)
        screen.wait("Not suspended: web-1 must be powered on again first")
        assert not stands_still(screen)


def test_a_stop_from_outside_leaves_a_console_that_works() -> None:
    with machine() as at:
        at.add("web-1")
        with terminal(env=at.env, cwd=at.home, columns=160, program=COMMAND) as screen:
            screen.wait("web-1")
            os.kill(screen.pid, signal.SIGSTOP)
            at.eventually(lambda: stands_still(screen))
            os.kill(screen.pid, signal.SIGCONT)
            at.add("db-1")
            screen.wait("db-1")
            screen.press("q")
            assert screen.ended() == 0
            assert screen.is_restored()


@pytest.mark.parametrize("after", [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4])
def test_a_signal_while_the_screen_starts_is_heard_though_nobody_reads(after: float) -> None:
    with machine() as at:
        at.add("web-1")
        with terminal(env=at.env, cwd=at.home, program=COMMAND) as screen:
            time.sleep(after)
            os.kill(screen.pid, signal.SIGTERM)
            ends(at, screen)
            assert screen.child.exitstatus == 0 or screen.child.signalstatus == signal.SIGTERM
