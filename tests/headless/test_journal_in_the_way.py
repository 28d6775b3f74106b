"""A journal that cannot be used is said before anything is sent; a dry run needs none."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path

from tests.programs import Machine, machine


def journal_of(at: Machine) -> Path:
    """The one project's journal."""
    (found,) = at.state.glob("projects/*/journal.sqlite3")
    return found


def test_a_dry_run_leaves_no_folder_and_what_was_left_alone() -> None:
    with machine() as at:
        at.add("web-1", "web-2")
        assert at.run("snapshot", "--all", "--dry-run").code == 0
        assert not at.state.exists()
        at.lock("web-1", 300)
        run = at.start("snapshot", "web-1")
        run.until("waits")
        run.send(signal.SIGKILL)
        run.ended()
        at.unlock("web-1")
        (before,) = at.run("jobs", "--json").events("job")
        assert before["state"] == "waiting"
        ended = at.run("snapshot", "web-1", "--dry-run", "--shut-down", "--json")
        assert ended.code == 0
        (plan,) = ended.events("would_snapshot")
        assert (plan["server_name"], plan["locked"], plan["description"]) == ("web-1", False, "web-1-snapshot")
        assert at.posts() == 0
        (after,) = at.run("jobs", "--json").events("job")
        assert {**after, "seconds": 0} == {**before, "seconds": 0}


def test_a_broken_journal_is_set_aside_and_said() -> None:
    with machine() as at:
        at.add("web-1")
        assert at.run("snapshot", "web-1").code == 0
        journal = journal_of(at)
        for beside in journal.parent.glob("journal.sqlite3-*"):
            beside.unlink()
        journal.write_bytes(b"this is no journal " * 1000)
        assert at.run("jobs").code == 5
        ended = at.run("snapshot", "web-1")
        assert ended.code == 0, ended.out
        assert "It was set aside as journal.broken-" in ended.out
        (aside,) = journal.parent.glob("journal.broken-*.sqlite3")
        assert aside.read_bytes().startswith(b"this is no journal")
        assert len(at.snapshots()) == 2


def test_a_folder_where_the_journal_should_be_stops_everything() -> None:
    with machine() as at:
        at.add("web-1")
        assert at.run("snapshot", "web-1").code == 0
        posts = at.posts()
        journal = journal_of(at)
        journal.rename(journal.with_name("elsewhere"))
        journal.mkdir()
        for words in (("snapshot", "web-1"), ("resume",), ("jobs",)):
            ended = at.run(*words)
            assert ended.code == 5
            assert str(journal) in ended.out
        assert at.posts() == posts


def test_a_journal_of_a_newer_version_is_left_alone() -> None:
    with machine() as at:
        at.add("web-1")
        assert at.run("snapshot", "web-1").code == 0
        database = sqlite3.connect(journal_of(at))
        database.execute("PRAGMA user_version = 99")
        database.close()
        ended = at.run("snapshot", "web-1")
        assert ended.code == 5
        assert "was written by a newer hsnap-tui" in ended.out
        assert len(at.snapshots()) == 1
