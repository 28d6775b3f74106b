"""Whatever happens: one snapshot at most, an end, and no server that stays off because of us.

The same examples each time; `HSNAP_MACHINE_EXAMPLES=5000` searches among that many new ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.cloud.model import ImageStatus, ServerStatus
from hsnap_tui.jobs.model import HoldReason, IfLocked, IfStillOn, JobState, Power, SnapshotOptions, Verb
from hsnap_tui.jobs.observations import Accepted, ActionLost, Cancel, Hold, Release, Retry
from tests.jobs.hetzner import COMMAND, Hetzner, Plan
from tests.jobs.world import START, World

EXAMPLES = int(os.environ.get("HSNAP_MACHINE_EXAMPLES", "60"))
STEPS = int(os.environ.get("HSNAP_MACHINE_STEPS", "50"))

MOST_REQUESTS = 60
"""Requests and look-ups that a job needs at most to its end, from any state, when all goes well from then on."""

MOST_TIME = timedelta(minutes=15)
"""How long it takes at most then, with snapshots of at most 200 s."""

LATE = st.sampled_from([None, 0.3, 4.0, 17.0, 29.9])
WAITS = st.sampled_from([0.1, 0.5, 1.0, 2.0, 5.0, 12.0, 29.0, 31.0, 65.0])
LONG_WAITS = st.sampled_from([130.0, 1000.0, 4000.0, 200_000.0])
PLANS = st.builds(
    Plan,
    snapshot=st.sampled_from([1.0, 60.0, 200.0]),
    unlock_at=st.sampled_from([0.01, 0.05, 0.5, 1.0]),
    label_lag=st.sampled_from([0.0, 3.0, 8.0]),
    acpi=st.sampled_from([0.0, 5.0, 50.0, 70.0, 115.0, None]),
    boot=st.sampled_from([1.0, 10.0]),
    fails=st.frozensets(st.sampled_from([COMMAND[verb] for verb in Verb]), max_size=1),
    failed_image=st.sampled_from([None, ImageStatus.UNAVAILABLE, ImageStatus.CREATING]),
    names_image=st.booleans(),
    lock_lag=st.sampled_from([0.0, 0.8]),
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A job that has just been queued, somewhere."""
    options = SnapshotOptions(
        draw(st.sampled_from(IfLocked)),
        draw(st.sampled_from([None, timedelta(minutes=2)])),
        draw(st.sampled_from([True, True, False])),
        draw(st.sampled_from(IfStillOn)),
        timedelta(minutes=1),
    )
    offset = draw(st.sampled_from([0, 300, -300]))
    known_offset = timedelta(seconds=offset + draw(st.sampled_from([0, 2, -2])))
    status = draw(st.sampled_from([ServerStatus.RUNNING, ServerStatus.RUNNING, ServerStatus.OFF]))
    return World(options, Hetzner(START, timedelta(seconds=offset), status, draw(PLANS)), known_offset)


WORLDS = worlds()

Rule = Callable[..., None]


def going(also: Callable[[World], object] = lambda _: True) -> Callable[[Rule], Rule]:
    """A rule for jobs that have not ended."""

    def fits(machine: JobMachine) -> bool:
        return not machine.world.job.state.ended and bool(also(machine.world))

    return precondition(fits)


def awake(also: Callable[[World], object] = lambda _: True) -> Callable[[Rule], Rule]:
    """A rule for jobs that have not ended while the process is there."""
    return going(lambda world: world.alive and also(world))


class JobMachine(RuleBasedStateMachine):
    """Jobs, one after the other, among lost answers, late effects, crashes, other clients and impatient people."""

    @initialize(world=WORLDS)
    def begin(self, world: World) -> None:
        self.world = world
        self.world.poll()

    @precondition(lambda self: self.world.job.state.ended)
    @rule(world=WORLDS)
    def next_job(self, world: World) -> None:
        end_well(self.world)
        self.begin(world)

    @precondition(lambda self: self.world.alive and self.world.job.state is JobState.FAILED)
    @rule()
    def retry(self) -> None:
        self.world.tell(Retry())

    # -- time ---------------------------------------------------------------------------------------------------

    @going()
    @rule(seconds=WAITS, asleep=st.booleans())
    def wait(self, seconds: float, asleep: bool) -> None:
        self.world.wait(seconds, asleep=asleep)

    @going()
    @rule(seconds=LONG_WAITS)
    def sleep(self, seconds: float) -> None:
        self.world.wait(seconds, asleep=True)

    @awake()
    @rule(seconds=st.sampled_from([3.0, 15.0, 65.0]))
    def all_goes_well(self, seconds: float) -> None:
        self.world.run(seconds)

    @awake()
    @rule(verb=st.sampled_from(Verb))
    def all_goes_well_until(self, verb: Verb) -> None:
        self.world.run(200, stop_at=verb)

    @awake()
    @rule(verb=st.sampled_from(Verb), late=LATE)
    def all_goes_well_until_an_answer_is_lost(self, verb: Verb, late: float | None) -> None:
        self.world.run(200, stop_at=verb)
        if self.world.flight:
            self.world.lose(late)

    # -- the transport ------------------------------------------------------------------------------------------

    @going(lambda world: world.flight)
    @rule()
    def request_is_carried_out(self) -> None:
        self.world.carry_out()

    @going(lambda world: world.flight)
    @rule()
    def request_is_answered(self) -> None:
        self.world.answer()

    @going(lambda world: world.flight)
    @rule(late=LATE, kind=st.sampled_from([ErrorKind.UNCLEAR, ErrorKind.CONFLICT, ErrorKind.RATE_LIMITED]))
    def answer_is_lost(self, late: float | None, kind: ErrorKind) -> None:
        self.world.lose(late, kind)

    @going(lambda world: world.flight and world.flight.outcome is None)
    @rule(
        kind=st.sampled_from(
            [
                ErrorKind.RATE_LIMITED,
                ErrorKind.UNREACHABLE,
                ErrorKind.LIMIT_REACHED,
                ErrorKind.UNAUTHORIZED,
                ErrorKind.MAINTENANCE,
                ErrorKind.LOCKED,
            ]
        ),
        retry_after=st.sampled_from([None, 1.0, 40.0]),
    )
    def request_is_refused(self, kind: ErrorKind, retry_after: float | None) -> None:
        self.world.refuse(kind, retry_after)

    @going(lambda world: world.flight and world.flight.verb is Verb.CREATE_IMAGE)
    @rule()
    def request_is_sent_twice_on_the_way(self) -> None:
        self.world.carry_out()
        flight = self.world.flight
        if flight and isinstance(flight.outcome, Accepted):
            self.world.locked_by_itself()

    # -- look-ups and polls -------------------------------------------------------------------------------------

    @going(lambda world: world.look_up)
    @rule(server=st.booleans(), actions=st.booleans(), snapshots=st.booleans())
    def look_up_is_answered(self, server: bool, actions: bool, snapshots: bool) -> None:
        self.world.answer_look_up(server, actions, snapshots)

    @going(lambda world: world.look_up)
    @rule(retry_after=st.sampled_from([None, 20.0]))
    def look_up_fails(self, retry_after: float | None) -> None:
        self.world.fail_look_up(retry_after)

    @awake(lambda world: len(world.polls) < 3)
    @rule()
    def poll_begins(self) -> None:
        self.world.begin_poll()

    @awake(lambda world: world.polls)
    @rule(newest=st.booleans(), stale=st.booleans())
    def poll_is_answered(self, newest: bool, stale: bool) -> None:
        self.world.deliver_poll(-1 if newest else 0, stale=stale)

    @awake()
    @rule(seconds=st.sampled_from([3.0, 15.0, 65.0]))
    def a_poll_is_slow(self, seconds: float) -> None:
        self.world.begin_poll()
        self.world.run(seconds)
        self.world.deliver_poll(stale=True)

    @awake()
    @rule()
    def action_is_forgotten(self) -> None:
        action_id = self.world.job.create.action_id
        if action_id is not None:
            self.world.tell(ActionLost(action_id))

    # -- the process and people ---------------------------------------------------------------------------------

    @awake()
    @rule(late=LATE)
    def crash(self, late: float | None) -> None:
        self.world.crash(late)

    @going(lambda world: not world.alive)
    @rule(own=st.booleans())
    def come_back(self, own: bool) -> None:
        self.world.come_back(own=own)

    @awake()
    @rule()
    def leave(self) -> None:
        self.world.leaving = True

    @awake()
    @rule()
    def cancel(self) -> None:
        self.world.tell(Cancel())

    @awake()
    @rule(reason=st.sampled_from([HoldReason.LIMIT, HoldReason.NO_ACCESS]))
    def hold(self, reason: HoldReason) -> None:
        self.world.tell(Hold(reason))

    @awake()
    @rule()
    def say_yes(self) -> None:
        self.world.tell(Retry() if self.world.job.state is JobState.UNKNOWN else Release())

    @going()
    @rule(may_send=st.booleans(), may_stop=st.booleans())
    def circumstances(self, may_send: bool, may_stop: bool) -> None:
        self.world.may_send, self.world.may_stop = may_send, may_stop

    # -- Hetzner and other clients ------------------------------------------------------------------------------

    @going()
    @rule(plan=PLANS)
    def hetzner_changes(self, plan: Plan) -> None:
        self.world.hetzner.plan = plan

    @going()
    @rule(verb=st.sampled_from(Verb))
    def somebody_else(self, verb: Verb) -> None:
        with suppress(CloudError):
            self.world.hetzner.post(verb, None, ours=False)

    @going()
    @rule(seconds=st.sampled_from([2.0, 150.0]))
    def somebody_locks(self, seconds: float) -> None:
        self.world.hetzner.hold(seconds)

    @going(lambda world: len(world.sent) > 1)
    @rule()
    def somebody_deletes(self) -> None:
        self.world.hetzner.delete()

    # -- what holds ---------------------------------------------------------------------------------------------

    @invariant()
    def one_snapshot_at_most(self) -> None:
        if hasattr(self, "world"):
            self.world.check_images()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            end_well(self.world)


def end_well(world: World) -> None:
    """From now on all goes well, and a person says yes when asked: the job ends soon, as it promises."""
    world.hetzner.plan = Plan(snapshot=60, label_lag=2)
    world.may_send = world.may_stop = True
    if world.leaving:
        world.run(MOST_TIME.total_seconds())
        assert world.job.power is not Power.OWED, "it has left with a server off"
        world.check_power()
        world.crash()
    if not world.alive:
        world.come_back()
    begun, requests = world.now, len(world.sent) + world.look_ups
    for _ in range(6):
        world.run(MOST_TIME.total_seconds())
        if world.job.state is JobState.HELD:
            world.tell(Release())
        elif world.job.state is JobState.UNKNOWN:
            world.tell(Retry())
    assert world.job.state.ended, f"no end: {world.job}"
    assert world.now - begun <= MOST_TIME
    assert len(world.sent) + world.look_ups - requests <= MOST_REQUESTS
    world.wait(300)
    world.check_images()
    world.check_end()


JobMachine.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    derandomize="HSNAP_MACHINE_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
TestJobMachine = JobMachine.TestCase
