"""Two batches that want the same servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from hsnap_tui.jobs.core.model import JobState, SnapshotOptions
from tests.jobs.support import desk, simulated, snapshots_by_job, statuses

RUNNING = SnapshotOptions()
DOWN = SnapshotOptions(shut_down=True, at_a_time=4)


@pytest.mark.parametrize("first", [RUNNING, DOWN], ids=["running", "down"])
@pytest.mark.parametrize("second", [RUNNING, DOWN], ids=["running", "down"])
async def test_each_server_does_one_job_after_the_other(
    tmp_path: Path, first: SnapshotOptions, second: SnapshotOptions
) -> None:
    with simulated() as served:
        before = statuses(served)
        async with desk(served, tmp_path) as at:
            batches = [await at.start(first), await at.start(second)]
            for batch in batches:
                await at.ended(batch)
            assert {job.state for job in at.jobs()} == {JobState.DONE}
            assert snapshots_by_job(served) == {job.id: 1 for job in at.jobs()}
            assert served.count("POST", "create_image") == len(at.jobs()), "none was sent while another was at work"
            assert served.count("POST", "shutdown") == served.count("POST", "poweron")
            assert statuses(served) == before
