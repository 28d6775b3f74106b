"""Waits that would never end by themselves."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from tests.benchmarks.hostile.front import Asked, Reply, error_reply
from tests.benchmarks.hostile.judge import Judge, scene
from tests.benchmarks.hostile.stage import Stage, stage, wait_until

TIMEOUT = 30
MARGIN = 30.0
"""Seconds beyond --timeout: what is owed is paid first."""

WITHOUT_ANSWER = 120.0
"""Seconds beyond --timeout for which a server that is off is worth trying on, as `snapshot --help` says."""


def _judge_end(
    at: Stage, judge: Judge, *words: str, meanwhile: Callable[[], None] | None = None, longer: float = 0.0
) -> str:
    limit = at.option("snapshot", "--timeout", f"{TIMEOUT}s")
    if not limit:
        judge.figure("there is no --timeout")
    since = time.monotonic()
    run = at.start("snapshot", *words, *limit)
    if meanwhile is not None:
        meanwhile()
    code = run.wait(TIMEOUT + MARGIN + longer)
    took = time.monotonic() - since
    judge.ended("the run", code, 5)
    judge.figure(f"it took {took:.0f} s")
    if code is None:
        run.kill()
    return run.text


@scene(
    "stuck-status",
    "three servers stay in unknown, starting and stopping, --shut-down",
    f"ends within --timeout {TIMEOUT}s, exit 5, all three named",
)
def status(judge: Judge) -> None:
    """There is nothing that could be done to them."""
    with stage(judge, servers=3) as at:
        for name, stuck in (("web1", "unknown"), ("web2", "starting"), ("web3", "stopping")):
            at.set_status(name, stuck)
        text = _judge_end(at, judge, "--all", "--shut-down", "--at-a-time", "3")
        unnamed = [name for name in ("web1", "web2", "web3") if name not in text]
        judge.check(f"not named: {', '.join(unnamed) or 'none'}", not unnamed)


@scene(
    "stuck-one",
    "a server stays in starting, --shut-down, one at a time; two others are well",
    f"the others get their snapshots, exit 5 within --timeout {TIMEOUT}s",
)
def one(judge: Judge) -> None:
    """One that never gets ready must not keep the others from their turn."""
    with stage(judge, servers=3, snapshot=(3, 3), shutdown=(1, 1)) as at:
        at.set_status("web1", "starting")
        _judge_end(at, judge, "--all", "--shut-down")
        judge.check(f"snapshots: {at.snapshots()}", at.snapshots() == 2)
        judge.check(f"left off: {', '.join(at.left_off()) or 'none'}", not at.left_off())


@scene(
    "network-gone",
    "the network is gone for good while the snapshot of a server that is off is made",
    f"ends 2 minutes after --timeout {TIMEOUT}s, exit 5, the server named; resume with a network switches it on",
    within=320,
)
def gone(judge: Judge) -> None:
    """Nothing can be paid, so it must be said."""
    with stage(judge) as at:

        def cut() -> None:
            wait_until(lambda: at.watch.off_since("web1") is not None, 40)
            at.front.go()

        text = _judge_end(at, judge, "web1", "--shut-down", meanwhile=cut, longer=WITHOUT_ANSWER)
        judge.names("it", text, "web1")
        around = at.environment(HCLOUD_ENDPOINT=at.served.endpoint)
        # Another address is another project: the front is gone, so the way is the cloud's own.
        for identity in at.state.glob("projects/*/project.json"):
            known = json.loads(identity.read_text("utf-8"))
            known["endpoint"] = at.served.endpoint
            identity.write_text(json.dumps(known), "utf-8")
        code, _ = at.run("resume", "--yes", within=60, env=around)
        judge.check(f"resume: exit {code}, {at.status('web1')}", code == 0 and not at.is_off("web1"))


@scene(
    "creating-for-ever",
    "the action is gone and the image stays creating",
    f"ends within --timeout {TIMEOUT}s, exit 5",
)
def creating(judge: Judge) -> None:
    """Hetzner forgot it."""
    with stage(judge, snapshot=(3000, 3000), unlock_at=0) as at:

        def rule(asked: Asked, forward: Callable[[], Reply]) -> Reply:
            if asked.fits("GET", r"/actions/\d+"):
                return error_reply(404, "not_found", "action not found")
            reply = forward()
            if asked.method == "GET" and "actions" in asked.path and reply.status == 200:
                body = reply.json
                body["actions"] = [a for a in body.get("actions", []) if a["command"] != "create_image"]
                reply.put(body)
            return reply

        at.front.add(rule)
        _judge_end(at, judge, "web1", "--shut-down")
        judge.check(f"the server is {at.status('web1')}", at.status("web1") == "running")


@scene(
    "locked-for-ever",
    "a server is locked for good; cron runs with --timeout",
    f"ends within --timeout {TIMEOUT}s, exit 5",
)
def locked(judge: Judge) -> None:
    """Longer than anybody waits."""
    with stage(judge) as at:
        at.call(lambda cloud: cloud.lock(cloud.server_named("web1").id, seconds=3000))
        _judge_end(at, judge, "web1")
