"""Clocks that are set while a server is off: the machine's, and what the API's answers say."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

from tests.benchmarks.hostile.front import Asked, Reply, lose_answer
from tests.benchmarks.hostile.judge import Judge, scene
from tests.benchmarks.hostile.stage import Run, Stage, stage, wait_until
from tests.benchmarks.hostile.wall_clock import WallClock

HOUR, QUARTER = 3600, 900
SHUTDOWN = r"/servers/\d+/actions/shutdown"


def _judge_end(at: Stage, judge: Judge, run: Run, off_at_most: float, within: float = 100) -> None:
    code = run.wait(within)
    judge.check(f"exit {code}" if code is not None else f"it goes on after {within:.0f} s", code == 0)
    time.sleep(3)
    names = at.watch.ever_off()
    longest = max((at.watch.longest(name) for name in names), default=0.0)
    judge.check(f"off for {longest:.0f} s at most", longest <= off_at_most)
    off = at.left_off()
    judge.check(f"left off: {', '.join(off) or 'none'}", not off)
    judge.check(f"snapshots: {at.snapshots()}", at.snapshots() == len(at.before))


def _soon(work: Callable[[], None]) -> None:
    """After the program has noted that the answer is lost, and before it looks what has happened."""
    threading.Timer(0.4, work).start()


def _step(judge: Judge, seconds: int) -> None:
    with stage(judge) as at:
        clock = WallClock(at.home / "clock")
        run = at.start("snapshot", "--all", "--shut-down", env=at.environment(**clock.variables))
        wait_until(lambda: at.watch.off_since("web1") is not None, 40)
        clock.set(seconds)
        _judge_end(at, judge, run, 40)


@scene("clock-back", "the machine's clock is set back an hour while a server is off", "all done in time, exit 0")
def back(judge: Judge) -> None:
    """Every sighting would be older than what is waited for."""
    _step(judge, -HOUR)


@scene(
    "clock-forward", "the machine's clock is set forward 15 minutes while a server is off", "all done in time, exit 0"
)
def forward(judge: Judge) -> None:
    """Deadlines would be over, and labels looked for in the wrong time."""
    _step(judge, QUARTER)


@scene(
    "clock-forward-lost",
    "set forward 15 minutes just when the answer to a shutdown is lost",
    "the stop is known to be ours: all done in time, exit 0",
)
def forward_lost(judge: Judge) -> None:
    """Its action begins at a time that seems to be long ago."""
    with stage(judge, servers=1) as at:
        clock = WallClock(at.home / "clock")
        at.front.add(lose_answer("POST", SHUTDOWN, lambda: _soon(lambda: clock.set(QUARTER))))
        run = at.start("snapshot", "web1", "--shut-down", env=at.environment(**clock.variables))
        _judge_end(at, judge, run, 80, within=140)


@scene(
    "clock-back-lost",
    "set back an hour just when the answer to a shutdown is lost",
    "the stop is known to be ours: all done in time, exit 0",
)
def back_lost(judge: Judge) -> None:
    """Its action begins at a time that seems to be still to come."""
    with stage(judge, servers=1) as at:
        clock = WallClock(at.home / "clock")
        at.front.add(lose_answer("POST", SHUTDOWN, lambda: _soon(lambda: clock.set(-HOUR))))
        run = at.start("snapshot", "web1", "--shut-down", env=at.environment(**clock.variables))
        _judge_end(at, judge, run, 80, within=140)


@scene(
    "clock-back-resume",
    "killed while a server is off, the clock is set back an hour, then resume",
    "resume switches it on and makes the snapshot",
)
def back_resume(judge: Judge) -> None:
    """The journal's times lie in the future."""
    with stage(judge, servers=1) as at:
        clock = WallClock(at.home / "clock")
        around = at.environment(**clock.variables)
        run = at.start("snapshot", "web1", "--shut-down", env=around)
        wait_until(lambda: at.watch.off_since("web1") is not None, 40)
        run.kill()
        clock.set(-HOUR)
        _judge_end(at, judge, at.start("resume", "--yes", env=around), 45)


def _skew(judge: Judge, seconds: int) -> None:
    """From the lost answer on, answers carry a wrong Date."""
    with stage(judge, servers=1) as at:
        begun: list[float] = []

        def rule(asked: Asked, forward: Callable[[], Reply]) -> Reply:
            reply = forward()
            if begun and "Date" in reply.headers:
                date = parsedate_to_datetime(reply.headers["Date"]) + timedelta(seconds=seconds)
                reply.headers["Date"] = format_datetime(date, usegmt=True)
            return reply

        at.front.add(rule)
        at.front.add(lose_answer("POST", SHUTDOWN, lambda: begun.append(time.monotonic())))
        run = at.start("snapshot", "web1", "--shut-down")
        _judge_end(at, judge, run, 80, within=140)


@scene(
    "date-ahead",
    "the API's Date runs 15 minutes ahead from a lost answer to a shutdown on",
    "the stop is known to be ours: all done in time, exit 0",
)
def date_ahead(judge: Judge) -> None:
    """One gateway of several has a wrong clock."""
    _skew(judge, QUARTER)


@scene(
    "date-behind",
    "the API's Date runs 15 minutes behind from a lost answer to a shutdown on",
    "the stop is known to be ours: all done in time, exit 0",
)
def date_behind(judge: Judge) -> None:
    """One gateway of several has a wrong clock."""
    _skew(judge, -QUARTER)
