"""Scenes in which tests of the job machine begin: what a job has asked for so far, in a world where all goes well."""

from __future__ import annotations

from datetime import timedelta

from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.events import JobEvent, JobEventKind
from hsnap_tui.jobs.core.model import IfStillOn, Power, RequestKind, SnapshotOptions
from tests.jobs.core.hetzner import Hetzner, Plan
from tests.jobs.core.world import START, World

SHUT_DOWN = SnapshotOptions(shut_down=True, off_within=timedelta(minutes=1))
POWERED_OFF = SnapshotOptions(shut_down=True, off_within=timedelta(minutes=1), if_still_on=IfStillOn.POWER_OFF)


def told(world: World, kind: JobEventKind) -> list[JobEvent]:
    """What the job told of that kind."""
    return [event for event in world.events if event.kind is kind]


def requesting(options: SnapshotOptions | None = None, plan: Plan | None = None) -> World:
    """A world with the job's first `create_image` under way."""
    world = World(options or SnapshotOptions(), Hetzner(START, plan=plan or Plan()))
    world.poll()
    assert world.flight is not None
    return world


def stopping(options: SnapshotOptions = SHUT_DOWN, plan: Plan | None = None) -> World:
    """A world with the job's shutdown under way."""
    world = World(options, Hetzner(START, plan=plan or Plan()))
    world.poll()
    assert world.sent == [RequestKind.SHUTDOWN]
    assert world.job.power is Power.RESTORE_PENDING, "the pending restore is written down before the request is sent"
    return world


def off(options: SnapshotOptions = SHUT_DOWN, plan: Plan | None = None) -> World:
    """A world whose server is off because of the job, with the `create_image` under way."""
    world = stopping(options, plan)
    world.run(100, stop_at=RequestKind.CREATE_IMAGE)
    assert world.hetzner.status is ServerStatus.OFF
    return world
