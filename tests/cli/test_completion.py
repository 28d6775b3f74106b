"""Completion in the shell, by click's protocol and in a real bash: only from what is on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hsnap_tui.cli.completion import SHELLS
from hsnap_tui.jobs.store.project_identity import JOURNAL
from tests.patience import PATIENCE
from tests.programs import PROGRAM, Machine, environment, machine

CONTEXTS = """
[[contexts]]
name = "prod"
token = "hidden"
[[contexts]]
name = "stage"
token = "hidden"
[[contexts]]
name = "$(touch here)"
token = "hidden"
"""


def complete(env: dict[str, str], *words: str) -> list[str]:
    """What is offered for the last of the words."""
    protocol = {
        "_HSNAP_TUI_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("hsnap-tui", *words)),
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run(
        PROGRAM,
        env={**env, **protocol},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.stderr == ""
    return [line.removeprefix("plain,") for line in done.stdout.splitlines() if line]


def with_contexts(home: Path, text: str = CONTEXTS) -> dict[str, str]:
    file = home / ".config/hcloud/cli.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return environment(home)


def test_commands_flags_and_choices(tmp_path: Path) -> None:
    env = environment(tmp_path)
    assert {"snapshot", "resume", "jobs", "completion", "help"} <= set(complete(env, ""))
    assert complete(env, "snapshot", "--max-") == ["--max-wait", "--max-downtime"]
    assert complete(env, "snapshot", "--if-locked", "") == ["wait", "skip"]
    assert complete(env, "completion", "") == list(SHELLS)
    assert complete(env, "--theme", "hsnap-l") == ["hsnap-light", "hsnap-light-16"]


def test_contexts_come_from_the_official_command_lines_file(tmp_path: Path) -> None:
    env = with_contexts(tmp_path)
    assert complete(env, "--context", "") == ["prod", "stage"]
    assert complete(env, "snapshot", "--context", "st") == ["stage"]


def test_a_broken_file_completes_nothing_and_says_nothing(tmp_path: Path) -> None:
    assert complete(with_contexts(tmp_path, 'token = "hidden'), "--context", "") == []


def test_server_names_come_from_the_journal_without_a_request() -> None:
    with machine() as at:
        at.add("web-1", "web-2", "db-1", "$(touch here)", "a b")
        assert complete(at.env, "snapshot", "") == []
        assert at.run("snapshot", "--all").code == 0
        asked, before = at.served.count(), files(at)
        assert complete(at.env, "snapshot", "") == ["db-1", "web-1", "web-2"]
        assert complete(at.env, "snapshot", "web-1", "--dry-run", "web-") == ["web-2"]
        assert complete({**at.env, "HCLOUD_TOKEN": "another"}, "snapshot", "") == []
        env = {name: value for name, value in at.env.items() if name != "HSNAP_STATE_DIR"}
        assert complete(env, "snapshot", "--state-dir", str(at.state), "db") == ["db-1"]
        assert complete(at.env, "--demo", "snapshot", "") == []
        assert at.served.count() == asked
        assert files(at) == before


def test_snapshots_to_delete_come_from_the_journal_without_a_request() -> None:
    with machine() as at:
        at.add("web-1", "web-2")
        assert complete(at.env, "snapshots", "") == ["delete", "list"]
        assert complete(at.env, "snapshots", "delete", "") == []
        assert at.run("snapshot", "--all").code == 0
        first, second = sorted(str(image.id) for image in at.served.call(lambda cloud: cloud.snapshots()))
        asked, before = at.served.count(), files(at)
        assert sorted(complete(at.env, "snapshots", "delete", "")) == [first, second]
        assert complete(at.env, "snapshots", "delete", first, "--yes", "") == [second]
        assert complete(at.env, "snapshots", "delete", second) == [second]
        assert complete(at.env, "snapshots", "list", "web-") == ["web-1", "web-2"]
        assert (at.served.count(), files(at)) == (asked, before)
        assert at.run("snapshots", "delete", first, "--yes").code == 0
        assert complete(at.env, "snapshots", "delete", "") == [second]
        assert complete(at.env, "snapshot", "web-") == ["web-1", "web-2"], "a deletion is no server"


def files(at: Machine) -> set[Path]:
    return set(at.state.rglob("*"))


def test_a_damaged_journal_completes_nothing_and_says_nothing() -> None:
    with machine() as at:
        at.add("web-1")
        assert at.run("snapshot", "--all").code == 0
        (journal,) = at.state.rglob(JOURNAL)
        journal.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
        assert complete(at.env, "snapshot", "") == []


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_each_shell(shell: str, tmp_path: Path) -> None:
    command = [*PROGRAM, "completion", shell]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, check=True)
    assert f"_HSNAP_TUI_COMPLETE={shell}_complete" in done.stdout
    assert done.stderr == ""
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=done.stdout, capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_a_real_bash_completes(tmp_path: Path) -> None:
    env = with_contexts(tmp_path)
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "hsnap-tui"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m hsnap_tui "$@"\n')
    program.chmod(0o755)
    env["PATH"] = f"{folder}{os.pathsep}{env['PATH']}"
    script = """
        eval "$(hsnap-tui completion bash)"
        tab() {
            COMP_WORDS=(hsnap-tui "$@"); COMP_CWORD=$#; COMPREPLY=()
            _hsnap_tui_completion hsnap-tui; echo "${COMPREPLY[*]}"
        }
        tab snap
        tab snapshot --if-l
        tab --context ""
    """
    bash = shutil.which("bash") or ""
    done = subprocess.run([bash, "-c", script], env=env, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["snapshot snapshots", "--if-locked", "prod stage"]
    assert not (tmp_path / "here").exists()
