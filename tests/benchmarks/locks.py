"""How soon lock changes are seen in a fleet of thousands, and what that takes of the rate limit.

    python -m tests.benchmarks.locks [--servers 1000] [--seconds 3600]

An hour of a console's session in virtual time, over real HTTP against a simulated cloud in the same time, so that it
takes a minute or so. Answers take no virtual time: add two round trips to each figure. Every lock counts that the
simulated cloud's other clients take or let go of, those too that no list of running actions shows.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hsnap_tui.cloud import limits
from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.fleet.poll_targets import PollScope
from tests.benchmarks.table import Promises, show
from tests.jobs.virtual_desk import virtual_desk

STEP = 0.25
"""Virtual seconds between two comparisons of what is true with what is shown."""
SEEN_WITHIN = 3.0
"""Seconds within which 95 of 100 changes of listed locks are to be seen."""
REFILL = 60.0
"""Requests a minute that Hetzner's rate limit refills."""
IDLE = {True: 30.0, False: 6.0}
"""Requests a minute of an idle console, with a person looking and without."""


@dataclass
class Seen:
    """How long each change took until it was shown, in seconds; without end when it never was."""

    listed: list[float] = field(default_factory=list)
    hidden: list[float] = field(default_factory=list)
    requests: float = 0.0
    """A minute."""


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of all lies; without values, not a number."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def _truth(cloud: Cloud) -> dict[int, bool]:
    """The locked servers, and whether an action that is listed for the server holds it."""
    return {
        key: server.lock.concerns("server", key) for key, server in cloud.servers.items() if server.lock is not None
    }


async def watched(options: DemoOptions, seconds: float, folder: Path, *, focused: bool = True) -> Seen:
    """What a console's session sees of all lock changes in so many virtual seconds."""
    found, step, waiting = Seen(), 0, dict[int, tuple[bool, int, bool]]()
    async with virtual_desk(folder, options, scope=PollScope.EVERYTHING) as desk:
        await desk.clock.advance(60)
        desk.session.set_focus(focused)
        before, sent = desk.served.call(_truth), len(desk.served.requests)
        while step < seconds / STEP:
            await desk.clock.advance(STEP)
            step += 1
            truth = desk.served.call(_truth)
            for key in truth.keys() ^ before.keys():
                if key in waiting:
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


def hour(servers: int, seconds: float) -> Seen:
    """What is seen of a fleet in which other clients lock a dozen servers all the time."""
    with tempfile.TemporaryDirectory(prefix="hsnap-tui-locks-") as folder:
        return asyncio.run(watched(DemoOptions(servers=servers), seconds, Path(folder)))


def idle(servers: int, *, focused: bool, seconds: float = 1800) -> float:
    """Requests a minute of a console while nothing happens."""
    with tempfile.TemporaryDirectory(prefix="hsnap-tui-idle-") as folder:
        options = DemoOptions(servers=servers, calm=True)
        return asyncio.run(watched(options, seconds, Path(folder), focused=focused)).requests


def _seconds(value: float) -> str:
    return "never" if math.isinf(value) else "-" if math.isnan(value) else f"{value:.2f} s"


def main() -> int:
    """Prints the figures; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=3600.0)
    arguments = parser.parse_args()
    promises = Promises()
    seen = hour(arguments.servers, arguments.seconds)
    rows = [
        [words, len(values), *(_seconds(percentile(values, share)) for share in (0.5, 0.95, 0.99))]
        for words, values in (("its action is listed", seen.listed), ("no action is listed", seen.hidden))
    ]
    pages = limits.pages(arguments.servers)
    every_page = 60 * pages / REFILL
    rows.append(["all servers again and again, a page a request", "-", *(_seconds(every_page * s) for s in (0.5, 0.95, 0.99))])
    each = 60 * arguments.servers / REFILL
    rows.append(["one request a server", "-", *(_seconds(each * s) for s in (0.5, 0.95, 0.99))])
    show(
        f"{arguments.servers:,} servers, {arguments.seconds / 60:.0f} minutes: until a lock change is seen",
        ["lock", "changes", "median", "95th", "99th"],
        rows,
    )
    changes = 60 * (len(seen.listed) + len(seen.hidden)) / arguments.seconds
    rows = [[f"{changes:.0f} lock changes a minute", "yes", f"{seen.requests:.0f}", "-"]]
    promises.check("95 of 100 listed locks seen within 3 s", percentile(seen.listed, 0.95) <= SEEN_WITHIN)
    for servers in (20, arguments.servers, 5 * arguments.servers):
        for focused, most in IDLE.items():
            sent = idle(servers, focused=focused)
            rows.append([f"{servers:,} servers, nothing happens", "yes" if focused else "no", f"{sent:.1f}", f"{most:g}"])
            promises.check(f"{servers:,} servers idle, {'' if focused else 'not '}looked at: {sent:.1f}", sent <= most)
    show("Requests a minute", ["", "looked at", "requests", "goal"], rows)
    return promises.tell()


if __name__ == "__main__":
    raise SystemExit(main())
