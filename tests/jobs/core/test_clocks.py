"""Clocks that are wrong: those of an earlier process, and Hetzner's as its answers tell it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta

import pytest

from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.jobs.core.model import JobState, RequestKind, SnapshotJob, SnapshotOptions
from hsnap_tui.jobs.core.observations import StepContext
from hsnap_tui.jobs.core.snapshot.late_shutdown import EXPECTED_FOR
from hsnap_tui.jobs.core.snapshot.resume import resume
from hsnap_tui.jobs.core.tracked_request import LONGEST_RETRY_AFTER
from tests.jobs.core.hetzner import Plan
from tests.jobs.core.scenes import off, requesting, stopping
from tests.jobs.core.world import START

DOWN = SnapshotOptions(shut_down=True)
RUNNING = ServerStatus.RUNNING


def moments(thing: object) -> list[datetime]:
    """All moments of a job, also those of its requests."""
    found = []
    for field in fields(thing):  # type: ignore[arg-type]
        value = getattr(thing, field.name)
        if isinstance(value, datetime):
            found.append(value)
        elif is_dataclass(value):
            found += moments(value)
    return found


@pytest.mark.parametrize("hours", [1, 100])
def test_moments_of_a_clock_that_was_ahead_are_taken_as_past(hours: int) -> None:
    world = off(DOWN)
    world.lose()
    now = START - timedelta(hours=hours)
    job: SnapshotJob = resume(world.job, StepContext(now), own=False).job
    assert max(moments(job)) <= now + LONGEST_RETRY_AFTER
    watched = stopping(DOWN, Plan(acpi=None))
    watched.run(900)
    assert watched.job.state is JobState.FAILED
    job = resume(watched.job, StepContext(now), own=False).job
    assert max(moments(job)) <= now + EXPECTED_FOR


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(minutes=-15)])
@pytest.mark.parametrize("request_kind", [RequestKind.SHUTDOWN, RequestKind.CREATE_IMAGE])
def test_a_server_that_is_off_is_powered_on_whatever_the_next_process_s_clock_says(
    step: timedelta, request_kind: RequestKind
) -> None:
    world = stopping(DOWN) if request_kind is RequestKind.SHUTDOWN else off(DOWN)
    world.carry_out()
    if step < timedelta(0):
        world.lose()
    world.crash()
    world.come_back(clock_set=-step.total_seconds())
    world.run(900)
    assert world.hetzner.status is RUNNING
    assert world.sent.count(request_kind) == 1
    assert RequestKind.POWER_ON in world.sent


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(minutes=-15)])
def test_a_snapshot_is_found_whatever_the_next_process_s_clock_says(step: timedelta) -> None:
    world = requesting()
    world.carry_out()
    world.crash()
    world.come_back(own=True, clock_set=-step.total_seconds())
    world.run(900)
    assert (world.job.state, world.sent) == (JobState.DONE, [RequestKind.CREATE_IMAGE])


@pytest.mark.parametrize("minutes", [-15, 15])
def test_our_own_lost_shutdown_is_not_foreign_when_hetzner_s_dates_are_wrong(minutes: int) -> None:
    world = stopping(DOWN)
    world.carry_out()
    world.known_offset = timedelta(minutes=minutes)
    world.lose()
    world.run(900)
    assert world.hetzner.status is RUNNING
    assert RequestKind.POWER_ON in world.sent
    assert world.job.state is JobState.DONE
