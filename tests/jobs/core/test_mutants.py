"""The promises have teeth: each fault that is built in here breaks one, in a scene or in a few examples.

Every fault has its scene, so that it is noticed whatever examples are drawn. Faults that nearly every example meets
are searched for by the property test too, which shows that its examples reach the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import Phase as ExamplePhase
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs.core import tracked_request
from hsnap_tui.jobs.core.model import (
    HoldReason,
    Phase,
    Power,
    RequestKind,
    SnapshotJob,
    SnapshotOptions,
    TrackedRequest,
)
from hsnap_tui.jobs.core.observations import Hold, LookedUp, ServerSeen, Step, StepContext
from hsnap_tui.jobs.core.snapshot import (
    create_image,
    late_shutdown,
    machine,
    power,
    resume,
    shutting_down,
    whose_action,
)
from hsnap_tui.jobs.core.snapshot.step_builder import SnapshotStepBuilder
from tests.jobs.core import promises, world
from tests.jobs.core.hetzner import Hetzner, Plan
from tests.jobs.core.same_examples import same_examples_everywhere
from tests.jobs.core.test_machine_properties import JobMachine
from tests.jobs.core.world import START, World

SOON = 50
"""Examples within which a fault is noticed that nearly every example meets."""

Patch = pytest.MonkeyPatch


def nothing_comes_late(patch: Patch) -> None:
    patch.setattr(tracked_request, "SETTLE", timedelta(0))


def labels_show_at_once(patch: Patch) -> None:
    patch.setattr(create_image, "LABEL_SHOWS_WITHIN", timedelta(0))


def look_ups_find_nothing(patch: Patch) -> None:
    def looked_up(builder: SnapshotStepBuilder, found: LookedUp) -> None:
        create_image._may_send_again(builder, found)

    patch.setattr(create_image, "looked_up", looked_up)


def sends_again_without_a_look(patch: Patch) -> None:
    patch.setattr(create_image, "_look_or_send", create_image.send)


def looks_without_pause(patch: Patch) -> None:
    patch.setattr(tracked_request, "_LOOK_UP_DELAYS", (0.5,))


def restores_are_written_down_later(patch: Patch) -> None:
    original = shutting_down._shut_down

    def shut_down(builder: SnapshotStepBuilder) -> None:
        original(builder)
        builder.set(power=Power.NONE)

    patch.setattr(shutting_down, "_shut_down", shut_down)


def a_restart_forgets_restores(patch: Patch) -> None:
    original = resume.resume

    def forgetful(job: SnapshotJob, context: StepContext, *, own: bool) -> Step[SnapshotJob]:
        step = original(job, context, own=own)
        return replace(step, job=replace(step.job, power=Power.NONE))

    patch.setattr(world, "resume", forgetful)


def a_restart_forgets_requests_under_way(patch: Patch) -> None:
    def interrupted(request: TrackedRequest, now: datetime) -> TrackedRequest:
        del now
        return replace(request, phase=Phase.READY, attempts=0) if request.phase is Phase.SENT else request

    patch.setattr(tracked_request, "interrupted", interrupted)


def a_restart_believes_every_moment(patch: Patch) -> None:
    def believe(job: SnapshotJob, now: datetime, ahead: object) -> SnapshotJob:
        del now, ahead
        return job

    patch.setattr(resume, "not_in_the_future", believe)


def what_never_went_off_is_not_watched(patch: Patch) -> None:
    def begin(builder: SnapshotStepBuilder, seen: ServerSeen, why: str) -> None:
        del seen
        power.end_restoring(builder, JobEventKind.LEFT_ALONE, why)

    patch.setattr(late_shutdown, "begin", begin)


def downtime_has_no_limit(patch: Patch) -> None:
    patch.setattr(power, "note_downtime", nothing)


def others_are_overridden(patch: Patch) -> None:
    patch.setattr(whose_action, "foreign", nothing)


def holds_wait_for_ever(patch: Patch) -> None:
    patch.setattr(machine, "_note_the_end_of_waiting", nothing)


def odd_statuses_are_waited_for(patch: Patch) -> None:
    patch.setattr(shutting_down, "_await_status", nothing)


def nothing(*_: object) -> None:
    """Does nothing, in place of something that has to be done."""


# -- scenes -----------------------------------------------------------------------------------------------------


def begun(plan: Plan) -> World:
    made = World(SnapshotOptions(shut_down=True, max_downtime=timedelta(minutes=2)), Hetzner(START, plan=plan))
    made.poll()
    return made


def asked_for_a_snapshot() -> World:
    """A world whose server is off, with the request for its snapshot on its way."""
    here = begun(Plan())
    here.run(300, stop_at=RequestKind.CREATE_IMAGE)
    assert here.flight is not None
    return here


def an_effect_comes_late(late: float, lag: float) -> None:
    here = begun(Plan(snapshot=60, label_lag=lag))
    here.run(300, stop_at=RequestKind.CREATE_IMAGE)
    here.date_is_wrong_by(-900)
    here.lose(late)
    here.run(600)
    promises.ended_well(here)


def a_route_refuses() -> None:
    here = begun(Plan())
    here.hetzner.refuse(RequestKind.CREATE_IMAGE, ErrorKind.RATE_LIMITED, None)
    for _ in range(20):
        here.run(60)
        promises.always(here)


def somebody_powers_it_off_after_us() -> None:
    here = asked_for_a_snapshot()
    here.refuse(ErrorKind.INVALID_INPUT)
    here.wait(10, asleep=True)
    here.hetzner.post(RequestKind.POWER_OFF, None, ours=False)
    here.wait(10, asleep=True)
    here.run(300)


def an_answer_is_lost() -> None:
    here = asked_for_a_snapshot()
    here.carry_out()
    here.lose()
    here.run(600)
    promises.ended_well(here)


def a_request_is_lost() -> None:
    here = asked_for_a_snapshot()
    here.lose()
    here.run(60)


def a_snapshot_is_refused_once() -> None:
    here = asked_for_a_snapshot()
    here.refuse(ErrorKind.RATE_LIMITED)
    here.run(60)


def a_server_is_shut_down() -> None:
    begun(Plan()).run(30)


def the_process_is_killed_with_a_server_off() -> None:
    here = asked_for_a_snapshot()
    here.crash()
    here.come_back()
    here.run(30)
    promises.always(here)


def the_process_is_killed_before_the_answer() -> None:
    here = asked_for_a_snapshot()
    here.carry_out()
    here.crash()
    here.come_back(own=True)
    here.run(600)
    promises.ended_well(here)


def the_clock_is_set_back() -> None:
    here = asked_for_a_snapshot()
    here.lose()
    here.crash()
    here.come_back(own=True, clock_set=-1e6)
    here.run(1500)
    promises.ended_ill(here)


def a_guest_shuts_down_late() -> None:
    here = begun(Plan(acpi=200))
    here.run(600)
    here.wait(300, asleep=True)
    promises.ended_well(here)


def a_locked_server_s_job_is_held() -> None:
    here = begun(Plan())
    here.refuse(ErrorKind.LOCKED)
    here.tell(Hold(HoldReason.LIMIT))
    here.run(900)
    promises.ended_ill(here)


def a_status_stays_unknown() -> None:
    here = World(SnapshotOptions(shut_down=True), Hetzner(START))
    here.hetzner.show(ServerStatus.UNKNOWN, None)
    here.run(900)
    promises.ended_ill(here)


SCENES: list[tuple[Callable[[Patch], None], Callable[[], None]]] = [
    (nothing_comes_late, lambda: an_effect_comes_late(29.9, 0)),
    (labels_show_at_once, lambda: an_effect_comes_late(29.9, 8)),
    (downtime_has_no_limit, a_route_refuses),
    (others_are_overridden, somebody_powers_it_off_after_us),
    (look_ups_find_nothing, an_answer_is_lost),
    (looks_without_pause, a_request_is_lost),
    (sends_again_without_a_look, a_snapshot_is_refused_once),
    (restores_are_written_down_later, a_server_is_shut_down),
    (a_restart_forgets_restores, the_process_is_killed_with_a_server_off),
    (a_restart_forgets_requests_under_way, the_process_is_killed_before_the_answer),
    (a_restart_believes_every_moment, the_clock_is_set_back),
    (what_never_went_off_is_not_watched, a_guest_shuts_down_late),
    (holds_wait_for_ever, a_locked_server_s_job_is_held),
    (odd_statuses_are_waited_for, a_status_stays_unknown),
]


@pytest.mark.parametrize(("mutate", "scene"), SCENES, ids=[mutate.__name__ for mutate, _ in SCENES])
def test_a_fault_is_noticed_in_a_scene(
    mutate: Callable[[Patch], None], scene: Callable[[], None], monkeypatch: Patch
) -> None:
    scene()
    mutate(monkeypatch)
    with pytest.raises(AssertionError):
        scene()


# -- what nearly every example meets ----------------------------------------------------------------------------


COMMON: list[Callable[[Patch], None]] = [
    restores_are_written_down_later,
    looks_without_pause,
    sends_again_without_a_look,
]


@pytest.mark.parametrize("mutate", COMMON, ids=lambda mutate: mutate.__name__)
def test_a_fault_is_noticed_by_the_property_test(mutate: Callable[[Patch], None], monkeypatch: Patch) -> None:
    same_examples_everywhere(monkeypatch)
    mutate(monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            JobMachine,
            settings=settings(
                max_examples=SOON,
                stateful_step_count=30,
                phases=[ExamplePhase.generate],
                derandomize=True,
                database=None,
                report_multiple_bugs=False,
            ),
        )
