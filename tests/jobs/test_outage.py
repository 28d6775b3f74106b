"""What an outage of one route costs, and that all goes on when it is over."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from hsnap_tui.demo.faults import Fault
from hsnap_tui.events import JobEventKind, Notice
from hsnap_tui.jobs.model import JobState
from tests.jobs.support import desk, simulated, snapshots_by_job

SERVERS = 60
SECONDS = 240.0


@pytest.mark.parametrize("kind", ["503", "429", "drop-before"])
async def test_a_route_that_fails_for_all_costs_little_until_it_works(tmp_path: Path, kind: str) -> None:
    fault = Fault(kind, "POST", "create_image", lasts=SECONDS)
    with simulated(servers=SERVERS, rate_limit=3600, snapshot_seconds=(20, 30), faults=(fault,)) as served:
        async with desk(served, tmp_path) as work:
            await work.start()
            began = served.clock.now()
            await work.until(lambda: (served.clock.now() - began).total_seconds() > SECONDS)
            asked = Counter(f"{one.method} {one.path.rsplit('/', 1)[-1]}" for one in served.requests)
            assert asked.total() <= SERVERS + SECONDS, asked
            assert asked["POST create_image"] <= SERVERS + 20
            await work.ended()
            assert {job.state for job in work.jobs()} == {JobState.DONE}
            notices = [event.text for event in work.events if isinstance(event, Notice)]
            assert len(notices) == 2, notices
            assert not work.told(JobEventKind.HELD)
        made = snapshots_by_job(served)
    assert len(made) == SERVERS
    assert set(made.values()) == {1}
