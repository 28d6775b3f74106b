"""What an outage of one route costs, and that all goes on when it is over."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from hsnap_tui.demo.model.faults import Fault
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.events import JobEvent, JobEventKind, Notice
from hsnap_tui.jobs.core.model import JobState
from tests.jobs.support import snapshots_by_job
from tests.jobs.virtual_desk import virtual_desk

SERVERS = 100
MINUTES = 6


@pytest.mark.parametrize("kind", ["503", "429", "drop-before"])
async def test_a_route_that_fails_for_all_costs_little_until_it_works(tmp_path: Path, kind: str) -> None:
    fault = Fault(kind, "POST", "create_image", lasts=60.0 * MINUTES)
    options = DemoOptions(servers=SERVERS, calm=True, snapshot_seconds=(60, 78), faults=(fault,))
    async with virtual_desk(tmp_path, options) as desk:
        await desk.start()
        counted: list[Counter[str]] = []
        for _ in range(MINUTES):
            before = len(desk.served.requests)
            await desk.clock.advance(60)
            asked = desk.served.requests[before:]
            counted.append(Counter(f"{one.method} {one.route}" for one in asked))
        assert counted[0].total() <= 3 * SERVERS, counted[0]
        assert all(minute.total() <= 60 for minute in counted[1:]), counted
        assert sum(minute["POST create_image"] for minute in counted) <= SERVERS + 3 * MINUTES
        await desk.clock.advance(200)
        assert {job.state for job in desk.jobs} == {JobState.DONE}
        assert [event.warning for event in desk.events if isinstance(event, Notice)] == [True, False]
        assert not [e for e in desk.events if isinstance(e, JobEvent) and e.kind is JobEventKind.NEEDS_APPROVAL]
        made = snapshots_by_job(desk.served)
    assert len(made) == SERVERS
    assert set(made.values()) == {1}
