"""A journal that cannot be used is said before anything is sent; a dry run needs none."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path

from tests.patience import FOREVER
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
        at.lock("web-1", FOREVER)
        run = at.start("snapshot", "web-1")
        run.until("waiting")
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


def test_a_broken_journal_stops_everything_and_is_left_as_it_is() -> None:
    with machine() as at:
        at.add("web-1")
        assert at.run("snapshot", "web-1").code == 0
        journal = journal_of(at)
        for beside in journal.parent.glob("journal.sqlite3-*"):
            beside.unlink()
        journal.write_bytes(b"this is no journal " * 1000)
        for command in (("jobs",), ("resume",), ("snapshot", "web-1")):
            ended = at.run(*command)
            assert ended.code == 5, ended.out
            assert "look for servers that are off" in ended.out
            assert f"mv {journal.parent} {at.state / journal.parent.name}.aside" in ended.out
        assert journal.read_bytes() == b"this is no journal " * 1000
        assert len(at.snapshots()) == 1
        journal.parent.rename(at.state / f"{journal.parent.name}.aside")
        assert at.run("snapshot", "web-1").code == 0
        assert len(at.snapshots()) == 2


def test_no_server_left_off_is_forgotten_with_a_file_that_cannot_be_read() -> None:
    """A server is off because of a killed run when what the project is known by, or its job, can't be read."""
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at:
        at.add("web-1")
        at.leave_off("web-1")
        identity = journal_of(at).with_name("project.json")
        known = identity.read_text()
        identity.write_text(known[:30])
        told = at.run("jobs")
        assert (told.code, identity.read_text()) == (0, known[:30])
        assert "The copy in the journal is used" in told.out
        with sqlite3.connect(journal_of(at)) as database:
            (copy,) = database.execute("SELECT body FROM identity").fetchall()
            database.execute("DELETE FROM identity")
        for command in (("jobs",), ("resume",), ("snapshot", "web-1")):
            ended = at.run(*command)
            assert ended.code == 5
            assert str(identity) in ended.out
            assert "Off because of hsnap-tui may be: web-1." in ended.out
        assert len(list(at.state.glob("projects/*/"))) == 1
        database.execute("INSERT INTO identity (one, body) VALUES (1, ?)", copy)
        (body,) = database.execute("SELECT body FROM jobs").fetchone()
        database.execute("UPDATE jobs SET body = substr(body, 1, 200)")
        database.commit()
        for command in (("jobs",), ("resume",), ("resume", "--yes")):
            ended = at.run(*command)
            assert ended.code == 5
            assert "web-1" in ended.out
            assert "off because of" in ended.out
        database.execute("UPDATE jobs SET body = ?", (body,))
        database.commit()
        database.close()
        at.unlock("web-1")
        resumed = at.start("resume")
        resumed.until("powered on")
        assert at.status("web-1") == "running"


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
