"""`hsnap-tui resume --yes` and jobs that are not held yet when it starts."""

from __future__ import annotations

import signal

from tests.programs import machine


def test_the_yes_counts_for_a_job_that_is_held_only_when_its_server_is_on_again() -> None:
    with machine(shutdown_seconds=(1.0, 1.0)) as at:
        at.add("web-1")
        run = at.start("snapshot", "web-1", "--shut-down")
        run.until("asked to shut down")
        run.send(signal.SIGKILL)
        assert run.ended().code == -signal.SIGKILL
        resumed = at.run("resume", "--yes", "--json")
        told = [event["event"] for event in resumed.records if event.get("server_name") == "web-1"]
        assert told.index("server_on") < told.index("needs_approval") < told.index("approved") < told.index("done")
        assert resumed.code == 0
        assert at.snapshots() == ["web-1-snapshot"]
        assert at.status("web-1") == "running"
