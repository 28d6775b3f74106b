"""A project finds its folder again, by its token or by its servers; the lock is one process's."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from hsnap_tui.jobs.errors import JournalError
from hsnap_tui.jobs.leader import Leader
from hsnap_tui.jobs.project import Card, find, find_or_make, fingerprint, remember

API = "https://api.hetzner.cloud/v1"
MARK = fingerprint("a" * 64)
OTHER = fingerprint("b" * 64)


def test_the_token_is_not_in_its_fingerprint() -> None:
    assert "a" * 8 not in MARK
    assert MARK != OTHER
    assert len(MARK) == 16


def test_the_same_token_finds_the_same_folder(tmp_path: Path) -> None:
    made = find_or_make(tmp_path, Card(API, (MARK,)))
    assert find(tmp_path, Card(API, (MARK,), (1, 2))) == made
    assert find(tmp_path, Card(API, (OTHER,), (1, 2))) is None
    assert find(tmp_path, Card("http://127.0.0.1:1/v1", (MARK,))) is None


def test_a_new_token_finds_the_folder_by_the_servers(tmp_path: Path) -> None:
    made = find_or_make(tmp_path, Card(API, (MARK,), (1, 2, 3, 4)))
    assert find_or_make(tmp_path, Card(API, (OTHER,), (3, 4, 5))) == made
    assert find(tmp_path, Card(API, (OTHER,))) == made, "the new token is remembered"
    assert find(tmp_path, Card(API, (MARK,))) == made, "so is the old one"


def test_one_server_that_moved_makes_no_other_project_ours(tmp_path: Path) -> None:
    made = find_or_make(tmp_path, Card(API, (MARK,), (1, 2, 3, 4)))
    assert find_or_make(tmp_path, Card(API, (OTHER,), (4, 10, 11, 12))) != made


def test_servers_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    made = find_or_make(tmp_path, Card(API, (MARK,), (1, 2)))
    remember(made, Card(API, (MARK,), (3, 4)))
    assert find(tmp_path, Card(API, (OTHER,), (1, 2))) is None


def test_a_broken_card_is_set_aside(tmp_path: Path) -> None:
    made = find_or_make(tmp_path, Card(API, (MARK,)))
    (made / "project.json").write_text("{not json")
    assert find(tmp_path, Card(API, (MARK,))) is None
    assert (made / "project.broken").read_text() == "{not json"


def test_a_state_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the way")
    with pytest.raises(JournalError, match="cannot be used") as caught:
        find_or_make(tmp_path / "state", Card(API, (MARK,)))
    assert "HSNAP_STATE_DIR" in caught.value.failure.advice


def _hold(folder: str, pipe: multiprocessing.connection.Connection) -> None:
    leader = Leader(Path(folder))
    pipe.send(leader.try_to_hold())
    pipe.recv()


def test_the_lock_is_one_process_s_and_dies_with_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_hold, args=(str(tmp_path), there))
    process.start()
    assert here.recv() is True
    leader = Leader(tmp_path)
    assert not leader.try_to_hold()
    assert leader.holder_pid() == process.pid
    process.kill()
    process.join()
    assert leader.try_to_hold()
    leader.release()
    again = Leader(tmp_path)
    assert again.try_to_hold()
    again.release()


def test_a_folder_that_cannot_be_locked_is_said(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(JournalError, match="can't be locked"):
        Leader(tmp_path).try_to_hold()
