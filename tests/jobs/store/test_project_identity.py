"""A project finds its folder again, by its token or by its servers; the lock is one process's."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest

from hsnap_tui.jobs.core.model import JobState, Power, SnapshotOptions
from hsnap_tui.jobs.store import project_identity
from hsnap_tui.jobs.store.errors import JournalError
from hsnap_tui.jobs.store.journal import Journal
from hsnap_tui.jobs.store.leader import STILL_AFTER, Beat, BeatWatch, Leader
from hsnap_tui.jobs.store.project_identity import ProjectIdentity, find, find_or_make, fingerprint, remember
from tests.jobs.store.samples import NOW, job

API = "https://api.hetzner.cloud/v1"
MARK = fingerprint("a" * 64)
OTHER = fingerprint("b" * 64)


def test_the_token_is_not_in_its_fingerprint() -> None:
    assert "a" * 8 not in MARK
    assert MARK != OTHER
    assert len(MARK) == 16


def test_the_same_token_finds_the_same_folder(tmp_path: Path) -> None:
    made = find_or_make(tmp_path, ProjectIdentity(API, (MARK,)))
    assert find(tmp_path, ProjectIdentity(API, (MARK,), (1, 2))) == made
    assert find(tmp_path, ProjectIdentity(API, (OTHER,), (1, 2))) is None
    assert find(tmp_path, ProjectIdentity("http://127.0.0.1:1/v1", (MARK,))) is None


def test_a_new_token_finds_the_folder_by_the_servers(tmp_path: Path) -> None:
    made = find_or_make(tmp_path, ProjectIdentity(API, (MARK,), (1, 2, 3, 4)))
    assert find_or_make(tmp_path, ProjectIdentity(API, (OTHER,), (3, 4, 5))) == made
    assert find(tmp_path, ProjectIdentity(API, (OTHER,))) == made, "the new token is remembered"
    assert find(tmp_path, ProjectIdentity(API, (MARK,))) == made, "so is the old one"


def test_one_server_that_moved_makes_no_other_project_ours(tmp_path: Path) -> None:
    made = find_or_make(tmp_path, ProjectIdentity(API, (MARK,), (1, 2, 3, 4)))
    assert find_or_make(tmp_path, ProjectIdentity(API, (OTHER,), (4, 10, 11, 12))) != made


def test_servers_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    made = find_or_make(tmp_path, ProjectIdentity(API, (MARK,), (1, 2)))
    remember(made, ProjectIdentity(API, (MARK,), (3, 4)))
    assert find(tmp_path, ProjectIdentity(API, (OTHER,), (1, 2))) is None


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe" * 20)


def a_list(path: Path) -> None:
    path.write_text("[1, 2]")


def other_fields(path: Path) -> None:
    path.write_text('{"endpoint": 7}')


def newer(path: Path) -> None:
    path.write_text(path.read_text().replace("{", '{"version":2,', 1))


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def gone(path: Path) -> None:
    path.unlink()


DAMAGES = (cut, empty, no_text, a_list, other_fields, newer, a_folder)


async def owing(folder: Path, merged_identity_text: str | None = None) -> None:
    """Puts a journal into the folder with a job whose server is off because of us."""
    journal = Journal(folder / "journal.sqlite3")
    await journal.open()
    owed = job(1, power=Power.RESTORE_PENDING, options=SnapshotOptions(shut_down=True), state=JobState.SHUTTING_DOWN)
    await journal.add_batch("b1", owed.created, [owed, job(2)], [])
    if merged_identity_text is not None:
        await journal.remember(merged_identity_text)
    await journal.close()


def contents(state: Path) -> dict[str, bytes]:
    """All files but those that SQLite keeps beside a journal while it reads."""
    files = (path for path in state.rglob("*") if path.is_file() and path.suffix not in (".sqlite3-shm", ".lock"))
    return {str(path): path.read_bytes() for path in files if not path.name.endswith(("-wal", ".lock"))}


@pytest.mark.parametrize("damage", [*DAMAGES, gone])
async def test_a_project_that_cannot_be_told_is_refused_and_its_owed_servers_named(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    made = find_or_make(tmp_path, ProjectIdentity(API, (MARK,)))
    await owing(made)
    damage(made / "project.json")
    before = contents(tmp_path)
    for call in (find, find_or_make):
        with pytest.raises(JournalError, match="it may be this one") as caught:
            call(tmp_path, ProjectIdentity(API, (MARK,), (1, 2)))
        assert str(made / "project.json") in str(caught.value)
        advice = caught.value.failure.advice
        assert "Off because of hsnap-tui may be: sg1." in advice
        assert f"mv {made} {tmp_path}" in advice
    assert contents(tmp_path) == before, "nothing was renamed, repaired or made"
    assert list((tmp_path / "projects").glob("*/")) == [made]


@pytest.mark.parametrize("damage", [*DAMAGES, gone])
async def test_the_copy_in_the_journal_answers_for_a_file_that_cannot_be_read(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    identity = ProjectIdentity(API, (MARK,), (1, 2))
    made = find_or_make(tmp_path, identity)
    await owing(made, project_identity.merged_identity_text(made, identity))
    damage(made / "project.json")
    before = contents(tmp_path)
    warned: list[str] = []
    assert find(tmp_path, ProjectIdentity(API, (MARK,)), warned.append) == made
    assert find(tmp_path, ProjectIdentity(API, (OTHER,), (2, 3)), warned.append) == made
    assert all(str(made / "project.json") in text and "copy in the journal" in text for text in warned)
    assert len(warned) == 2
    assert contents(tmp_path) == before
    assert find_or_make(tmp_path, ProjectIdentity(API, (MARK,), (1, 2))) == made


async def test_a_folder_that_cannot_be_told_is_in_nobody_s_way_whose_token_is_known(tmp_path: Path) -> None:
    broken = find_or_make(tmp_path, ProjectIdentity(API, (OTHER,)))
    await owing(broken)
    made = find_or_make(tmp_path, ProjectIdentity(API, (MARK,)))
    cut(broken / "project.json")
    warned: list[str] = []
    assert find(tmp_path, ProjectIdentity(API, (MARK,)), warned.append) == made
    assert any("sg1" in text for text in warned)


def test_a_folder_without_a_journal_and_a_file_holds_no_jobs(tmp_path: Path) -> None:
    (tmp_path / "projects" / "left-by-a-kill").mkdir(parents=True)
    assert find(tmp_path, ProjectIdentity(API, (MARK,))) is None
    assert find_or_make(tmp_path, ProjectIdentity(API, (MARK,))).name != "left-by-a-kill"


def test_a_state_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the way")
    with pytest.raises(JournalError, match="cannot be used") as caught:
        find_or_make(tmp_path / "state", ProjectIdentity(API, (MARK,)))
    assert "HSNAP_STATE_DIR" in caught.value.failure.advice


def _hold(folder: str, pipe: multiprocessing.connection.Connection) -> None:
    leader = Leader(Path(folder))
    pipe.send(leader.try_to_lead())
    pipe.recv()


def test_the_lock_is_one_process_s_and_dies_with_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_hold, args=(str(tmp_path), there))
    process.start()
    assert here.recv() is True
    leader = Leader(tmp_path)
    assert not leader.try_to_lead()
    assert leader.leader_pid() == process.pid
    process.kill()
    process.join()
    assert leader.try_to_lead()
    leader.release()
    again = Leader(tmp_path)
    assert again.try_to_lead()
    again.release()


def test_a_folder_that_cannot_be_locked_is_said(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(JournalError, match="can't be locked"):
        Leader(tmp_path).try_to_lead()


def test_a_probe_leaves_no_trace_and_takes_nothing(tmp_path: Path) -> None:
    one, two = Leader(tmp_path), Leader(tmp_path)
    assert one.is_free()
    assert one.last_beat() is None
    assert one.try_to_lead()
    beat = one.last_beat()
    assert beat is not None
    assert not two.is_free()
    assert two.last_beat() == beat
    one.beat()
    assert two.last_beat() == Beat(beat.pid, beat.count + 1)
    one.release()
    assert two.is_free()


def test_a_leader_that_cannot_sign_does_not_keep_the_lock(tmp_path: Path) -> None:
    (tmp_path / "heartbeat").mkdir()
    with pytest.raises(JournalError):
        Leader(tmp_path).try_to_lead()
    (tmp_path / "heartbeat").rmdir()
    assert Leader(tmp_path).try_to_lead()


def test_a_beat_needs_no_space_on_the_disk(tmp_path: Path) -> None:
    leader = Leader(tmp_path)
    leader.beat()
    size, inode = (tmp_path / "heartbeat").stat().st_size, (tmp_path / "heartbeat").stat().st_ino
    for _ in range(50):
        leader.beat()
    assert ((tmp_path / "heartbeat").stat().st_size, (tmp_path / "heartbeat").stat().st_ino) == (size, inode)


def test_a_beat_that_changes_never_stands_still_and_one_that_does_not_does() -> None:
    watch, at = BeatWatch(), 0.0
    for count in range(100):
        at += 0.5
        watch.update(Beat(7, count // 4), at, NOW)
        assert watch.still_since is None
    for _ in range(int(2 * STILL_AFTER)):
        at += 0.5
        watch.update(Beat(7, 24), at, NOW.replace(year=2040))
    assert watch.still_since == NOW, "since its last beat was seen, whatever the wall clock did meanwhile"
    watch.update(Beat(7, 25), at, NOW)
    assert watch.still_since is None


def test_a_sleep_of_both_proves_nothing() -> None:
    watch = BeatWatch()
    watch.update(Beat(7, 1), 0.0, NOW)
    watch.update(Beat(7, 1), 8 * 3600.0, NOW)
    assert watch.still_since is None
    for number in range(int(2 * STILL_AFTER)):
        watch.update(Beat(7, 1), 8 * 3600.0 + number / 2, NOW)
    assert watch.still_since is not None
