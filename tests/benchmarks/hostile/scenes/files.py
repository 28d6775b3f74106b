"""Files that can't be read while a server is off because of what they say."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.benchmarks.hostile.judge import Judge, scene
from tests.benchmarks.hostile.stage import Stage, stage, wait_until


def _project(at: Stage) -> Path:
    return next(at.state.glob("projects/*/"))


def _files(at: Stage) -> list[str]:
    """What there is, but for what SQLite keeps beside a journal and for locks."""
    passing = ("-wal", "-shm", ".lock", "lock", "leader")
    found = (str(path.relative_to(at.state)) for path in at.state.rglob("*") if path.is_file())
    shown_while_it_runs = ("heirs", "processes")
    kept = (name for name in found if Path(name).parent.name not in shown_while_it_runs)
    return sorted(name for name in kept if not name.endswith(passing))


def _damaged(judge: Judge, damage: Callable[[Path], None]) -> None:
    with stage(judge, snapshot=(20, 20)) as at:
        run = at.start("snapshot", "web1", "--shut-down")
        wait_until(lambda: at.watch.off_since("web1") is not None, 40)
        run.kill()
        folder = _project(at)
        with closing(sqlite3.connect(folder / "journal.sqlite3")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copytree(folder, at.home / "good")
        damage(folder)
        before = _files(at)
        code, _ = at.run("jobs", within=20)
        judge.figure(f"jobs: exit {code}")
        code, text = at.run("resume", "--yes", within=50)
        judge.ended("resume", code, 5)
        judge.names("resume", text, "web1", str(at.identifier("web1")))
        new = sorted(set(_files(at)) - set(before))
        gone = sorted(set(before) - set(_files(at)))
        judge.check(f"files renamed: {', '.join(gone + new) or 'none'}", not gone)
        shutil.rmtree(at.state / "projects")
        shutil.copytree(at.home / "good", at.state / "projects" / folder.name)
        code, _ = at.run("resume", "--yes", within=60)
        on = not at.is_off("web1")
        judge.check(f"with the good file again: exit {code}, {at.status('web1')}", code == 0 and on)


@scene(
    "broken-project",
    "project.json is unreadable while a server is off",
    "resume says so and finishes by the copy in the journal, or exits 5 and names the server; nothing is renamed",
)
def project(judge: Judge) -> None:
    """Half a file, as after a full disk."""
    with stage(judge, snapshot=(12, 12)) as at:
        run = at.start("snapshot", "web1", "--shut-down")
        wait_until(lambda: at.watch.off_since("web1") is not None, 40)
        run.kill()
        path = _project(at) / "project.json"
        path.write_bytes(path.read_bytes()[:20])
        before = _files(at)
        code, text = at.run("jobs", within=20)
        judge.check(f"jobs: exit {code}", str(path) in text)
        code, text = at.run("resume", "--yes", within=60)
        told = str(path) in text and "web1" in text
        honest = (code == 0 and not at.is_off("web1")) or code == 5
        said = "says so" if told else "says nothing"
        judge.check(f"resume: exit {code}, {said}, {at.status('web1')}", honest and told)
        gone = sorted(set(before) - set(_files(at)))
        judge.check(f"files renamed: {', '.join(gone) or 'none'}", not gone and len(path.read_bytes()) == 20)


@scene(
    "missing-project",
    "project.json is gone while a server is off",
    "resume finishes the work, or exits 5 and names the server",
)
def missing(judge: Judge) -> None:
    """The journal alone has to be enough."""
    with stage(judge, snapshot=(12, 12)) as at:
        run = at.start("snapshot", "web1", "--shut-down")
        wait_until(lambda: at.watch.off_since("web1") is not None, 40)
        run.kill()
        (_project(at) / "project.json").unlink()
        code, text = at.run("resume", "--yes", within=60)
        named = "web1" in text or str(at.identifier("web1")) in text
        honest = (code == 0 and not at.is_off("web1")) or (code == 5 and named)
        judge.check(f"resume: exit {code}, {'names' if named else 'does not name'} it, {at.status('web1')}", honest)


@scene(
    "broken-journal",
    "the journal is unreadable while a server is off",
    "resume exits 5 and names the servers that may be off, nothing is renamed; with the file mended all is done",
)
def journal(judge: Judge) -> None:
    """Rubbish where SQLite's header was."""

    def spoil(folder: Path) -> None:
        with (folder / "journal.sqlite3").open("r+b") as file:
            file.write(b"\xff" * 4096)

    _damaged(judge, spoil)


@scene(
    "broken-row",
    "one row of two is unreadable while both servers are off",
    "the other server is switched on; exit 5, the server of the bad row is named",
)
def row(judge: Judge) -> None:
    """A row that a newer or a broken program wrote."""
    with stage(judge, snapshot=(20, 20)) as at:
        run = at.start("snapshot", "--all", "--shut-down", "--at-a-time", "2")
        wait_until(lambda: len(at.watch.ever_off()) == 2, 60)
        run.kill()
        path = _project(at) / "journal.sqlite3"
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE jobs SET body = substr(body, 1, length(body) / 2) WHERE body LIKE '%web1%'")
        before = _files(at)
        code, text = at.run("resume", "--yes", within=75)
        judge.ended("resume", code, 5)
        judge.names("resume", text, "web1")
        judge.check(f"web2 is {at.status('web2')}", at.status("web2") == "running")
        gone = sorted(set(before) - set(_files(at)))
        judge.check(f"files renamed: {', '.join(gone) or 'none'}", not gone)
        code, text = at.run("jobs", within=20)
        judge.check(f"jobs: exit {code}, {'names' if 'web1' in text else 'does not name'} web1", "web1" in text)
