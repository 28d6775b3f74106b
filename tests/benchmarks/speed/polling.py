"""How soon the console's session sees that locks change and acts on it, and what that takes of the rate limit.

All of it over real HTTP in virtual time, so that an hour takes a minute or so. Answers take no virtual time: add two
round trips to each figure.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hsnap_tui.cloud import limits
from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.model.resources import SimulatedAction
from hsnap_tui.fleet.poll_targets import PollScope
from hsnap_tui.jobs.core.model import SnapshotOptions, SnapshotRequest, Target
from tests.benchmarks.speed.report import Row, percentile
from tests.benchmarks.speed.run import Run, state_folder
from tests.jobs.virtual_desk import VirtualDesk, virtual_desk

SERVERS = 1000
WAITING_JOBS = 100
STEP = 0.25
"""Virtual seconds between two comparisons of what is true with what is shown."""
SEEN_GOAL = 3.0
"""Seconds within which 95 of 100 changes of locks are seen."""
SENT_GOAL = 2.5
"""Seconds after the end of the lock within which 95 of 100 `create_image` are sent."""
IDLE_GOAL = {True: 30.0, False: 6.0}
"""Requests a minute of an idle console, with a person looking and without."""
LOCKED = (60.0, 240.0)
"""Seconds for which the servers of the waiting jobs are locked."""
HOUR = 3600.0
SETTLED = 60.0
"""Virtual seconds in which the start is over."""


@dataclass(slots=True)
class Seen:
    """How long each change took until it was shown, in seconds; infinite when it never was. `listed`: the action that
    holds the lock is in the list of running actions; `requests`: sent a minute."""

    listed: list[float] = field(default_factory=list)
    hidden: list[float] = field(default_factory=list)
    requests: float = 0.0


def measure(run: Run) -> Iterable[Row]:
    """The rows of the table."""
    with state_folder() as folder:
        sent, interval = asyncio.run(_after_locks(folder))
    yield Row(
        "lock cleared → `create_image`, p50 / p95 / p99",
        f"{WAITING_JOBS} waiting jobs, {SERVERS} servers",
        _spread(sent),
        f"p95 {SENT_GOAL:g} s",
        percentile(sent, 0.95) <= SENT_GOAL,
        peers=f"poll interval {interval:.1f} s",
        ratio=percentile(sent, 0.95) / interval,
    )
    # An hour also in a quick run: at first the rate limit has more to spend than it refills.
    seen = _watch(DemoOptions(servers=SERVERS), HOUR)
    yield Row(
        "lock changes seen, p50 / p95 / p99",
        f"{SERVERS} servers, an hour, {len(seen.listed)} changes",
        _spread(seen.listed),
        f"p95 {SEEN_GOAL:g} s",
        percentile(seen.listed, 0.95) <= SEEN_GOAL,
        peers=f"one request a second for a server each: p95 {0.95 * SERVERS:.0f} s; for a page each: "
        f"{0.95 * limits.pages(SERVERS):.0f} s",
        ratio=percentile(seen.listed, 0.95) / (0.95 * limits.pages(SERVERS)),
    )
    yield Row(
        "… of locks without a listed action",
        f"{len(seen.hidden)} changes",
        _spread(seen.hidden),
    )
    yield Row(
        "requests a minute",
        f"{SERVERS} servers, a person looks, {60 * (len(seen.listed) + len(seen.hidden)) / HOUR:.0f} lock changes",
        f"{seen.requests:.0f}",
    )
    for servers in (20, 1000, 5000):
        rates = {looked: _idle(servers, looked, run.watched * 60) for looked in IDLE_GOAL}
        yield Row(
            "requests a minute, idle: with a person looking / without",
            f"{servers} servers",
            f"{rates[True]:.0f} / {rates[False]:.0f}",
            f"≤ {IDLE_GOAL[True]:g} / {IDLE_GOAL[False]:g}",
            all(rate <= IDLE_GOAL[looked] for looked, rate in rates.items()),
        )


def _spread(values: list[float]) -> str:
    if not values:
        return "none"
    found = [percentile(values, share) for share in (0.5, 0.95, 0.99)]
    return " / ".join("never" if math.isinf(value) else f"{value:.1f}" for value in found) + " s"


async def _after_locks(folder: Path) -> tuple[list[float], float]:
    """Seconds from the end of each lock to the accepted `create_image`, and the poll interval meanwhile."""
    options = DemoOptions(servers=SERVERS, snapshot_seconds=(600.0, 900.0))
    async with virtual_desk(folder, options, scope=PollScope.EVERYTHING) as desk:
        await desk.clock.advance(SETTLED)
        desk.session.set_focus(True)
        locks = desk.served.call(_lock)
        await desk.clock.advance(10)
        await _submit(desk, locks)
        await desk.clock.advance(20)
        interval = desk.session.connection.interval
        await desk.clock.advance(LOCKED[1] + 60)
        accepted = {
            int(request.path.split("/")[-3]): request.time
            for request in desk.served.requests
            if request.route == "create_image" and request.status == 201
        }
    ended = {server_id: action.finished for server_id, action in locks.items()}
    found = [
        (accepted[server_id] - moment).total_seconds() if server_id in accepted and moment else math.inf
        for server_id, moment in ended.items()
    ]
    return found, interval


def _lock(cloud: Cloud) -> dict[int, SimulatedAction]:
    rng = random.Random(1)
    free = [server.id for server in cloud.servers.values() if server.lock is None][:WAITING_JOBS]
    return {server_id: cloud.lock(server_id, seconds=rng.uniform(*LOCKED)) for server_id in free}


async def _submit(desk: VirtualDesk, servers: Iterable[int]) -> None:
    views = desk.session.fleet.views
    targets = tuple(Target(key, views[key].server.name, f"{views[key].server.name}-snapshot") for key in servers)
    request = SnapshotRequest(targets, SnapshotOptions())
    submitting = asyncio.ensure_future(desk.session.jobs.submit(request))
    await desk.clock.settle()
    submitting.result()


def _truth(cloud: Cloud) -> dict[int, bool]:
    """The locked servers, and whether an action that is listed for the server holds it."""
    return {
        key: server.lock.concerns("server", key) for key, server in cloud.servers.items() if server.lock is not None
    }


async def _watched(options: DemoOptions, seconds: float, folder: Path, *, looked_at: bool) -> Seen:
    found, step, waiting = Seen(), 0, dict[int, tuple[bool, int, bool]]()
    async with virtual_desk(folder, options, scope=PollScope.EVERYTHING) as desk:
        desk.session.set_focus(looked_at)
        await desk.clock.advance(SETTLED)
        before, sent = desk.served.call(_truth), len(desk.served.requests)
        while step < seconds / STEP:
            await desk.clock.advance(STEP)
            step += 1
            truth = desk.served.call(_truth)
            for key in truth.keys() ^ before.keys():
                if key in waiting:  # changed back before it was seen
                    _, _, listed = waiting.pop(key)
                    (found.listed if listed else found.hidden).append(math.inf)
                waiting[key] = key in truth, step, truth.get(key, before.get(key, False))
            before, views = truth, desk.session.fleet.views
            for key, (locked, since, listed) in tuple(waiting.items()):
                if views[key].server.locked is locked:
                    del waiting[key]
                    (found.listed if listed else found.hidden).append((step - since) * STEP)
        found.requests = 60 * (len(desk.served.requests) - sent) / seconds
    return found


def _watch(options: DemoOptions, seconds: float, *, looked_at: bool = True) -> Seen:
    with state_folder() as folder:
        return asyncio.run(_watched(options, seconds, folder, looked_at=looked_at))


def _idle(servers: int, looked_at: bool, seconds: float) -> float:
    """Requests a minute while nothing happens."""
    return _watch(DemoOptions(servers=servers, calm=True), seconds, looked_at=looked_at).requests
