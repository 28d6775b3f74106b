"""Every wait has words and an end: --timeout, signs of life, and what is owed when time is over."""

from __future__ import annotations

import asyncio
import io
import math
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from hsnap_tui.demo.model.faults import Fault
from hsnap_tui.events import Failure, Notice
from hsnap_tui.headless.exit_codes import exit_code
from hsnap_tui.headless.report import TextReport
from hsnap_tui.headless.run import write_what_is_left
from hsnap_tui.headless.waiting import QUIET_EVERY, UNREACHABLE_EVERY, Heartbeat, Limits, power_on_and_leave
from hsnap_tui.jobs.core.model import JobState, Power, SnapshotJob, SnapshotOptions
from hsnap_tui.jobs.interface import PendingWork
from hsnap_tui.session.interface import ConnectionStatus, SessionInterface
from tests.clocks import START
from tests.clocks.fixed import FixedClock
from tests.patience import FOREVER, PATIENCE
from tests.programs import machine


def test_the_time_is_over_before_anything_was_started() -> None:
    with machine(latency=FOREVER) as at:
        at.add("web-1")
        ended = at.run("snapshot", "web-1", "--timeout", "2s")
        assert ended.code == 5
        assert ended.out == "Nothing was started: the time of --timeout (2s) was over.\n"
        assert at.posts() == 0


@pytest.mark.parametrize("command", ["snapshot", "resume"])
def test_the_time_is_over_while_a_lock_is_waited_for(command: str) -> None:
    with machine() as at:
        at.add("web-1")
        at.lock("web-1", FOREVER)
        assert at.run("snapshot", "web-1", "--timeout", "5s").code == 5
        ended = at.run(*(("resume",) if command == "resume" else ("snapshot", "web-1")), "--timeout", "5s", "--json")
        assert ended.code == 5
        assert "the time of --timeout (5s) is over" in ended.err
        assert ended.records[-1]["exit"] == 5
        assert at.snapshots() == []


def test_when_the_time_is_over_a_server_that_is_off_is_powered_on_first() -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at:
        at.add("web-1")
        run = at.start("snapshot", "web-1", "--shut-down", "--timeout", "15s")
        run.until("the time of --timeout (15s) is over")
        assert at.status("web-1") == "off"
        at.unlock("web-1")
        ended = run.ended()
        assert ended.code == 5
        assert "web-1: powered on" in ended.out
        assert at.status("web-1") == "running"


def test_it_is_said_from_time_to_time_that_hetzner_does_not_answer() -> None:
    with machine(snapshot_seconds=(30, 30)) as at:
        at.add("web-1")
        run = at.start("snapshot", "web-1")
        run.until("creating snapshot")
        at.served.add_fault(Fault("503", "*"))
        run.until("Still waiting: no access to Hetzner for ")


# -- with a clock of the test ------------------------------------------------------------------------------------


class EndlessJobs:
    """Servers that are off, and are never powered on."""

    def __init__(self) -> None:
        self.halted: Failure | None = None
        self.off: tuple[SnapshotJob, ...] = (job("web-1"), job("web-2"))

    def pending_work(self) -> PendingWork:
        return PendingWork(off=self.off)

    async def leave(self, *, cancel_waiting: bool) -> None:
        await asyncio.Event().wait()


class EndlessSession:
    """A session that can't be left."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.jobs = EndlessJobs()
        self.failure: Failure | None = None

    @property
    def connection(self) -> ConnectionStatus:
        return ConnectionStatus(2.0, failure=self.failure)


def job(name: str) -> SnapshotJob:
    """A job whose server is off because of it."""
    return SnapshotJob(name, "b", "p", 1, name, "d", START, SnapshotOptions(), power=Power.RESTORE_PENDING)


UNREACHABLE = Failure("unreachable", "Hetzner can't be reached")


@pytest.mark.parametrize(
    ("limits", "failure"),
    [(Limits(100.0, math.inf), None), (Limits(math.inf, 100.0), UNREACHABLE), (Limits(100.0, 200.0), UNREACHABLE)],
)
async def test_what_cannot_be_paid_within_the_limits_is_named(limits: Limits, failure: Failure | None) -> None:
    session = EndlessSession()
    session.failure = failure
    console = cast(SessionInterface, session)
    told: list[str] = []
    heartbeat = Heartbeat(console, told.append)
    session.clock.leap = 60.0
    left = await asyncio.wait_for(power_on_and_leave(console, heartbeat, limits), PATIENCE)
    assert left is not None
    assert left.startswith("Off because of hsnap-tui, or may still shut down: web-1 and web-2. Power them on")


async def test_the_end_of_the_session_ends_it_too() -> None:
    console = cast(SessionInterface, EndlessSession())
    work = asyncio.create_task(asyncio.sleep(0))
    left = power_on_and_leave(console, Heartbeat(console, print), Limits(math.inf, math.inf), work=work)
    assert await asyncio.wait_for(left, PATIENCE) is not None


def test_signs_of_life_come_when_nothing_else_does() -> None:
    session = EndlessSession()
    session.jobs.off = ()
    told: list[str] = []
    heartbeat = Heartbeat(cast(SessionInterface, session), told.append)

    def after(seconds: float) -> list[str]:
        session.clock.present += timedelta(seconds=seconds)
        heartbeat.tell_if_quiet()
        new, told[:] = list(told), []
        return new

    assert after(QUIET_EVERY - 1) == []
    assert after(1) == ["Still waiting."]
    assert after(1) == []
    session.failure = UNREACHABLE
    assert after(UNREACHABLE_EVERY / 2) == []
    assert after(UNREACHABLE_EVERY / 2) == ["Still waiting: no access to Hetzner for 30s (Hetzner can't be reached)."]
    session.jobs.off = (job("web-1"),)
    assert after(UNREACHABLE_EVERY) == [
        "Still waiting: no access to Hetzner for 1m 30s (Hetzner can't be reached). "
        "Off because of hsnap-tui, or may still shut down: web-1."
    ]
    heartbeat.on_event(Notice(START, "p", "news"))
    assert after(UNREACHABLE_EVERY - 1) == []
    session.failure = None
    assert after(QUIET_EVERY - UNREACHABLE_EVERY) == []
    assert heartbeat.unreachable_for == 0.0


def test_a_server_that_may_still_go_off_is_named_and_is_no_exit_code_0() -> None:
    out = io.StringIO()
    late = replace(job("web-1"), state=JobState.DONE, power=Power.WATCHED)
    write_what_is_left([late, replace(job("web-2"), state=JobState.DONE, power=Power.RESTORED)], TextReport(out))
    assert out.getvalue() == (
        "May still shut down, as requested: web-1. The next hsnap-tui or hsnap-tui resume powers on those that did.\n"
    )
    assert exit_code([late]) == 5
