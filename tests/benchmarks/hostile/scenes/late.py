"""Requests that the kernel delivers long after the program has given them up."""

from __future__ import annotations

import time

from tests.benchmarks import truth
from tests.benchmarks.hostile.judge import Judge, scene
from tests.benchmarks.hostile.network import SERVER, network
from tests.benchmarks.hostile.stage import stage, wait_until

OUTAGE = 28.0
"""Seconds. The read time-out comes within; TCP's next try after it is 51 s after the request left."""

SOONER = ("--read-timeout", "10")
"""So that the request is sent again, and its work done, before that try arrives."""


def _drop(judge: Judge, first_bytes: str, *words: str) -> None:
    with network(first_bytes, OUTAGE) as net, stage(judge, host=SERVER, prefix=net.prefix, snapshot=(3, 3)) as at:
        run = at.start("snapshot", "web1", *SOONER, *words)
        if not wait_until(net.outage_began, 40):
            raise RuntimeError(f"the request never left: {run.text}")
        cut = time.monotonic()
        code = run.wait(200)  # the last look after a lost answer comes two minutes later
        judge.ended("the run", code, 0)
        judge.figure(f"it took {time.monotonic() - cut:.0f} s from the cut on")
        time.sleep(max(0.0, cut + 62 - time.monotonic()))  # by then TCP's retransmissions have come
        truth.wait_until_still(at.served, 6, within=40)
        judge.figure(f"{at.posts('shutdown')} shutdowns, {at.posts('create_image')} create_image arrived")
        told = at.snapshots() < 2 or "twice" in run.text.lower() or "duplicate" in run.text.lower()
        judge.check(f"snapshots: {at.snapshots()}{'' if told else ', no word of it'}", at.snapshots() == 1)
        judge.check(f"the server is {at.status('web1')}", at.status("web1") == "running")


@scene(
    "late-create",
    "the network drops for 28 s as POST create_image leaves",
    "one snapshot, exit 0",
    within=320,
)
def create(judge: Judge) -> None:
    """The kernel sends it again 51 s after it left, when nobody waits for it any more."""
    _drop(judge, "/actions/create_image")


@scene(
    "late-create-off",
    "the same while the server is off for its snapshot",
    "one snapshot, the server on, exit 0",
    within=320,
)
def create_while_off(judge: Judge) -> None:
    """A server is off meanwhile."""
    _drop(judge, "/actions/create_image", "--shut-down")


@scene(
    "late-shutdown",
    "the network drops for 28 s as POST shutdown leaves",
    "one snapshot, the server on, exit 0",
    within=320,
)
def shutdown(judge: Judge) -> None:
    """The shutdown that was given up comes when everything seems to be done."""
    _drop(judge, "/actions/shutdown", "--shut-down")
