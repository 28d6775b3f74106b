"""What stops one job stops others: no further server is shut down for a snapshot that would be refused too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.events import Failure
from hsnap_tui.jobs.core.hold_spreading import applies, hold_for_others
from hsnap_tui.jobs.core.model import HoldReason, JobState, Power, SnapshotJob, SnapshotOptions
from hsnap_tui.jobs.core.observations import Hold
from tests.jobs.core.scenes import off
from tests.jobs.core.test_downtime import SHORT, while_refused
from tests.jobs.core.world import World, new_job

REFUSED = HoldReason.REFUSED


def spread_by(world: World, kind: ErrorKind) -> list[Hold]:
    """What the steps of this world's job put on others while each `create_image` is refused."""
    spread = []
    tell = world.tell

    def watched(observation: object) -> None:
        before = world.job
        tell(observation)  # type: ignore[arg-type]
        hold = hold_for_others(before, world.job)
        if hold is not None:
            spread.append(hold)

    world.tell = watched  # type: ignore[method-assign]
    while_refused(world, kind, 1000)
    return spread


@pytest.mark.parametrize("kind", [ErrorKind.INVALID_INPUT, ErrorKind.UNSUPPORTED, ErrorKind.RATE_LIMITED])
def test_a_refusal_that_holds_for_all_holds_the_others_once(kind: ErrorKind) -> None:
    (hold,) = spread_by(off(SHORT), kind)
    assert hold.reason is REFUSED
    assert hold.failure is not None
    assert kind.value in hold.failure.message


def test_a_server_that_was_off_in_vain_holds_the_others_whatever_refused_it() -> None:
    (hold,) = spread_by(off(SHORT), ErrorKind.LOCKED)
    assert hold.reason is REFUSED


def test_the_limit_and_no_access_hold_others_as_well() -> None:
    assert [hold.reason for hold in spread_by(off(SHORT), ErrorKind.LIMIT_REACHED)] == [HoldReason.LIMIT]
    assert [hold.reason for hold in spread_by(off(SHORT), ErrorKind.FORBIDDEN)] == [HoldReason.NO_ACCESS]


def test_snapshots_of_running_servers_cost_no_downtime_and_each_is_tried() -> None:
    before = new_job(SnapshotOptions())
    failed = replace(before, result=JobState.FAILED, failure=Failure("invalid_input", "no"))
    assert hold_for_others(before, failed) is None


def other(**changes: object) -> SnapshotJob:
    return replace(new_job(SHORT), id="job-2", server_id=8, **changes)  # type: ignore[arg-type]


def test_which_jobs_are_held() -> None:
    source = new_job(SHORT)
    refused, limit, access = (Hold(reason) for reason in (REFUSED, HoldReason.LIMIT, HoldReason.NO_ACCESS))
    for hold in (refused, limit, access):
        assert not applies(hold, source, source)
        assert applies(hold, source, other())
        assert applies(hold, source, other(batch="another")) is (hold is access)
    off_already = other(power=Power.RESTORE_PENDING)
    assert [applies(hold, source, off_already) for hold in (refused, limit)] == [False, True]
