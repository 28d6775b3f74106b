"""Batches that shut servers down while Hetzner takes no snapshots: few servers go off, as briefly as allowed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hsnap_tui.demo.model.faults import Fault
from hsnap_tui.events import JobEventKind
from hsnap_tui.jobs.core.model import HoldReason, JobState, SnapshotOptions
from tests.jobs.support import desk, simulated, statuses
from tests.patience import FOREVER, until

BRIEFLY = SnapshotOptions(shut_down=True, max_downtime=timedelta(minutes=2))


@pytest.mark.parametrize("text", ["invalid_input", "unsupported_error"])
async def test_a_refusal_that_would_meet_all_shuts_down_one_server_only(tmp_path: Path, text: str) -> None:
    with simulated() as served:
        served.add_fault(Fault("refuse", "POST", "create_image", text=text))
        async with desk(served, tmp_path) as at:
            await at.start(BRIEFLY)
            await at.settled()
            assert sorted(job.state.value for job in at.jobs()) == [
                "failed",
                "needs_approval",
                "needs_approval",
                "needs_approval",
            ]
            assert {job.hold for job in at.jobs() if job.state is JobState.NEEDS_APPROVAL} == {HoldReason.REFUSED}
            assert served.count("POST", "shutdown") == 1
            assert set(statuses(served).values()) == {"running"}
            await at.until(lambda: len(at.told(JobEventKind.NEEDS_APPROVAL)) == 3)
            told = [event.failure for event in at.told(JobEventKind.NEEDS_APPROVAL)]
            assert all(failure is not None and failure.kind in text for failure in told), "why is told with each"


@pytest.mark.parametrize("kind", ["429", "stall"])
async def test_a_route_that_is_down_costs_one_server_the_allowed_downtime(tmp_path: Path, kind: str) -> None:
    with simulated() as served:
        served.add_fault(Fault(kind, "POST", "create_image"))
        async with desk(served, tmp_path, read_timeout=FOREVER) as at:
            await at.start(BRIEFLY)
            if kind == "stall":  # the allowed downtime ends while this very request is still without an answer
                await until(lambda: served.count("POST", "create_image") == 1)
                at.clock.stalled = 1
            await at.settled()
            await at.until(lambda: len(at.told(JobEventKind.NEEDS_APPROVAL)) == 4)
            held = sorted(str(event.note) for event in at.told(JobEventKind.NEEDS_APPROVAL))
            assert held == ["downtime", "refused", "refused", "refused"]
            assert served.count("POST", "shutdown") == 1
            assert kind != "stall" or served.count("POST", "create_image") == 1
            assert set(statuses(served).values()) == {"running"}
            (downtime,) = [job.downtime for job in at.jobs() if job.downtime]
            assert downtime >= timedelta(minutes=2)
