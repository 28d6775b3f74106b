"""`hsnap-tui resume --yes` and jobs that are not held yet when it starts."""

from __future__ import annotations

import json
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace

from hsnap_tui.demo.model.cloud import Cloud
from tests.patience import FOREVER
from tests.programs import Machine, Run, machine


def shutdown_is_journalled(at: Machine) -> bool:
    """Whether the journal holds that Hetzner has accepted the shutdown of the only job."""
    (path,) = at.state.glob("projects/*/journal.sqlite3")
    with closing(sqlite3.connect(path)) as database:
        (body,) = database.execute("SELECT body FROM jobs").fetchone()
    return bool(json.loads(body)["shutdown"]["phase"] == "accepted")


def leads(at: Machine, run: Run) -> bool:
    """Whether a run has come to lead the project."""
    return [int(path.read_text()) for path in at.state.glob("projects/*/leader")] == [run.process.pid]


def goes_off(cloud: Cloud) -> None:
    """The only server's shutdown ends; later ones take no time."""
    (server,) = cloud.servers.values()
    server.status = "off"
    cloud.unlock(server.id)
    cloud.options = replace(cloud.options, shutdown_seconds=(0.5, 0.5))


def test_the_yes_counts_for_a_job_that_is_held_only_when_its_server_is_on_again() -> None:
    with machine(shutdown_seconds=(FOREVER, FOREVER)) as at:
        at.add("web-1")
        run = at.start("snapshot", "web-1", "--shut-down")
        run.until("shutting down")
        at.eventually(lambda: shutdown_is_journalled(at))
        run.send(signal.SIGKILL)
        assert run.ended().code == -signal.SIGKILL
        at.served.call(goes_off)
        resumed = at.run("resume", "--yes", "--json")
        told = [event["event"] for event in resumed.records if event.get("server_name") == "web-1"]
        assert told.index("server_on") < told.index("needs_approval") < told.index("approved") < told.index("done")
        assert resumed.code == 0
        assert at.snapshots() == ["web-1-snapshot"]
        assert at.status("web-1") == "running"


def test_resume_goes_on_watching_a_server_that_may_still_shut_down() -> None:
    with machine(shutdown_seconds=(FOREVER, FOREVER)) as at:
        at.add("web-1")
        run = at.start("snapshot", "web-1", "--shut-down", "--off-within", "1s")
        run.until("may still shut down")
        run.send(signal.SIGKILL)
        assert run.ended().code == -signal.SIGKILL
        resumed = at.start("resume", "--yes")
        at.eventually(lambda: resumed.process.poll() is not None or leads(at, resumed))
        at.served.call(goes_off)
        assert resumed.ended().code == 1
        assert at.status("web-1") == "running"
        assert at.run("resume").out == "Nothing is left to do.\n"
