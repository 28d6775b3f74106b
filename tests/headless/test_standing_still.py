"""A process in charge that stands still is named, with what it means and what to do; nobody waits for it for ever."""

from __future__ import annotations

import signal

from tests.patience import FOREVER
from tests.programs import Machine, Run, machine


def stopped(at: Machine) -> Run:
    """A run that is stopped by a signal while a server is off because of it."""
    run = at.start("snapshot", "web-1", "--shut-down")
    run.until("creating snapshot")
    run.send(signal.SIGSTOP)
    return run


def test_a_process_that_was_stopped_is_named_and_not_waited_for() -> None:
    """Several commands at the same time: each looks for a while before it says so."""
    commands = (("resume",), ("resume", "--yes"), ("snapshot", "web-2"))
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at:
        at.add("web-1", "web-2")
        run = stopped(at)
        posts, pid = at.posts(), run.process.pid
        in_words, as_json = [at.start(*words) for words in commands], at.start("resume", "--json")
        for ended in [started.ended() for started in in_words]:
            assert ended.code == 5, ended.out
            assert f"Another hsnap-tui (PID {pid}) is in charge and has not responded since" in ended.out
            assert f"kill -CONT {pid}" in ended.out
            assert "run hsnap-tui resume" in ended.out
            assert "Off because of hsnap-tui, or may be: web-1." in ended.out
        ended = as_json.ended()
        assert ended.code == 5
        (told,) = ended.events("leader_stalled")
        assert told["pid"] == pid
        assert told["since"]
        assert at.posts() == posts, "it may go on at any time"
        at.unlock("web-1")
        run.send(signal.SIGCONT)
        run.until("powered on")
        assert at.status("web-1") == "running"


def test_a_process_that_was_stopped_and_is_killed_is_finished_by_resume() -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at:
        at.add("web-1")
        run = stopped(at)
        resumed = at.start("resume")
        resumed.until("has not responded since")
        run.send(signal.SIGKILL)
        run.ended()
        at.unlock("web-1")
        resumed.until("powered on")
        assert at.status("web-1") == "running"
