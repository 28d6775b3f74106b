"""Several processes that share a project's journal."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from tests.benchmarks.hostile.front import refuse
from tests.benchmarks.hostile.judge import Judge, scene
from tests.benchmarks.hostile.stage import stage, wait_until

_CHECKOUT = str(Path(__file__).parents[4])


@scene(
    "leader-leaves",
    "the leading console gets SIGTERM while a cron run's server is off and its snapshot is still refused",
    "the cron run takes over: one shutdown, one snapshot, exit 0, on again",
    within=260.0,
)
def leaves(judge: Judge) -> None:
    """The server is not the leaving process's own, and somebody is there to look after it."""
    with stage(judge) as at:
        console, _ = at.console()
        rule = at.front.add(refuse("POST", r"/servers/\d+/actions/create_image", 503, "unavailable", "not now"))
        cron = at.start("snapshot", "web1", "--shut-down")
        wait_until(lambda: at.watch.off_since("web1") is not None, 40)
        console.send(signal.SIGTERM)
        since = time.monotonic()
        code = console.wait(30)
        judge.check(
            f"the console ended in {time.monotonic() - since:.0f} s" if code is not None else "the console stays",
            code is not None,
        )
        at.front.remove(rule)
        code = cron.wait(170)  # the last look after a lost answer comes two minutes later
        judge.ended("the cron run", code, 0)
        shutdowns, starts = at.posts("shutdown"), at.posts("poweron")
        judge.check(f"{shutdowns} shutdowns, {starts} power-ons", (shutdowns, starts) == (1, 1))
        judge.check(f"snapshots: {at.snapshots()}", at.snapshots() == 1)
        judge.check(f"the server is {at.status('web1')}", at.status("web1") == "running")
        judge.figure(f"off for {at.watch.longest('web1'):.0f} s")


@scene(
    "leader-leaves-alone",
    "the only process gets SIGTERM while its server is off and the snapshot is still refused",
    "it is switched on first, exit 5",
)
def leaves_alone(judge: Judge) -> None:
    """There is nobody else to do it."""
    with stage(judge) as at:
        at.front.add(refuse("POST", r"/servers/\d+/actions/create_image", 503, "unavailable", "not now"))
        run = at.start("snapshot", "web1", "--shut-down")
        wait_until(lambda: at.watch.off_since("web1") is not None, 40)
        run.send(signal.SIGTERM)
        code = run.wait(75)
        judge.ended("the run", code, 5)
        judge.check(f"the server is {at.status('web1')}", at.status("web1") == "running")


@scene(
    "takeover-batch",
    "runs ask for snapshots while another one takes over on a slow disk",
    "no run is forgotten: all exit 0",
)
def takeover(judge: Judge) -> None:
    """What is committed between two readings of the one that takes over belongs to neither. It stays long enough
    for the others, since whoever leads after it would find what it has missed."""
    with stage(judge, servers=10, snapshot=(3, 3)) as at:
        at.call(lambda cloud: cloud.lock(cloud.server_named("web2").id, seconds=70))
        first = at.start("snapshot", "web1")
        wait_until(lambda: at.leader() == first.pid, 30)
        around = at.environment(SLOW_DISK="5", SLOW_DISK_FOR="16", PYTHONPATH=_CHECKOUT)
        entry = [sys.executable, "-m", "tests.benchmarks.hostile.slow_disk"]
        first.kill()
        second = at.start("snapshot", "web2", env=around, entry=entry)
        if not wait_until(lambda: at.leader() == second.pid, 60):
            raise RuntimeError(f"nobody took over: {second.text}")
        since = time.monotonic()
        runs = []
        for number in range(3, 11):
            runs.append(at.start("snapshot", f"web{number}"))
            time.sleep(0.7)
        codes = [run.wait(max(0.5, since + 50 - time.monotonic())) for run in runs]
        stuck = [f"web{number}" for number, code in enumerate(codes, 3) if code is None]
        judge.check(f"forgotten: {', '.join(stuck) or 'none'}", not stuck)
        codes.append(second.wait(60))
        ended = sorted({code for code in codes if code is not None})
        judge.check(f"exit codes {', '.join(map(str, ended))}", ended == [0])


@scene(
    "leader-killed",
    "the leading process is killed while another run's server is off",
    "the other one takes over: one shutdown, one snapshot, exit 0",
)
def killed(judge: Judge) -> None:
    """As a machine's memory runs out."""
    with stage(judge) as at:
        at.call(lambda cloud: cloud.lock(cloud.server_named("web1").id, seconds=300))
        first = at.start("snapshot", "web1")
        wait_until(lambda: at.leader() == first.pid, 30)
        other = at.start("snapshot", "web2", "--shut-down")
        wait_until(lambda: at.watch.off_since("web2") is not None, 40)
        first.kill()
        code = other.wait(90)
        judge.ended("the other run", code, 0)
        counts = at.posts("shutdown"), at.posts("poweron")
        judge.check(f"{counts[0]} shutdowns, {counts[1]} power-ons", counts == (1, 1))
        judge.check(f"web2 is {at.status('web2')}", at.status("web2") == "running")
        judge.figure(f"off for {at.watch.longest('web2'):.0f} s")
