"""Terminals and pipes that stand still, are gone or are closed."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable

from tests.benchmarks.hostile.judge import Judge, scene
from tests.benchmarks.hostile.screen import Screen
from tests.benchmarks.hostile.stage import Run, Stage, program, stage, wait_until

OFF_AT_MOST = 30.0
"""Seconds for a snapshot of 8 s with a shutdown before it: what it takes by itself, and two polls."""


def _order(at: Stage, name: str) -> None:
    """Has a server shut down and snapshotted by the process that leads: who ordered it is killed."""
    cron = at.start("snapshot", name, "--shut-down")
    if not wait_until(lambda: at.watch.off_since(name) is not None, 40):
        raise RuntimeError(f"{name} was not shut down: {cron.text}")
    cron.kill()


def _judge_power(at: Stage, judge: Judge, name: str) -> None:
    """Whether the server is on again in time."""
    is_on = wait_until(lambda: at.watch.off_since(name) is None, OFF_AT_MOST)
    judge.check(
        f"the server was off for {at.watch.longest(name):.0f} s" if is_on else f"still off after {OFF_AT_MOST:.0f} s",
        is_on,
    )


def _judge_end(judge: Judge, run: Run, how: str, within: float = 20.0) -> None:
    since = time.monotonic()
    code = run.wait(within)
    words = f"{how} ended it in {time.monotonic() - since:.1f} s, exit {code}"
    judge.check(words if code is not None else f"{how} did not end it within {within:.0f} s", code is not None)


def _frozen(judge: Judge, freeze: Callable[[Screen], None]) -> None:
    with stage(judge) as at:
        console, screen = at.console()
        _order(at, "web1")
        freeze(screen)
        for _ in range(40):  # each opening and closing of the help paints the whole screen
            screen.type("?\x1b")
            time.sleep(0.05)
        resume = at.start("resume", "--yes")
        _judge_power(at, judge, "web1")
        code = resume.wait(60)
        judge.ended("resume beside it", code, 0, 5)
        resume.kill()
        console.send(signal.SIGTERM)
        _judge_end(judge, console, "SIGTERM")
        judge.check(f"snapshots: {at.snapshots()}", at.snapshots() == 1)


@scene(
    "unread-terminal",
    "a console's terminal is not read while a server is off",
    "powered on in time, SIGTERM ends it, resume beside it ends",
)
def unread(judge: Judge) -> None:
    """A stalled ssh session."""
    _frozen(judge, Screen.stop_reading)


@scene(
    "ctrl-s",
    "a console's output is stopped with Ctrl-S while a server is off",
    "powered on in time, SIGTERM ends it, resume beside it ends",
)
def stopped(judge: Judge) -> None:
    """The kernel lets nothing out, and a program that waits for its output to drain waits for ever."""
    _frozen(judge, Screen.stop_output)


@scene(
    "vanished-terminal",
    "a console's terminal vanishes without SIGHUP while a server is off",
    "powered on in time, it ends by itself without spinning, and the project is free",
)
def vanished(judge: Judge) -> None:
    """The pseudo-terminal is not the controlling one, so that the kernel sends no signal."""
    with stage(judge) as at:
        console, screen = at.console(owns_terminal=False)
        _order(at, "web1")
        cpu, since = console.cpu_seconds(), time.monotonic()
        screen.vanish()
        time.sleep(5)
        if console.alive:
            share = (console.cpu_seconds() - cpu) / (time.monotonic() - since)
            judge.check(f"{share:.0%} of a processor while it left", share < 0.5)
        _judge_power(at, judge, "web1")
        code = console.wait(20)
        judge.check("it ended by itself" if code is not None else "it goes on without a terminal", code is not None)
        code, _ = at.run("snapshot", "web2", within=40)
        judge.ended("the next run", code, 0)


@scene(
    "stopped-leader",
    "the process that sends is stopped (SIGSTOP) while a server is off",
    "resume beside it says so with PID and server, exit 5; after SIGCONT all is done",
)
def standing_still(judge: Judge) -> None:
    """Its lock is held by the kernel, and nothing may be sent in its place."""
    with stage(judge) as at:
        leader = at.start("snapshot", "web1", "--shut-down")
        wait_until(lambda: at.watch.off_since("web1") is not None, 40)
        leader.send(signal.SIGSTOP)
        since = time.monotonic()
        code, text = at.run("resume", "--yes", within=75)
        judge.ended("resume", code, 5)
        judge.figure(f"resume took {time.monotonic() - since:.0f} s")
        judge.names("it", text, str(leader.pid))
        judge.names("it", text, "web1")
        leader.send(signal.SIGCONT)
        code = leader.wait(45)
        judge.check(f"after SIGCONT: exit {code}, server {at.status('web1')}", code == 0 and not at.is_off("web1"))
        judge.check(f"snapshots: {at.snapshots()}", at.snapshots() == 1)


@scene(
    "full-pipe",
    "nobody reads the pipe that a run without a screen writes to, while a server is off",
    "powered on in time, SIGTERM ends it",
)
def full_pipe(judge: Judge) -> None:
    """As with `hsnap-tui snapshot … | less`."""
    with stage(judge) as at:
        reading, writing = os.pipe()
        run = at.start("snapshot", "web1", "--shut-down", stdout=writing)
        wait_until(lambda: at.watch.off_since("web1") is not None, 40)
        _fill(writing)
        os.close(writing)
        _judge_power(at, judge, "web1")
        code = run.wait(10)
        if code is None:
            run.send(signal.SIGTERM)
            _judge_end(judge, run, "SIGTERM")
        else:
            judge.check(f"exit {code}", code == 0)
        os.close(reading)


def _fill(writing: int) -> None:
    """Leaves no room in a pipe. That it is not waited for is a property of the descriptor that all share."""
    flags = fcntl.fcntl(writing, fcntl.F_GETFL)
    fcntl.fcntl(writing, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    for size in (65536, 4096, 1):
        try:
            while True:
                os.write(writing, b"\n" * size)
        except BlockingIOError:
            continue
    fcntl.fcntl(writing, fcntl.F_SETFL, flags)


@scene(
    "closed-output",
    "standard output is closed, or its reader has gone",
    "the work is done, exit 0, no traceback",
)
def closed(judge: Judge) -> None:
    """As with `>&-` in a crontab, and with `| head -1`."""
    with stage(judge, servers=3) as at:
        shell = ["/bin/sh", "-c", 'exec "$0" "$@" >&-']
        wanted = {
            "closed": at.start("snapshot", "web1", "--shut-down", entry=[*shell, *program()]),
            "closed, JSON": at.start("snapshot", "web2", "--json", entry=[*shell, *program()]),
        }
        reading, writing = os.pipe()
        wanted["reader gone"] = at.start("snapshot", "web3", stdout=writing)
        os.close(writing)
        os.close(reading)
        for words, run in wanted.items():
            code = run.wait(60)
            judge.check(f"{words}: exit {code}", code == 0)
            if "Traceback" in run.text:
                judge.check(f"{words}: a traceback", False)
        code = at.start("jobs", entry=[*shell, *program()]).wait(20)
        judge.check(f"jobs, closed: exit {code}", code == 0)
        judge.check(f"snapshots: {at.snapshots()}", at.snapshots() == 3)


@scene(
    "ctrl-c-twice",
    "Ctrl-C twice while a server shuts down, before its snapshot was asked for",
    "resume switches it on and does not speak of a snapshot that is followed",
)
def twice(judge: Judge) -> None:
    """The second one leaves at once."""
    with stage(judge, shutdown=(6, 6)) as at:
        run = at.start("snapshot", "web1", "--shut-down", entry=[sys.executable, "-m", "hsnap_tui"])
        wait_until(lambda: at.posts("shutdown") > 0, 30)
        time.sleep(1)
        run.send(signal.SIGINT)
        time.sleep(1)
        run.send(signal.SIGINT)
        code = run.wait(10)
        judge.check(f"Ctrl-C twice: exit {code}", code == 5)
        code, text = at.run("resume", within=90)
        asked = at.posts("create_image")
        judge.check(f"resume: exit {code}", code == 5)
        lines = [line for line in text.splitlines() if "follow" in line]
        judge.check(f"it says: {lines[0].strip()}" if lines else "no false word", asked > 0 or not lines)
        judge.check(f"the server is {at.status('web1')}", at.status("web1") == "running")
