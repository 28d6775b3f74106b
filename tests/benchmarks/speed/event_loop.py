"""How long one turn of the event loop lasts at most while thousands of jobs hear of much at once.

A real journal on disk; the answers are made up, since only the program's own work counts. A power-on, a key and a
frame wait for one turn of the loop.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from hsnap_tui.cloud.model import Action, ActionStatus, ImageStatus, Resource, Server, ServerStatus, Snapshot
from hsnap_tui.common.clock import SystemClock
from hsnap_tui.fleet.state import Fleet, Observation, apply
from hsnap_tui.jobs.core.model import Phase, RequestKind, SnapshotJob, SnapshotOptions, TrackedRequest
from hsnap_tui.jobs.core.observations import RequestAccepted
from hsnap_tui.jobs.engine import Engine
from hsnap_tui.jobs.store.journal import Journal
from tests.benchmarks.speed.report import Row
from tests.benchmarks.speed.run import Run
from tests.clocks import VirtualClock
from tests.fleet.world import World

JOBS = 2000
LONGEST = 0.05
"""Seconds that one turn may last."""


async def longest_turn(work: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """The longest turn of the loop while the work is done, and the whole of it, in processor time of the thread."""
    longest, task = 0.0, asyncio.ensure_future(work())
    began = before = time.thread_time()
    while not task.done():
        await asyncio.sleep(0)
        now = time.thread_time()
        longest, before = max(longest, now - before), now
    await task
    return longest, time.thread_time() - began


def server(number: int) -> Server:
    """A running server."""
    created = datetime(2026, 1, 1, tzinfo=UTC)
    return Server("p", number, f"sg{number}", f"sg{number}", ServerStatus.RUNNING, False, created, "cx22", "fsn1")


def job(number: int, now: datetime) -> SnapshotJob:
    """A job whose `create_image` is on its way."""
    create = TrackedRequest(RequestKind.CREATE_IMAGE, Phase.SENT, 1, now, now)
    return SnapshotJob(
        f"job-{number}", "b", "p", number, f"sg{number}", "d", now, SnapshotOptions(), create_image=create
    )


def create_image(number: int, now: datetime, status: ActionStatus, progress: int) -> Action:
    """The action of a job."""
    return Action(number, "create_image", status, progress, now, resources=(Resource("server", number),))


async def measure(jobs: int, folder: Path) -> list[tuple[str, float, float]]:
    """The longest turn and the whole time of each thing that happens to all jobs at once."""
    clock, now = SystemClock(), datetime.now(UTC)
    journal = Journal(folder / "journal.sqlite3")
    await journal.open()
    made = [job(number, now) for number in range(1, jobs + 1)]
    await journal.add_batch("b", now, made, [])
    told: list[object] = []
    engine = Engine(World(VirtualClock()), journal, clock, told.append, {one.id: one for one in made})
    fleet, _ = apply(
        Fleet("p"), Observation(now, servers={n: server(n) for n in range(1, jobs + 1)}, complete=True), ()
    )

    async def accept() -> None:
        for number in range(1, jobs + 1):
            running = create_image(number, now, ActionStatus.RUNNING, 0)
            image = Snapshot("p", number, "d", ImageStatus.CREATING, now)
            engine.receive(f"job-{number}", RequestAccepted(RequestKind.CREATE_IMAGE, running, image))
        await asyncio.sleep(0)
        await engine._turn()

    async def poll() -> None:
        running = tuple(create_image(number, now, ActionStatus.RUNNING, 50) for number in range(1, jobs + 1))
        engine.observe(Observation(clock.now(), servers=fleet_servers, running=running), fleet)
        await engine._turn()

    async def end() -> None:
        ended = {number: create_image(number, now, ActionStatus.SUCCESS, 100) for number in range(1, jobs + 1)}
        engine.observe(Observation(clock.now(), actions=ended), fleet)
        await engine._turn()

    async def interests() -> None:
        engine._wanted = None
        assert len(engine.targets.actions) in (0, jobs)

    fleet_servers = {key: view.server for key, view in fleet.views.items()}
    figures = []
    for words, work in (
        ("all accepted", accept),
        ("poll targets", interests),
        ("a poll about all", poll),
        ("all done", end),
    ):
        figures.append((words, *await longest_turn(work)))
    await journal.close()
    return figures


def rows(run: Run) -> Iterable[Row]:
    """The row of the table."""
    runs: list[list[tuple[str, float, float]]] = []
    for _ in range(min(3, run.repeats)):
        with tempfile.TemporaryDirectory(prefix="hsnap-tui-loop-") as folder:
            runs.append(asyncio.run(measure(JOBS, Path(folder))))
    # Of each kind the median of the runs, of these the worst.
    longest = {kind[0][0]: statistics.median(turn for _, turn, _ in kind) for kind in zip(*runs, strict=True)}
    worst = max(longest, key=longest.__getitem__)
    whole = statistics.median(sum(spent for *_, spent in figures) for figures in runs)
    yield Row(
        "longest turn of the event loop, processor time",
        f"{JOBS:,} jobs, all events at once",
        f"{longest[worst] * 1000:.0f} ms ({worst}); {whole:.1f} s in all turns",
        f"≤ {LONGEST * 1000:g} ms",
        longest[worst] <= LONGEST,
    )
