"""Ctrl-C, SIGTERM, SIGHUP and kill -9, and how hsnap-tui resume goes on after them."""

from __future__ import annotations

import signal

import pytest

from hsnap_tui.demo.serving.tokens import Access
from tests.patience import FOREVER
from tests.programs import Ended, Run, machine

SIGNALS = {"web-1": signal.SIGINT, "web-2": signal.SIGTERM, "web-3": signal.SIGHUP}


def left(run: Run, number: int) -> Ended:
    """How a run ends after a signal. What it would have waited for without one never comes."""
    run.send(number)
    return run.ended()


def test_signals_leave_in_order_and_resume_finishes() -> None:
    with machine() as at:
        at.add(*SIGNALS)
        for name, number in SIGNALS.items():
            at.lock(name, FOREVER)
            run = at.start("snapshot", name)
            run.until("waiting: locked by reboot_server")
            ended = left(run, number)
            assert ended.code == 5
            assert "hsnap-tui resume finishes the rest" in ended.out
        assert at.run("jobs").out.count(": waiting\n") == 3
        assert at.snapshots() == []
        at.unlock(*SIGNALS)
        resumed = at.run("resume", "--json")
        assert resumed.code == 0
        assert sorted(event["server_name"] for event in resumed.events("done")) == sorted(SIGNALS)
        assert sorted(at.snapshots()) == [f"{name}-snapshot" for name in SIGNALS]


@pytest.mark.parametrize("words", [("snapshot", "web-1"), ("resume",)])
def test_an_interrupt_while_nothing_answers_is_heard(words: tuple[str, ...]) -> None:
    with machine(latency=FOREVER) as at:
        at.add("web-1")
        run = at.start(*words)
        at.eventually(lambda: at.served.count() > 0)
        ended = left(run, signal.SIGINT)
        assert ended.code == 5
        assert ended.out == "Interrupted: nothing was started.\n"
        assert at.posts() == 0


def test_shut_down_first_and_power_on_as_soon_as_the_lock_clears() -> None:
    with machine(unlock_at=20, snapshot_seconds=(20, 20)) as at:
        at.add("web-1", "web-2")
        at.served.call(lambda cloud: cloud.add_server("spare", status="off"))
        ended = at.run("snapshot", "--all", "--shut-down", "--at-a-time", "2", "--json")
        assert ended.code == 0, ended.out
        steps = [event["event"] for event in ended.records if event.get("server_name") == "web-1"]
        assert steps.index("server_on") < steps.index("snapshot_done")
        on = {event["server_name"]: event["seconds"] for event in ended.events("server_on")}
        assert set(on) == {"web-1", "web-2"}
        assert all(seconds < 20 for seconds in on.values())
        assert [at.status(name) for name in ("web-1", "web-2", "spare")] == ["running", "running", "off"]
        assert len(at.snapshots()) == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_server_that_is_off_because_of_us_is_switched_on_before_the_end(number: int) -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at:
        at.add("web-1")
        run = at.start("snapshot", "web-1", "--shut-down")
        run.until("creating snapshot")
        assert at.status("web-1") == "off"
        at.unlock("web-1")
        run.send(number)
        ended = run.ended()
        assert ended.code == 5
        assert "Powering on first: web-1." in ended.out
        assert "web-1: powered on; was off for" in ended.out
        assert at.status("web-1") == "running"


def test_a_second_ctrl_c_ends_at_once_and_resume_switches_on_again() -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at:
        at.add("web-1")
        run = at.start("snapshot", "web-1", "--shut-down")
        run.until("creating snapshot")
        run.send(signal.SIGINT)
        run.until("Ctrl-C ends at once")
        assert left(run, signal.SIGINT).code == 5
        assert at.status("web-1") == "off"
        at.unlock("web-1")
        resumed = at.start("resume")
        resumed.until("powered on")
        assert left(resumed, signal.SIGTERM).code == 5
        assert at.status("web-1") == "running"
        assert at.snapshots() == ["web-1-snapshot"]


def test_kill_in_the_middle_of_a_batch_loses_nothing() -> None:
    with machine(snapshot_seconds=(2, 2)) as at:
        names = [f"web-{number}" for number in range(1, 6)]
        at.add(*names)
        at.lock("web-5", 3)
        run = at.start("snapshot", "--all")
        run.until("creating snapshot")
        run.send(signal.SIGKILL)
        assert run.ended().code == -signal.SIGKILL
        resumed = at.run("resume")
        assert resumed.code == 0, resumed.out
        assert "an earlier run" in resumed.out
        assert sorted(at.snapshots()) == [f"{name}-snapshot" for name in names]
        again = at.run("resume")
        assert (again.code, again.out) == (0, "Nothing is left to do.\n")


def test_jobs_that_switch_servers_off_are_held_after_a_kill() -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at:
        at.add("web-1", "web-2")
        run = at.start("snapshot", "--all", "--shut-down")
        run.until("web-1: creating snapshot 301445108")
        run.send(signal.SIGKILL)
        assert run.ended().code == -signal.SIGKILL
        at.unlock("web-1")
        resumed = at.start("resume")
        resumed.until("web-1: powered on")
        assert left(resumed, signal.SIGINT).code == 5
        assert at.status("web-2") == "running"
        told = at.run("jobs", "--json").events("job")
        assert [(job["server_name"], job["state"], job.get("hold")) for job in told] == [
            ("web-1", "creating", None),
            ("web-2", "needs_approval", "shuts_down"),
        ]
        assert at.snapshots() == ["web-1-snapshot"]


def test_a_token_that_is_taken_away_in_between_ends_the_wait() -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at:
        at.add("web-1")
        run = at.start("snapshot", "web-1", "--network-wait", "1s")
        run.until("creating snapshot")
        at.served.tokens.change(at.served.token, Access.REVOKED)
        ended = run.ended()
        assert ended.code == 3
        assert "Hetzner does not know this token" in ended.out
        assert "run hsnap-tui resume with a token that is accepted" in ended.out


def test_one_process_sends_and_the_other_follows() -> None:
    with machine(snapshot_seconds=(1, 1)) as at:
        at.add("web-1", "web-2")
        at.lock("web-1", FOREVER)
        first = at.start("snapshot", "web-1")
        first.until("waiting")
        second = at.run("snapshot", "web-2")
        assert second.code == 0
        assert f"Another hsnap-tui (PID {first.process.pid}) is in charge" in second.out
        assert "web-2: done" in second.out
        third = at.start("resume")
        third.until("Another hsnap-tui")
        at.unlock("web-1")
        assert third.ended().code == 0
        assert first.ended().code == 0
        assert sorted(at.snapshots()) == ["web-1-snapshot", "web-2-snapshot"]


def test_a_follower_takes_over_when_the_one_that_sends_is_killed() -> None:
    with machine() as at:
        at.add("web-1", "web-2")
        at.lock("web-1", FOREVER)
        first = at.start("snapshot", "web-1")
        first.until("waiting")
        second = at.start("resume")
        second.until("Another hsnap-tui")
        first.send(signal.SIGKILL)
        at.unlock("web-1")
        ended = second.ended()
        assert ended.code == 0
        assert "This hsnap-tui is in charge now" in ended.out
        assert at.snapshots() == ["web-1-snapshot"]


def test_the_one_that_sends_may_end_first() -> None:
    with machine() as at:
        at.add("web-1", "web-2")
        at.lock("web-1", FOREVER)
        at.lock("web-2", FOREVER)
        first = at.start("snapshot", "web-1")
        first.until("waiting")
        second = at.start("snapshot", "web-2", "--shut-down")
        second.until("Another hsnap-tui")
        at.unlock("web-1")
        assert first.ended().code == 0
        second.until("This hsnap-tui is in charge now")
        at.unlock("web-2")
        ended = second.ended()
        assert ended.code == 0, ended.out
        assert at.status("web-2") == "running"
        assert sorted(at.snapshots()) == ["web-1-snapshot", "web-2-snapshot"]


def test_runs_that_start_at_the_same_moment_do_each_job_once() -> None:
    with machine() as at:
        names = ["web-1", "web-2", "web-3", "web-4"]
        at.add(*names)
        runs = [at.start("snapshot", name) for name in names]
        assert [run.ended().code for run in runs] == [0, 0, 0, 0]
        assert sorted(at.snapshots()) == [f"{name}-snapshot" for name in names]
        assert len(list(at.state.glob("projects/*/journal.sqlite3"))) == 1
