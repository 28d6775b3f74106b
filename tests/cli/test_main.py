"""The words of the command line, before anything is asked or sent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hsnap_tui import __version__
from hsnap_tui.cli import main
from hsnap_tui.cli.options import ENVIRONMENT, parse
from hsnap_tui.headless.exit_codes import MEANINGS
from hsnap_tui.headless.json_schema import FIELDS
from hsnap_tui.jobs.core.model import IfLocked, IfStillOn
from hsnap_tui.tui import keys
from hsnap_tui.tui.app import HsnapApp
from hsnap_tui.tui.theming import themes
from tests.programs import PROGRAM, environment


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("snapshot", "name servers, or choose them with --selector or --all"),
        ("snapshot --all web-1", "--all goes without names and --selector"),
        ("snapshot --all --selector a=b", "--all goes without names and --selector"),
        ("snapshot --all --read-only", "add --dry-run to see what would be done"),
        ("snapshot --all --description {}", "{} names no field"),
        ("snapshot --all --description {name!r}", "a field is only its name here"),
        ("snapshot --all --description {owner}", "there is no field {owner}; there are {name} {id}"),
        ("snapshot --all --description=", "the description is empty"),
        ("snapshot --all --label a", "has no ="),
        ("snapshot --all --label hsnap-tui/job=1", "the prefix hsnap-tui/ is reserved"),
        ("snapshot --all --label hetzner.cloud/a=1", "the prefix hetzner.cloud/ is reserved"),
        ("snapshot --all --label a=1 --label a=2", "“a” is there twice"),
        ("snapshot --all --max-wait 5", "is not a duration: write it like 90s, 2m"),
        ("snapshot --all --max-downtime 5", "is not a duration"),
        ("snapshot --all --timeout forever", "is not a duration"),
        ("resume --timeout 1", "is not a duration"),
        ("snapshot --all --off-within soon", "is not a duration"),
        ("snapshot --all --at-a-time 0", "“0” is not a number of servers"),
        ("snapshot --all --if-locked maybe", "invalid choice: 'maybe'"),
        ("snapshot --all --connect-timeout 0", "“0” is no time in seconds between 0 and 600"),
        ("snapshot --all --read-timeout inf", "is no time in seconds"),
        ("snapshot --all --endpoint http://api.example/v1", "plain http is for this machine only"),
        ("snapshot --all --endpoint https://user:secret@api.example/v1", "contains a user name or a password"),
        ("resume --read-only", "nothing can be resumed; hsnap-tui jobs tells what is left"),
        ("resume web-1", "unrecognized arguments: web-1"),
        ("jobs --yes", "unrecognized arguments: --yes"),
        ("--theme nothing", "there is no theme “nothing”; there are ansi-dark, "),
        ("shapshot", "invalid choice: 'shapshot'"),
        ("", "the console needs a terminal"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_right(
    words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        parse(words.split())
    assert left.value.code == 2
    told = capsys.readouterr()
    assert message in told.err
    assert "secret" not in told.err
    command = words.split(" ", maxsplit=1)[0]
    shown = f"hsnap-tui {command}" if command in ("snapshot", "resume") and "web-1" not in message else "hsnap-tui"
    assert told.err.startswith(f"usage: {shown}")
    assert told.out == ""


def test_what_is_left_out_is_the_safe_choice() -> None:
    given = parse(["snapshot", "web-1"])
    assert (given.if_locked, given.if_still_on) == (IfLocked.WAIT, IfStillOn.LEAVE)
    assert (given.max_wait.total_seconds(), given.off_within.total_seconds()) == (1800, 120)
    assert (given.shut_down, given.at_a_time, given.dry_run, given.json) == (False, 1, False, False)
    assert given.network_wait.total_seconds() == 60
    assert (given.max_downtime.total_seconds(), given.timeout) == (600, None)


@pytest.mark.parametrize("words", ["--demo --context x snapshot a", "snapshot --demo a --context x"])
def test_what_holds_for_all_commands_stands_before_or_after_them(words: str) -> None:
    given = parse(words.split())
    assert (given.demo, given.context, given.names) == (True, "x", ["a"])


@pytest.mark.parametrize("command", ["snapshot", "resume", "jobs"])
def test_each_command_tells_its_exit_codes_and_fields(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parse([command, "--help"])
    assert left.value.code == 0
    told = capsys.readouterr().out
    assert [code.value for code in MEANINGS] == list(range(7))
    for code, meaning in MEANINGS.items():
        assert f"  {code.value}  {meaning}\n" in told
    for names in FIELDS:
        assert f"\n  {names}\n" in told


def test_the_help_of_the_program_has_keys_and_variables(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    told = capsys.readouterr().out
    for key in keys.KEYS:
        assert f"{key.display:<10} {key.help}" in told
    for name in ENVIRONMENT:
        assert name in told
    for command in ("snapshot", "resume", "jobs"):
        assert f"\n    {command}" in told


def test_the_version(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "--version"], capture_output=True, text=True, env=environment(tmp_path), check=True
    )
    assert done.stdout == f"hsnap-tui {__version__}\n"


def test_without_a_terminal_the_console_says_what_to_use(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hsnap_tui", "--demo"]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(tmp_path),
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "without one there are hsnap-tui snapshot, resume and jobs" in done.stderr


def test_the_themes_that_may_be_chosen_are_those_of_the_app() -> None:
    assert themes.names() == sorted(HsnapApp(None).available_themes)
    for name in themes.names():
        assert parse(["--theme", name, "jobs"]).theme == name


def test_a_user_without_a_home_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    assert main.main(["jobs"]) == 3
