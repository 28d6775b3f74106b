"""The state folder is its owner's alone, or a group's where its mode says so."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hsnap_tui.jobs.store.journal import Journal
from hsnap_tui.jobs.store.leader import Leader
from hsnap_tui.jobs.store.presence import Presence, live_processes
from hsnap_tui.jobs.store.project_identity import ProjectIdentity, find, find_or_make
from tests.jobs.store.samples import NOW, job

IDENTITY = ProjectIdentity("https://api.hetzner.cloud/v1", ("mark",), (1, 2))
GROUP = 54321


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def use(state: Path, number: int) -> None:
    """What a process does with the state folder, with files of every kind left open or in place."""
    folder = find_or_make(state, ProjectIdentity(IDENTITY.endpoint, IDENTITY.fingerprints, (1, 2, number + 2)))
    assert find(state, IDENTITY) == folder
    leader, presence = Leader(folder), Presence(folder / "processes", str(number))
    assert leader.try_to_lead()
    presence.show()

    async def write() -> None:
        journal = Journal(folder / "journal.sqlite3")
        await journal.open()
        known = len((await journal.take_over(None)).jobs)
        assert known == number
        await journal.add_batch(f"b{number}", NOW, [job(number, f"b{number}")], [])
        modes(state)
        await journal.close()

    asyncio.run(write())
    leader.release()


def modes(state: Path) -> dict[str, int]:
    """The modes of everything in the folder, by path."""
    return {str(path.relative_to(state)): stat.S_IMODE(path.stat().st_mode) for path in state.rglob("*")}


def test_what_is_made_in_a_group_s_folder_is_the_group_s_whatever_the_umask(tmp_path: Path) -> None:
    tmp_path.chmod(0o2770)
    with umask(0o077):
        use(tmp_path, 0)
    found = modes(tmp_path)
    assert {mode for path, mode in found.items() if (tmp_path / path).is_dir()} == {0o2770}
    assert {mode for path, mode in found.items() if (tmp_path / path).is_file()} == {0o660}
    assert any(path.endswith("project.json") for path in found)


def test_what_is_made_elsewhere_is_its_owner_s_alone_whatever_the_umask(tmp_path: Path) -> None:
    with umask(0):
        use(tmp_path / "state", 0)
    found = modes(tmp_path)
    assert {mode for path, mode in found.items() if (tmp_path / path).is_dir()} == {0o700}
    assert {mode for path, mode in found.items() if (tmp_path / path).is_file()} == {0o600}


def as_user(number: int, work: Callable[[], None]) -> int:
    """Runs the work as that user of the group, with a strict umask; gives the exit code."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        os.setgroups([GROUP])
        os.setgid(number)
        os.setuid(number)
        os.umask(0o077)
        work()
        code = 0
    finally:
        os._exit(code)


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can be other users")
def test_two_users_of_a_group_share_one_journal_and_a_third_does_not() -> None:
    above = Path(tempfile.mkdtemp())
    try:
        above.chmod(0o755)
        state = above / "hsnap-tui"
        state.mkdir()
        os.chown(state, 0, GROUP)
        state.chmod(0o2770)
        assert as_user(50001, lambda: use(state, 0)) == 0
        assert as_user(50002, lambda: use(state, 1)) == 0
        assert as_user(50001, lambda: use(state, 2)) == 0
        (folder,) = state.glob("projects/*/")
        assert live_processes(folder / "processes") == frozenset()
        assert {path.stat().st_gid for path in state.rglob("*")} == {GROUP}
        use_alone = Path(tempfile.mkdtemp(dir=above))
        use_alone.chmod(0o711)
        assert as_user(50001, lambda: use(use_alone / "none", 0)) == 1, "a folder that others may not write to"
    finally:
        shutil.rmtree(above)
