"""Whatever is lost and however many jobs there are: look-ups take at most a third of what the rate limit refills.

What a server waits for that is off because of us is not rationed; jobs share those answers too, and each asks for at
most twenty a minute (`tests/jobs/core/promises.py`).
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.ratelimit.look_up_share import AT_ONCE, SHARE
from hsnap_tui.events import JobEvent
from hsnap_tui.jobs.core.model import Job, JobState, SnapshotJob, SnapshotOptions
from hsnap_tui.jobs.engine import Engine
from tests.clocks import START, VirtualClock
from tests.jobs.many_servers import Asked, ManyServers

POLL_EVERY = 10.0
ILL_FOR = 200.0
"""Seconds for which requests are lost as planned, before all goes well."""
ENDS_WITHIN = 3 * 3600.0
"""Seconds after which the last job has ended."""

OUTCOMES = st.sampled_from(["done", "lost", "vanished", "outcome_unknown", "rate_limited", "unreachable"])


class Journal:
    """Saves nothing, after a moment."""

    async def save(self, jobs: Sequence[Job], events: Sequence[JobEvent]) -> None:
        await asyncio.sleep(0)


@dataclass(frozen=True)
class Story:
    """So many jobs of a project with other servers, what becomes of their POSTs in turn, and when GETs get no answer.

    `at_a_time` servers are shut down for it; none: they stay on.
    """

    jobs: int
    others: int
    limit: int
    left: float
    latency: float
    outcomes: Sequence[str]
    blind: tuple[float, float]
    at_a_time: int | None


def stories() -> st.SearchStrategy[Story]:
    """Few and many jobs under small and large limits that are used up or not."""
    return st.builds(
        Story,
        jobs=st.integers(1, 50),
        others=st.sampled_from([0, 300]),
        limit=st.sampled_from([900, 3600, 36_000]),
        left=st.floats(0.05, 1),
        latency=st.sampled_from([0.05, 9.0]),
        outcomes=st.lists(OUTCOMES, min_size=1, max_size=6),
        blind=st.tuples(st.floats(0, 200), st.floats(0, 200)),
        at_a_time=st.sampled_from([None, None, 5, 50]),
    )


async def played(story: Story) -> tuple[list[Asked], Engine]:
    """What was asked, and the jobs when none goes on by itself any more."""
    clock = VirtualClock()
    outcomes = itertools.cycle(story.outcomes)
    left = story.limit * story.left
    cloud = ManyServers(clock, story.jobs + story.others, story.limit, left, story.latency, outcomes)
    options = SnapshotOptions(shut_down=story.at_a_time is not None, at_a_time=story.at_a_time or 1)
    numbers = range(1, story.jobs + 1)
    jobs = [SnapshotJob(f"job-{n}", "b", "p", n, f"sg{n}", "d", START, options) for n in numbers]
    engine = Engine(cloud, Journal(), clock, lambda _event: None, {})  # type: ignore[arg-type]
    await cloud.learn()
    cloud.poll()
    running = asyncio.create_task(engine.run())
    engine.take(jobs, cloud.fleet)
    while clock.monotonic() < ENDS_WITHIN and not all(job.resting for job in engine.jobs.values()):
        cloud.ill = clock.monotonic() < ILL_FOR
        cloud.blind = story.blind[0] <= clock.monotonic() < sum(story.blind)
        await clock.advance(POLL_EVERY)
        targets = engine.targets
        engine.observe(cloud.poll(targets.actions | targets.switching), cloud.fleet)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return cloud.asked, engine


def a_third_at_most(asked: Sequence[Asked], refill: float) -> None:
    """In any time look-ups take no more than a few at once and a third of what refills meanwhile."""
    look_ups = [one for one in asked if one.reads and one.priority is not Priority.POWER_ON]
    moments = [one.at for one in look_ups]
    for first, begun in enumerate(moments):
        for last in range(first, len(moments)):
            allowed = AT_ONCE + SHARE * refill * (moments[last] - begun)
            assert last - first + 1 <= allowed + 1e-3, f"{last - first + 1} look-ups in {moments[last] - begun:.0f} s"


@settings(max_examples=30, deadline=None, derandomize=True, phases=(Phase.generate,))
@given(story=stories())
def test_look_ups_of_many_jobs_take_at_most_a_third_of_what_refills(story: Story) -> None:
    asked, engine = asyncio.run(played(story))
    a_third_at_most(asked, story.limit / 3600)
    assert {job.state for job in engine.jobs.values()} <= {JobState.DONE, JobState.FAILED, JobState.NEEDS_APPROVAL}


@pytest.mark.parametrize("at_a_time", [None, 50])
def test_when_every_answer_is_lost_the_share_is_used_and_not_passed(at_a_time: int | None) -> None:
    story = Story(50, 300, 900, 1, 0.05, ["lost", "vanished"], (0, 0), at_a_time)
    asked, engine = asyncio.run(played(story))
    a_third_at_most(asked, story.limit / 3600)
    assert sum(one.reads for one in asked) > AT_ONCE
    assert {job.state for job in engine.jobs.values()} == {JobState.DONE}
