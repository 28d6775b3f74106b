"""What thousands of jobs cost when much happens at once: nothing grows with the number of jobs for each event."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.cloud.model import ActionStatus, Submitted
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.events import BatchEnded, JobEvent, JobEventKind, ServerGone, WatchEnded
from hsnap_tui.fleet.poll_targets import PollScope, PollTargets
from hsnap_tui.fleet.state import Fleet, Observation
from hsnap_tui.jobs import engine as engine_module
from hsnap_tui.jobs import service as work_module
from hsnap_tui.jobs.batch_ends import BatchEnds
from hsnap_tui.jobs.core.model import HoldReason, Phase, RequestKind, SnapshotJob, SnapshotOptions, TrackedRequest
from hsnap_tui.jobs.core.observations import ActionSeen, RequestAccepted, RequestRefused
from hsnap_tui.jobs.engine import SLICE, Engine
from hsnap_tui.session.session import Session
from tests.clocks import START, VirtualClock
from tests.fleet.things import action, server, snapshot
from tests.fleet.world import World
from tests.jobs.virtual_desk import virtual_desk

JOBS = 2000


def job(number: int) -> SnapshotJob:
    create = TrackedRequest(RequestKind.CREATE_IMAGE, Phase.SENT, 1, START, START)
    return SnapshotJob(
        f"job-{number}", "b", "p", number, f"sg{number}", "d", START, SnapshotOptions(), create_image=create
    )


class Journal:
    """Saves nothing, after a moment."""

    async def save(self, jobs: Sequence[SnapshotJob], events: Sequence[JobEvent]) -> None:
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often what looks at all jobs was called."""
    counted: Counter[str] = Counter()

    def count(module: object, name: str) -> None:
        original = getattr(module, name)

        def counting(*args: object, **kwargs: object) -> object:
            counted[name] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(module, name, counting)

    count(engine_module, "poll_targets")
    count(engine_module, "sharing")
    count(engine_module, "observations_for")
    count(work_module, "poll_targets")
    count(Session, "_own_actions")
    count(BatchEnds, "_end_of")
    return counted


def accepted(number: int) -> RequestAccepted:
    made = Submitted(action(number, number, command="create_image"), snapshot(number, number))
    return RequestAccepted(RequestKind.CREATE_IMAGE, made.action, made.snapshot)


async def passes_until(done: asyncio.Task[None]) -> int:
    """How many turns of the event loop others had until the task has ended."""
    passes = 0
    while not done.done():
        await asyncio.sleep(0)
        passes += 1
    return passes


async def test_two_thousand_events_in_one_turn_look_at_all_jobs_a_few_times(
    clock: VirtualClock, calls: Counter[str]
) -> None:
    told: list[object] = []
    jobs = {made.id: made for made in map(job, range(1, JOBS + 1))}
    engine = Engine(World(clock), Journal(), clock, told.append, jobs)  # type: ignore[arg-type]
    for number in range(1, JOBS + 1):
        engine.receive(f"job-{number}", accepted(number))
    passes = await passes_until(asyncio.create_task(engine._turn()))
    assert len(told) == JOBS
    assert passes >= 2 * JOBS / SLICE, "others have their turn in between"
    for _ in range(100):
        assert len(engine.targets.actions) == JOBS
    assert calls == Counter({"poll_targets": 1, "sharing": 1})


async def test_what_stops_all_is_told_to_all_once(clock: VirtualClock) -> None:
    jobs = {made.id: made for made in map(job, range(1, JOBS + 1))}
    engine = Engine(World(clock), Journal(), clock, lambda _event: None, jobs)  # type: ignore[arg-type]
    for number in range(1, JOBS + 1):
        reached = CloudError(ErrorKind.LIMIT_REACHED, "the limit is reached", correlation_id=str(number))
        engine.receive(f"job-{number}", RequestRefused(RequestKind.CREATE_IMAGE, reached))
    await engine._turn()
    assert {made.hold for made in engine.jobs.values()} == {HoldReason.LIMIT}
    assert len(engine._inbox) <= JOBS


async def test_an_observation_of_one_server_looks_at_its_jobs_only(clock: VirtualClock, calls: Counter[str]) -> None:
    jobs = {made.id: made for made in map(job, range(1, JOBS + 1))}
    engine = Engine(World(clock), Journal(), clock, lambda _event: None, jobs)  # type: ignore[arg-type]
    engine.observe(Observation(START, servers={7: server(7)}), Fleet("p"))
    engine.observe(Observation(START, actions={9: action(9, 9)}), Fleet("p"))
    engine.observe(Observation(START, gone=frozenset({11})), Fleet("p"))
    await engine._turn()
    assert calls["observations_for"] == 3
    engine.observe(Observation(START, lost_actions=frozenset({1})), Fleet("p"))
    await engine._turn()
    assert calls["observations_for"] == 3 + JOBS, "a lost action may be anybody's"
    late = job(JOBS + 1)
    jobs[late.id] = late
    engine.observe(Observation(START, servers={late.server_id: server(late.server_id)}), Fleet("p"))
    await engine._turn()
    assert calls["observations_for"] == 4 + JOBS


async def test_the_end_of_a_batch_is_looked_for_once(clock: VirtualClock, calls: Counter[str]) -> None:
    told: list[object] = []
    work = work_module.JobService(World(clock), clock, told.append, lambda: Fleet("p"), read_only=False)
    for number in range(1, JOBS + 1):
        made = job(number)
        work.by_id[made.id] = made
    events: list[object] = []
    engine = Engine(World(clock), Journal(), clock, events.append, work.by_id)  # type: ignore[arg-type]
    for number in range(1, JOBS + 1):
        engine.receive(f"job-{number}", accepted(number))
        done = action(number, number, command="create_image", status=ActionStatus.SUCCESS)
        engine.receive(f"job-{number}", ActionSeen(done))
    await engine._turn()
    for event in events:
        work._publisher.event(event)  # type: ignore[arg-type]
    assert calls["_end_of"] == 1
    assert [event.done for event in told if isinstance(event, BatchEnded)] == [JOBS]


async def test_an_event_tells_the_watcher_and_works_nothing_out(tmp_path: Path, calls: Counter[str]) -> None:
    async with virtual_desk(tmp_path, DemoOptions(servers=3, calm=True), scope=PollScope.EVERYTHING) as desk:
        await desk.clock.advance(5)
        calls.clear()
        made = job(1)
        for _ in range(JOBS):
            desk.session._publish(
                JobEvent(START, "p", JobEventKind.CREATING, made.batch, made.id, made.server_id, made.server_name)
            )
        assert calls == Counter()
        assert isinstance(desk.session._targets, PollTargets)


async def test_a_watched_server_that_is_deleted_is_told(tmp_path: Path) -> None:
    async with virtual_desk(tmp_path, DemoOptions(servers=60, calm=True), scope=PollScope.EVERYTHING) as desk:
        await desk.clock.advance(5)
        watched = next(iter(desk.session.fleet.views))
        desk.served.call(lambda cloud: cloud.lock(watched, seconds=600))
        assert desk.session.watch(watched)
        await desk.clock.advance(5)
        assert desk.session.watched == {watched}
        desk.served.call(lambda cloud: cloud.remove_server(cloud.server(watched)))
        await desk.clock.advance(10)
        assert desk.session.watched == frozenset()
        assert [event.server.id for event in desk.events if isinstance(event, ServerGone)] == [watched]
        ended = [event for event in desk.events if isinstance(event, WatchEnded)]
        assert [(event.server.id, event.gone) for event in ended] == [(watched, True)]
