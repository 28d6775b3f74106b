"""Tokens that are refused, in a process that leads, while another process has a good one."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.benchmarks.hostile.front import Asked, Reply, error_reply
from tests.benchmarks.hostile.judge import Judge, scene
from tests.benchmarks.hostile.stage import Stage, stage, wait_until

OLD_TOKEN = "o" * 64


def _refuse_token(at: Stage, status: int, code: str, message: str) -> None:
    def rule(asked: Asked, forward: Callable[[], Reply]) -> Reply:
        return error_reply(status, code, message) if asked.token == OLD_TOKEN else forward()

    at.front.add(rule)


def _judge_cron(at: Stage, judge: Judge) -> None:
    """Two runs with the good token, one after the other."""
    for name in ("web1", "web2"):
        since = time.monotonic()
        code, text = at.run("snapshot", name, "--shut-down", within=60)
        how = f"{name}: exit {code} in {time.monotonic() - since:.0f} s" if code is not None else f"{name}: it hangs"
        judge.check(how, code == 0)
        if code not in (0, None):
            judge.figure(f"last words: {text.strip().splitlines()[-1][-90:]}")
    off = at.left_off()
    judge.check(f"left off: {', '.join(off) or 'none'}", not off)
    judge.check(f"snapshots: {at.snapshots()}", at.snapshots() == 2)


@scene(
    "revoked-token",
    "an idle console leads, its token is revoked; a cron run comes with a good one",
    "two runs with the good token work",
)
def revoked(judge: Judge) -> None:
    """The old token was rotated; the console still has it."""
    with stage(judge) as at:
        at.front.tokens[OLD_TOKEN] = at.served.token
        at.console(env=at.environment(HCLOUD_TOKEN=OLD_TOKEN))
        _refuse_token(at, 401, "unauthorized", "unable to authenticate")
        time.sleep(6)
        _judge_cron(at, judge)


@scene(
    "forbidden-token",
    "an idle console leads, its token is refused with 403; a cron run comes at once with a good one",
    "two runs with the good token work",
)
def forbidden(judge: Judge) -> None:
    """Without the seconds in which the console could have noticed by itself."""
    with stage(judge) as at:
        at.front.tokens[OLD_TOKEN] = at.served.token
        at.console(env=at.environment(HCLOUD_TOKEN=OLD_TOKEN))
        _refuse_token(at, 403, "forbidden", "insufficient permissions for this request")
        _judge_cron(at, judge)


@scene(
    "read-only-token",
    "an idle console leads with a read-only token; a cron run comes with a good one",
    "two runs with the good token work",
)
def read_only(judge: Judge) -> None:
    """That it is read-only shows only when something is sent."""
    with stage(judge) as at:
        at.front.tokens[OLD_TOKEN] = at.served.readonly_token
        try:
            at.console(env=at.environment(HCLOUD_TOKEN=OLD_TOKEN))
        except RuntimeError:
            judge.figure("the console with the read-only token does not lead")
        _judge_cron(at, judge)


@scene(
    "revoked-while-off",
    "the token is revoked while a server is off, and the run ends; the next one has a good token",
    "the first run names the server and does not exit with 0; resume with the good token switches it on",
)
def revoked_while_off(judge: Judge) -> None:
    """Nothing can be sent with the old token any more."""
    with stage(judge) as at:
        at.front.tokens[OLD_TOKEN] = at.served.token
        old = at.environment(HCLOUD_TOKEN=OLD_TOKEN)
        first = at.start("snapshot", "web1", "--shut-down", "--network-wait", "10s", env=old)
        wait_until(lambda: at.watch.off_since("web1") is not None, 40)
        _refuse_token(at, 401, "unauthorized", "unable to authenticate")
        code = first.wait(60)
        judge.ended("the first run", code, 3, 5)
        first.kill()
        judge.names("it", first.text, "web1")
        code, _ = at.run("resume", "--yes", within=60)
        judge.ended("resume", code, 0)
        judge.check(f"the server is {at.status('web1')}", at.status("web1") == "running")


@scene(
    "revoked-leader-off",
    "a console's token is revoked while a server is off because of it; resume comes with a good one",
    "resume powers the server on and finishes its snapshot",
)
def revoked_leader_off(judge: Judge) -> None:
    """The console can do nothing any more, and the server is off for as long as it stays in charge."""
    with stage(judge) as at:
        at.front.tokens[OLD_TOKEN] = at.served.token
        old = at.environment(HCLOUD_TOKEN=OLD_TOKEN)
        at.console(env=old)
        cron = at.start("snapshot", "web1", "--shut-down", env=old)
        wait_until(lambda: at.watch.off_since("web1") is not None, 40)
        cron.kill()
        _refuse_token(at, 401, "unauthorized", "unable to authenticate")
        since = time.monotonic()
        code, _ = at.run("resume", "--yes", within=75)
        judge.ended("resume", code, 0)
        judge.figure(f"resume took {time.monotonic() - since:.0f} s, off for {at.watch.longest('web1'):.0f} s")
        judge.check(f"the server is {at.status('web1')}", at.status("web1") == "running")
        judge.check(f"snapshots: {at.snapshots()}", at.snapshots() == 1)
