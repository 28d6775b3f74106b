"""Servers that are off for longer than they should be."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.benchmarks.hostile.front import Asked, Reply, Rule, error_reply, refuse
from tests.benchmarks.hostile.judge import Judge, scene
from tests.benchmarks.hostile.stage import stage, wait_until

CREATE = r"/servers/\d+/actions/create_image"
MAX_DOWNTIME = 20
MARGIN = 20.0
"""Seconds beyond --max-downtime: the power-on itself (2 s), the polls before and after it, and a busy machine."""


@scene(
    "slow-guest",
    "a guest needs 45 s to shut down, --off-within 10s",
    "the server ends up on; resume names it and does not exit with 0 as long as it may still go off",
    within=240,
)
def slow_guest(judge: Judge) -> None:
    """Its shutdown works after everybody has given up."""
    with stage(judge, shutdown=(45, 45)) as at:
        code, _ = at.run("snapshot", "web1", "--shut-down", "--off-within", "10s", within=150)
        judge.ended("the run", code, 1, 5)
        ever_off = bool(at.watch.ever_off())
        judge.figure("it ended " + ("after" if ever_off else "before") + " the server went off")
        claims = [("the run", code, ever_off)] if code != 5 else []
        for _ in range(3):
            if code != 5 and claims:
                break
            code, text = at.run("resume", "--yes", within=90)
            if code is None:
                judge.check("resume hangs", False)
                break
            ever_off = bool(at.watch.ever_off())
            if not ever_off:
                judge.names("resume", text, "web1")
            if code != 5:
                claims.append(("resume", code, ever_off))
        wait_until(lambda: bool(at.watch.ever_off()), 60)
        wait_until(lambda: not at.is_off("web1"), 30)
        for who, said, was_off in claims:
            words = f"{who} exits {said} {'after' if was_off else 'before'} it had gone off"
            judge.check(words, was_off)
        judge.check(f"the server is {at.status('web1')} in the end", at.status("web1") == "running")
        judge.figure(f"off for {at.watch.longest('web1'):.0f} s")


@scene(
    "slow-guest-resume",
    "a guest needs 45 s, and the run is killed after it gave the shutdown up",
    "resume keeps the debt: the server ends up on",
    within=240,
)
def slow_guest_killed(judge: Judge) -> None:
    """The next process has only the journal."""
    with stage(judge, shutdown=(45, 45)) as at:
        run = at.start("snapshot", "web1", "--shut-down", "--off-within", "10s")
        wait_until(lambda: at.posts("shutdown") > 0, 40)
        run.wait(16)
        run.kill()
        code, text = at.run("resume", "--yes", within=120)
        said = f"resume: exit {code}, {text.strip().splitlines()[-1][-80:] if text.strip() else 'no word'}"
        was_off = bool(at.watch.ever_off())
        judge.check(said if code is not None else "resume hangs", code == 5 or (code is not None and was_off))
        wait_until(lambda: bool(at.watch.ever_off()), 60)
        wait_until(lambda: not at.is_off("web1"), 20)
        if at.is_off("web1") and code == 5:
            code, _ = at.run("resume", "--yes", within=60)
            judge.check(f"resume once more: exit {code}", code in (0, 1))
        judge.check(f"the server is {at.status('web1')} in the end", at.status("web1") == "running")


def _refused(judge: Judge, refusal: Rule, lasts: float | None, *more: str, for_all: bool = True) -> None:
    """Three servers, shut down one at a time, while create_image is refused.

    `for_all`: the reason is one that holds for the other servers too.
    """
    within = 150
    with stage(judge, servers=3) as at:
        rule = at.front.add(refusal)
        limit = at.option("snapshot", "--max-downtime", f"{MAX_DOWNTIME}s")
        since = time.monotonic()
        run = at.start("snapshot", "--all", "--shut-down", *more, *limit)
        if lasts is not None:
            while time.monotonic() - since < lasts and run.wait(1) is None:
                pass
            off_meanwhile = at.watch.ever_off()
            at.front.remove(rule)
        code = run.wait(within - (time.monotonic() - since))
        off = at.watch.ever_off()
        if lasts is None:
            off_meanwhile = off
        longest = max((at.watch.longest(name) for name in off), default=0.0)
        allowed = MAX_DOWNTIME + MARGIN
        judge.check(f"off for {longest:.0f} s at most (allowed {MAX_DOWNTIME} s)", longest <= allowed)
        if for_all:
            judge.check(f"shut down while refused: {', '.join(off_meanwhile) or 'none'}", len(off_meanwhile) <= 1)
        judge.check(f"{at.watch.most_at_once()} off at the same time", at.watch.most_at_once() <= 1)
        judge.ended("the run", code, 1, 5)
        wait_until(lambda: not at.left_off(), 20)
        judge.check(f"left off: {', '.join(at.left_off()) or 'none'}", not at.left_off())
        judge.figure(f"{at.front.count('POST', CREATE)} create_image sent")


@scene(
    "refused-503",
    "create_image answers 503 for 90 s while a server is off",
    f"downtime within --max-downtime {MAX_DOWNTIME}s, no second server shut down, exit 5",
)
def unavailable(judge: Judge) -> None:
    """A route's outage. An answered 503 does not mean that nothing was done, so it is looked up."""
    _refused(judge, refuse("POST", CREATE, 503, "unavailable", "service is currently not available"), 90)


@scene(
    "refused-429",
    "create_image answers 429 for 90 s while a server is off",
    f"downtime within --max-downtime {MAX_DOWNTIME}s, no second server shut down, exit 5",
)
def limited(judge: Judge) -> None:
    """A limit of one route; the budget of the others is full."""
    message = "limit of requests reached"
    _refused(judge, refuse("POST", CREATE, 429, "rate_limit_exceeded", message), 90)


@scene(
    "refused-423",
    "create_image answers 423 for 90 s though the server is not locked, --max-wait 15s",
    f"downtime within --max-downtime {MAX_DOWNTIME}s, one server off at a time, exit 5",
)
def locked(judge: Judge) -> None:
    """A lock that no list shows. It is each server's own, so the next one has its turn."""
    refusal = refuse("POST", CREATE, 423, "locked", "cannot perform operation because server is locked")
    _refused(judge, refusal, 90, "--max-wait", "15s", for_all=False)


@scene(
    "refused-invalid",
    "create_image answers 422 invalid_input, for good",
    f"downtime within --max-downtime {MAX_DOWNTIME}s, no second server shut down, exit 1 or 5",
)
def invalid(judge: Judge) -> None:
    """What refuses one server's snapshot refuses all of them."""
    refusal = refuse("POST", CREATE, 422, "invalid_input", "invalid input in field 'labels'")
    _refused(judge, refusal, None)


@scene(
    "power-on-refused",
    "the power-on is answered once with 503 and Retry-After: 900",
    "it is tried again within a minute",
)
def retry_after(judge: Judge) -> None:
    """A header that makes no sense while a server is off."""
    _refuse_power_on(judge, 503, "unavailable", {"Retry-After": "900"})


@scene(
    "power-on-limited",
    "the power-on is answered once with 429 and Retry-After: 900",
    "it is tried again within a minute",
)
def limited_power_on(judge: Judge) -> None:
    """The same as a rate limit."""
    _refuse_power_on(judge, 429, "rate_limit_exceeded", {"Retry-After": "900"})


def _refuse_power_on(judge: Judge, status: int, code: str, headers: dict[str, str]) -> None:
    with stage(judge) as at:
        refused: list[float] = []

        def rule(asked: Asked, forward: Callable[[], Reply]) -> Reply:
            if asked.fits("POST", r"/servers/\d+/actions/poweron") and not refused:
                refused.append(time.monotonic())
                return error_reply(status, code, "not now", headers)
            return forward()

        at.front.add(rule)
        run = at.start("snapshot", "web1", "--shut-down")
        wait_until(lambda: bool(refused), 60)
        since = time.monotonic()
        is_on = wait_until(lambda: at.watch.off_since("web1") is None, 75)
        took = time.monotonic() - since
        judge.check(f"on {took:.0f} s later" if is_on else f"still off after {took:.0f} s", is_on and took <= 60)
        ended = run.wait(45)
        judge.check(f"exit {ended}" if ended is not None else "it goes on", ended == 0)
