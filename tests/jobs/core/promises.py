"""What must hold, in words, and how each is judged on a `WorldState`.

At any moment:
- *At most one snapshot a job.* Two only where a request had its effect later than anybody can wait for, and then the
  job tells the second one. (`one_snapshot`)
- *No server off because of us without a restore pending in the journal*, and *no exit 0* then. Somebody else who has
  switched the server since has decided about it. (`restore_pending`)
- *Downtime at most what was allowed*, once the process works, sees and may switch on; what it is locked for meanwhile
  (its own snapshot, somebody else's action) doesn't count. (`downtime`)
- *Look-ups at most a third of the budget*: one job may ask for no more than its share in any minute. (`few_look_ups`)

On every step:
- Nothing is sent without its intent in the journal, nor again without a look-up, nor while an answer is awaited.
- A server is only shut down when it was seen running, and only switched on when we have shut it down and nobody else
  has decided about it since. (`check_step`)

From any state, when the world is well again: *no restore pending without an end*, and *every wait has an end*: all
jobs end, soon, with few requests. And
when the world stays ill: the job ends or asks a person, unless the user chose to wait
for locks without limit, the rate limit doesn't refill, or its server can't be powered on. (`ended_well`,
`ended_ill`)
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.cloud.model import ActionStatus, ServerStatus
from hsnap_tui.events import JobEventKind
from hsnap_tui.headless.exit_codes import ExitCode, exit_code
from hsnap_tui.jobs.core.model import JobState, Phase, Power, RequestKind, SnapshotJob, TrackedRequest
from hsnap_tui.jobs.core.observations import JobObservation, LookedUp, Send, ServerSeen, Step
from hsnap_tui.jobs.core.snapshot.machine import LOCK_SHOWS_WITHIN
from hsnap_tui.jobs.core.tracked_request import CLOCK_MARGIN
from tests.jobs.core.access import Access
from tests.jobs.core.hetzner import COMMAND, Image, Work

if TYPE_CHECKING:
    from tests.jobs.core.world_state import WorldState

STOPS = frozenset({COMMAND[RequestKind.SHUTDOWN], COMMAND[RequestKind.POWER_OFF]})

MOST_LOOK_UPS_A_MINUTE = 20
"""A look-up is three requests; 3600 requests an hour refill 60 in a minute, so that a third of it is twenty requests.
A single job that looks harder than this would take it all for itself."""

OVER_AT_MOST = timedelta(minutes=2)
"""How long a server may be off beyond what was allowed while all goes well: what was sent and lost is looked up first
(`SETTLE` and the label's delay), and an action that fails is tried again after a pause."""


# -- at any moment ----------------------------------------------------------------------------------------------


def always(world: WorldState) -> None:
    """What holds at any moment."""
    one_snapshot(world)
    restore_pending(world)
    downtime(world)


def usable(world: WorldState) -> list[Image]:
    """The snapshots of the job that can be used, or will be."""
    return [image for image in world.hetzner.images if image.job == world.job.id and not image.failed]


def one_snapshot(world: WorldState) -> None:
    """Never two snapshots of one job, unless one came later than the bound of the model, which is told then."""
    assert len(usable(world)) <= 1 + world.late_snapshots, "two snapshots"


def off_because_of_us(world: WorldState) -> bool:
    """Whether the server is off because of us, by the truth, and nobody else has decided about it since."""
    here = world.hetzner
    if here.deleted or here.status is not ServerStatus.OFF or not here.switched_by_us:
        return False
    if world.mistaken or world.forgotten:
        return False
    assert world.asked_off_at is not None
    # What began within the uncertainty of the clocks may have been before us or after us.
    return not [work for work in _others_since(world, world.asked_off_at - 2 * CLOCK_MARGIN) if not work.ours]


def restore_pending(world: WorldState) -> None:
    """Its job will power on a server that is off because of us, and the exit code says that something is left."""
    if off_because_of_us(world) and not world.too_late_off:
        assert world.job.may_be_off, "left off, and nobody else has touched it"
    if world.job.may_be_off:
        assert exit_code((world.job,)) is not ExitCode.DONE


def downtime(world: WorldState) -> None:
    """The server is off no longer than allowed while all goes well."""
    assert world.off_too_long <= OVER_AT_MOST, "it is off longer than allowed"


def few_look_ups(world: WorldState) -> None:
    """A job asks no more often than its share, in any minute, besides once for each process that begins."""
    since = world.hetzner.now - timedelta(minutes=1)
    recent, begun = ([at for at in moments if at > since] for moments in (world.looked_at, world.came_back_at))
    assert len(recent) <= MOST_LOOK_UPS_A_MINUTE + len(begun), "it takes the budget for look-ups"


# -- on every step ----------------------------------------------------------------------------------------------


def check_step(
    world: WorldState, before: SnapshotJob, observation: JobObservation, result: Step[SnapshotJob]
) -> None:
    """Everything that can be said about one step."""
    after, command = result.job, result.command
    assert after.wake_at is None or after.wake_at > world.now, "it would be woken again and again"
    assert after.busy == (command is not None or bool(world.flight or world.look_up))
    if command is None:
        return
    assert world.flight is None
    assert world.look_up is None, "nothing is sent while an answer is awaited"
    if isinstance(command, Send):
        _check_send(world, before, observation, after, command.request_kind)
    else:
        few_look_ups(world)


def _check_send(
    world: WorldState, before: SnapshotJob, observation: JobObservation, after: SnapshotJob, request_kind: RequestKind
) -> None:
    intent = request_of(after, request_kind)
    assert intent.phase is Phase.SENT, "the intent is written down with the step"
    assert isinstance(observation, ServerSeen | LookedUp)
    if request_of(before, request_kind).attempts or request_kind in (RequestKind.POWER_OFF, RequestKind.POWER_ON):
        assert isinstance(observation, LookedUp), "a look-up comes before every further send"
        assert observation.request_kind is request_kind
    if request_kind is RequestKind.POWER_ON:
        _check_power_on(world, after, observation)
        return
    assert world.may_send
    assert not world.leaving, "nothing is started when leaving"
    assert not before.cancelled
    if request_kind is RequestKind.SHUTDOWN:
        assert observation.server is not None
        assert observation.server.status is ServerStatus.RUNNING
        assert after.power is Power.RESTORE_PENDING, "the pending restore is written down with the intent"
        if before.power is not Power.RESTORE_PENDING:
            assert world.may_stop
            world.asked_off_at = world.hetzner.now
    if (
        request_kind is RequestKind.CREATE_IMAGE
        and after.options.shut_down
        and not _others_since(world, world.true(observation.started))
    ):
        here = world.hetzner
        assert here.deleted or here.status is ServerStatus.OFF or here.shown_status is not here.status
        assert not _must_have_shown_locked(world, observation)


def _must_have_shown_locked(world: WorldState, observation: ServerSeen | LookedUp) -> bool:
    here = world.hetzner
    since = here.locked_since if here.locked else None
    return since is not None and since + LOCK_SHOWS_WITHIN < world.true(observation.started)


def _check_power_on(world: WorldState, after: SnapshotJob, observation: ServerSeen | LookedUp) -> None:
    here = world.hetzner
    assert not _must_have_shown_locked(world, observation), "it is not switched on while something holds it"
    assert world.asked_off_at is not None, "a server that was off before us is never switched on"
    ours = [work for work in here.works if work.ours or _perhaps_ours(world, after, work)]
    stopped = max((w.began for w in ours if w.action.command in STOPS), default=world.began)
    others = [work for work in _others_since(world, world.asked_off_at) if work not in ours]
    if after.shutdown.phase is not Phase.ACCEPTED and world.date_error:
        return  # Without an action that is surely ours, times alone tell them apart, and they are wrong.
    # What came before our clock was set can't be told apart by its time: what may be ours is taken for ours.
    known = [work for work in others if world.clock_set_at <= work.began < world.true(observation.started)]
    before_ours = known and known[-1].action.command == COMMAND[RequestKind.POWER_ON] and known[-1].began <= stopped
    assert not known or before_ours, "what somebody else has switched after us is left alone"


def _others_since(world: WorldState, moment: datetime) -> list[Work]:
    """What somebody else has switched since then, and late power-ons of ours; by the truth."""
    return [
        work
        for work in world.hetzner.works
        if work.began >= moment
        and work.action.status is not ActionStatus.ERROR
        and work.action.command != COMMAND[RequestKind.CREATE_IMAGE]
        and (not work.ours or work.action.command == COMMAND[RequestKind.POWER_ON])
    ]


def _perhaps_ours(world: WorldState, job: SnapshotJob, work: Work) -> bool:
    """Whether it can be taken for a request of ours whose answer was lost."""
    for request in (job.shutdown, job.power_off, job.power_on):
        if work.action.command == COMMAND[request.kind] and request.lost_at is not None:
            if request.missing:  # As long as it is missing, the first action of its kind is taken for it.
                return True
            until = request.answered or request.unknown_until
            return until is None or work.began <= world.true(until) + 2 * CLOCK_MARGIN
    return False


def request_of(job: SnapshotJob, request_kind: RequestKind) -> TrackedRequest:
    """The job's request of that kind."""
    return {
        RequestKind.CREATE_IMAGE: job.create_image,
        RequestKind.SHUTDOWN: job.shutdown,
        RequestKind.POWER_OFF: job.power_off,
        RequestKind.POWER_ON: job.power_on,
    }[request_kind]


# -- in the end -------------------------------------------------------------------------------------------------


def ended_well(world: WorldState) -> None:
    """What a job that has ended promises."""
    job = world.job
    assert job.state.ended, f"no end: {job}"
    assert job.power is not Power.RESTORE_PENDING
    made = usable(world)
    assert len(made) < 2 or any(event.kind is JobEventKind.DUPLICATE for event in world.events), "it is not told"
    if job.state is JobState.DONE:
        assert world.hetzner.snapshots_deleted or "available" in {image.snapshot.status for image in made}
        assert world.hetzner.snapshots_deleted or job.image_id in {image.snapshot.id for image in made}
    else:
        assert len(made) <= world.late_snapshots, "a snapshot that the job does not know of"
    always(world)


def ended_ill(world: WorldState) -> None:
    """What holds after hours in a world that stays ill."""
    job, here = world.job, world.hetzner
    if job.resting or world.access is Access.NONE:  # without any access the process gives the project up
        return
    if job.power is Power.RESTORE_PENDING and not world.can_switch_on:
        return
    assert not off_because_of_us(world), "it has not powered on a server that could be powered on"
    refusals = {refusal.kind for refusal in here.routes.values()}
    for_a_lock = job.options.max_wait is None and (here.locked or ErrorKind.LOCKED in refusals)
    assert for_a_lock or ErrorKind.RATE_LIMITED in refusals, f"it waits for ever: {job}"
