"""The rate limit: what an outage costs others, and what a power-on waits for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from tests.benchmarks.hostile.front import Asked, Front, Reply, refuse
from tests.benchmarks.hostile.judge import Judge, scene
from tests.benchmarks.hostile.stage import Run, Stage, stage, wait_until

CREATE = r"/servers/\d+/actions/create_image"
MOST_REQUESTS = 200
MOST_LOOK_UPS = 44
"""Some at once after a quiet time (24), then a third of what refills in a minute (20)."""


def _kind(asked: Asked) -> str:
    if asked.method == "POST":
        return "POST"
    if asked.path in ("/servers", "/servers/actions"):
        return "poll" if "id=" not in asked.query else "look-up"
    if asked.path == "/actions" or asked.fits("GET", r"/actions/\d+"):
        return "poll"
    return "look-up"


def _counts(front: Front, since: float, until: float) -> Counter[str]:
    return Counter(_kind(asked) for asked in front.heard if since <= asked.at < until)


@scene(
    "route-outage",
    "create_image answers 503 for a minute, 100 servers",
    f"fewer than {MOST_REQUESTS} requests in that minute, {MOST_LOOK_UPS} look-ups at most; then all are done",
    within=320,
)
def outage(judge: Judge) -> None:
    """Terraform and CI live on the same budget."""
    with stage(judge, servers=100, snapshot=(5, 8)) as at:
        refusal = at.front.add(refuse("POST", CREATE, 503, "unavailable", "service is currently not available"))
        run = at.start("snapshot", "--all")
        wait_until(lambda: at.front.count("POST", CREATE) > 0, 40)
        since = time.monotonic()
        run.wait(60)
        at.front.remove(refusal)
        counts = _counts(at.front, since, since + 60)
        total, look_ups = counts.total(), counts["look-up"]
        judge.check(f"{total} requests in the minute", total < MOST_REQUESTS)
        judge.check(f"{look_ups} look-ups", look_ups <= MOST_LOOK_UPS)
        judge.figure(", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())))
        code = run.wait(200)
        judge.check(f"exit {code} {time.monotonic() - since - 60:.0f} s later", code == 0)
        judge.check(f"snapshots: {at.snapshots()}", at.snapshots() == 100)


@scene(
    "low-budget",
    "50 requests are left and nothing refills when a snapshot of a server that is off has begun; ten other jobs run",
    "powered on within seconds of the lock's end",
)
def low(judge: Judge) -> None:
    """Another client takes all that refills."""
    with stage(judge, servers=11, snapshot=(12, 12), unlock_at=50) as at:
        run = _last_requests(at, lambda: at.snapshots_begun() > 0)
        longest = at.watch.longest("web1")
        is_on = at.watch.off_since("web1") is None
        # 2 s until the snapshot is asked for, 6 s locked, 2 s to power it on, and what polls cost of time.
        judge.check(_off(longest, is_on), is_on and longest < 25)
        run.kill()


@scene(
    "low-budget-create",
    "the same when the server is off and its snapshot is not asked for yet, --max-downtime 20s",
    "powered on within that time",
)
def low_before(judge: Judge) -> None:
    """The snapshot has to wait for the rate limit, the server must not."""
    with stage(judge, servers=11, snapshot=(12, 12), unlock_at=50) as at:
        more = at.option("snapshot", "--max-downtime", "20s")
        run = _last_requests(at, lambda: at.watch.off_since("web1") is not None, *more)
        longest = at.watch.longest("web1")
        is_on = at.watch.off_since("web1") is None
        judge.check(_off(longest, is_on), is_on and longest < 40)
        judge.figure(f"snapshots begun: {at.snapshots_begun()}")
        run.kill()


def _last_requests(at: Stage, begun: Callable[[], bool], *more: str) -> Run:
    """Starts all, takes the rate limit away when `begun`, and waits a minute for the server to be on again."""
    at.call(lambda cloud: [cloud.lock(cloud.server_named(f"web{n}").id, seconds=200) for n in range(2, 12)])
    waiting = at.start("snapshot", *(f"web{number}" for number in range(2, 12)))
    wait_until(lambda: at.leader() == waiting.pid, 30)
    run = at.start("snapshot", "web1", "--shut-down", *more)
    wait_until(begun, 40)
    left, heard, end = 50, len(at.front.heard), time.monotonic() + 60
    while time.monotonic() < end and (not at.watch.ever_off() or at.watch.off_since("web1") is not None):
        left, heard = left - (len(at.front.heard) - heard), len(at.front.heard)
        with at.served.lock:
            at.served.budget.drain(at.served.clock.now(), leave=max(0, left))
        time.sleep(0.25)
    return run


def _off(seconds: float, is_on: bool) -> str:
    return f"off for {seconds:.0f} s" if is_on else f"still off after {seconds:.0f} s"


def _absurd(judge: Judge, headers: dict[str, str]) -> None:
    """One answer carries headers that make no sense, while a server is off."""
    with stage(judge) as at:
        told: list[float] = []

        def rule(asked: Asked, forward: Callable[[], Reply]) -> Reply:
            reply = forward()
            if not told and at.watch.off_since("web1") is not None and asked.method == "GET":
                told.append(time.monotonic())
                for name in [name for name in reply.headers if name.lower().startswith("ratelimit")]:
                    del reply.headers[name]
                reply.headers.update(headers)
            return reply

        at.front.add(rule)
        run = at.start("snapshot", "web1", "--shut-down")
        wait_until(lambda: bool(told), 60)
        since = time.monotonic()
        is_on = wait_until(lambda: at.watch.off_since("web1") is None, 60)
        longest = at.watch.longest("web1")
        judge.check(
            f"off for {longest:.0f} s" if is_on else f"still off after {longest:.0f} s", is_on and longest < 35
        )
        code = run.wait(40)
        took = time.monotonic() - since
        judge.ended("the run", code, 0)
        judge.figure(f"it took {took:.0f} s")


@scene(
    "absurd-limit",
    "one answer says RateLimit-Limit: 1, Remaining: 0, Reset in an hour, while a server is off",
    "it is not believed: switched on as soon as the lock clears",
)
def limit(judge: Judge) -> None:
    """A gateway with a limit of its own."""
    reset = str(int(time.time()) + 3600)
    _absurd(judge, {"RateLimit-Limit": "1", "RateLimit-Remaining": "0", "RateLimit-Reset": reset})


@scene(
    "absurd-reset",
    "one answer says RateLimit-Remaining: 0 and a Reset ten years from now, while a server is off",
    "it is not believed: switched on as soon as the lock clears",
)
def reset(judge: Judge) -> None:
    """Milliseconds where seconds belong."""
    far = str(int(time.time()) + 315_360_000)
    _absurd(judge, {"RateLimit-Limit": "3600", "RateLimit-Remaining": "0", "RateLimit-Reset": far})


@scene(
    "idle-console",
    "an idle console on 1000 servers",
    "at most the 60 requests a minute that refill",
    within=160,
)
def idle(judge: Judge) -> None:
    """Nobody looks, nothing happens."""
    with stage(judge, servers=1000) as at:
        at.console()
        time.sleep(25)
        since = time.monotonic()
        time.sleep(60)
        counts = _counts(at.front, since, since + 60)
        judge.check(f"{counts.total()} requests in a minute", counts.total() <= 60)
        judge.figure(", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())))
