"""How each example of the property test ends: ill for hours where nothing gets well by itself, then well."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hsnap_tui.jobs.core.model import JobState, Power
from hsnap_tui.jobs.core.observations import Release, Retry
from tests.jobs.core import promises
from tests.jobs.core.access import Access
from tests.jobs.core.hetzner import Plan
from tests.jobs.core.world import SELDOM, World

MOST_REQUESTS = 60
"""Requests and look-ups that a job needs at most to its end, from any state, when all goes well from then on."""

MOST_TIME = timedelta(minutes=40)
"""How long it takes at most then, with snapshots of at most 200 s, and a server watched that may still shut down."""

ILL_FOR = timedelta(hours=7)
"""How long the world stays ill when it does not get well by itself."""

GUEST_AT_MOST = timedelta(minutes=20)
"""How long a guest of this model takes to shut down at most, when it does at all."""

FORGOTTEN_AFTER = timedelta(days=2)
"""When a shutdown that has not worked is not expected any more."""

HAPPENED: Counter[str] = Counter()
"""What has really happened to all jobs of the examples so far."""


def end(world: World) -> None:
    """The world stays as ill as it is for hours, then gets well: the job ends as it promises."""
    end_ill(world)
    end_well(world)
    HAPPENED.update(world.happened)


def end_ill(world: World) -> None:
    """A process is there, and what is ill stays ill: the job ends or asks, or there is a reason why it can't."""
    here = world.hetzner
    forever = any(refusal.until is None for refusal in here.routes.values()) or (here.odd and here.odd[1] is None)
    if not (forever or world.access is not Access.FULL) or world.job.state.ended:
        return
    world.happened["the world stayed ill"] += 1
    world.may_send = world.may_stop = True
    if world.leaving:
        world.crash()
    if not world.alive:
        world.come_back()
    world.run(900)
    world.run(ILL_FOR.total_seconds(), every=SELDOM)
    promises.always(world)
    promises.ended_ill(world)


def end_well(world: World) -> None:
    """From now on all goes well, and a person says yes when asked: the job ends soon, as it promises."""
    here = world.hetzner
    here.plan = Plan(snapshot=60, label_lag=2, acpi=here.plan.acpi)
    here.odd = None
    world.date_is_wrong_by(0)
    here.routes.clear()
    world.access = Access.FULL
    world.may_send = world.may_stop = True
    within = MOST_TIME + timedelta(seconds=here.plan.acpi or 0)
    if world.leaving:
        world.run(within.total_seconds())
        assert world.job.power is not Power.RESTORE_PENDING, "it has left with a server off"
        promises.always(world)
        world.crash()
    if not world.alive:
        world.come_back()
    begun, requests = world.now, len(world.sent) + world.look_ups
    for _ in range(6):
        world.run(within.total_seconds())
        if world.job.state is JobState.NEEDS_APPROVAL:
            world.tell(Release())
        elif world.job.state is JobState.UNKNOWN:
            world.tell(Retry())
    assert world.now - begun <= within
    assert len(world.sent) + world.look_ups - requests <= MOST_REQUESTS
    promises.ended_well(world)
    end_late(world)


def end_late(world: World) -> None:
    """A guest goes off that nobody waits for any more: the next process finds it in the journal, for days."""
    world.wait(GUEST_AT_MOST.total_seconds() + 100, asleep=True)
    promises.always(world)
    if promises.off_because_of_us(world):
        world.happened["a guest went off when nobody looked any more"] += 1
    for seconds in (0.0, FORGOTTEN_AFTER.total_seconds()):
        world.wait(seconds, asleep=True)
        world.crash()
        world.come_back()
        world.poll()
        world.run(MOST_TIME.total_seconds())
        assert not promises.off_because_of_us(world), "the next process leaves it off"
        promises.ended_well(world)
    assert world.job.over, f"a restore pending without an end: {world.job}"
