"""The words of the command line, before anything is asked or sent."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from hsnap_tui import __version__
from hsnap_tui.cli import main
from hsnap_tui.cli.arguments import CompletionArguments, JobsArguments, ResumeArguments, SnapshotArguments
from hsnap_tui.cli.help_text import ENVIRONMENT
from hsnap_tui.cli.options import parse
from hsnap_tui.cli.parameter_types import THEME
from hsnap_tui.config.settings import Choices
from hsnap_tui.headless.exit_codes import MEANINGS
from hsnap_tui.headless.json_schema import FIELDS
from hsnap_tui.headless.selection import ServerSelection
from hsnap_tui.jobs.core.model import IfLocked, IfStillOn, SnapshotOptions
from hsnap_tui.snapshots.template import DEFAULT_TEMPLATE
from hsnap_tui.tui import keys
from hsnap_tui.tui.app import HsnapApp
from hsnap_tui.tui.theming import themes
from tests.patience import PATIENCE
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
        ("snapshot --all --if-locked maybe", "'maybe' is not one of 'wait', 'skip'"),
        ("snapshot --all --connect-timeout 0", "“0” is no time in seconds between 0 and 600"),
        ("snapshot --all --read-timeout inf", "is no time in seconds"),
        ("snapshot --all --endpoint http://api.example/v1", "plain http is for this machine only"),
        ("snapshot --all --endpoint https://user:secret@api.example/v1", "contains a user name or a password"),
        ("resume --read-only", "nothing can be resumed; hsnap-tui jobs tells what is left"),
        ("resume web-1", "unexpected extra argument (web-1)"),
        ("jobs --yes", "No such option"),
        ("--theme nothing", "there is no theme “nothing”; there are ansi-dark, "),
        ("shapshot", "No such command 'shapshot'"),
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
    shown = f"hsnap-tui {command}" if command in ("snapshot", "resume", "jobs") else "hsnap-tui"
    assert told.err.startswith(f"{shown}: ")
    assert told.err.endswith(f". See {shown} --help.\n")
    assert told.err.count("\n") == 1
    assert told.out == ""


@pytest.mark.parametrize("words", ["snapshot a --max-dow 5m", "snapshot --al", "--read", "resume --y"])
def test_a_flag_is_never_abbreviated(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parse(words.split())
    assert left.value.code == 2
    assert "No such option" in capsys.readouterr().err


def test_a_hostile_word_is_cleaned_in_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["snapshot", "--all", "--max-wait", "\x1b[2J\nx"])
    told = capsys.readouterr().err
    assert "is not a duration" in told
    assert told.rstrip("\n").isprintable()


def test_what_is_left_out_is_the_safe_choice() -> None:
    given = parse(["snapshot", "web-1"])
    assert isinstance(given, SnapshotArguments)
    options = given.options
    assert (options.if_locked, options.if_still_on) == (IfLocked.WAIT, IfStillOn.LEAVE)
    assert (options.max_wait, options.off_within) == (timedelta(seconds=1800), timedelta(seconds=120))
    assert (options.shut_down, options.at_a_time, given.dry_run, given.json) == (False, 1, False, False)
    assert given.network_wait == timedelta(seconds=60)
    assert (options.max_downtime, given.timeout) == (timedelta(seconds=600), None)
    assert (given.description, options.labels, given.demo) == (DEFAULT_TEMPLATE, {}, False)
    assert given.choices == Choices()


def test_every_flag_reaches_the_arguments() -> None:
    words = (
        "snapshot a id:2 --selector env=prod --if-locked skip --max-wait 1h --shut-down --if-still-on power-off "
        "--off-within 3m --max-downtime 4m --at-a-time 5 --description {id} --label a=1 --label b= --dry-run "
        "--network-wait 6s --timeout 2h --json --endpoint http://[::1]:1/v1/ --state-dir x --connect-timeout 2.5 "
        "--read-timeout 9 --read-only"
    )
    assert parse(words.split()) == SnapshotArguments(
        choices=Choices(
            endpoint="http://[::1]:1/v1", state_dir=Path("x"), connect_timeout=2.5, read_timeout=9, read_only=True
        ),
        demo=False,
        servers=ServerSelection(("a", "id:2"), "env=prod"),
        options=SnapshotOptions(
            if_locked=IfLocked.SKIP,
            max_wait=timedelta(hours=1),
            shut_down=True,
            if_still_on=IfStillOn.POWER_OFF,
            off_within=timedelta(minutes=3),
            max_downtime=timedelta(minutes=4),
            at_a_time=5,
            labels={"a": "1", "b": ""},
        ),
        description="{id}",
        dry_run=True,
        network_wait=timedelta(seconds=6),
        timeout=timedelta(hours=2),
        json=True,
    )


def test_a_dry_run_is_read_only() -> None:
    given = parse(["snapshot", "--all", "--dry-run"])
    assert isinstance(given, SnapshotArguments)
    assert given.choices.read_only


def test_the_other_commands() -> None:
    minute = timedelta(minutes=1)
    assert parse(["resume", "--yes"]) == ResumeArguments(Choices(), False, True, minute, None, False)
    assert parse(["--read-only", "jobs", "--json"]) == JobsArguments(Choices(read_only=True), False, True)
    assert parse(["completion", "fish"]) == CompletionArguments("fish")


@pytest.mark.parametrize(
    "words",
    [
        "--demo --context x snapshot a",
        "snapshot --demo a --context x",
        "--context y --demo snapshot a --context x",
    ],
)
def test_what_holds_for_all_commands_stands_before_or_after_them(words: str) -> None:
    given = parse(words.split())
    assert isinstance(given, SnapshotArguments)
    assert (given.demo, given.choices.context, given.servers.names) == (True, "x", ("a",))


@pytest.mark.parametrize("command", ["snapshot", "resume", "jobs", "completion"])
def test_help_is_a_command_too(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for words in ([command, "--help"], ["help", command], [command, "-h"]):
        with pytest.raises(SystemExit) as left:
            parse(words)
        assert left.value.code == 0
        told.append(capsys.readouterr().out)
    assert told[0].startswith(f"Usage: hsnap-tui {command} ")
    assert told[0] == told[1] == told[2]


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
    for command in ("snapshot", "resume", "jobs", "completion", "help"):
        assert f"\n  {command} " in told


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
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 2
    assert "without one there are hsnap-tui snapshot, snapshots, resume and jobs" in done.stderr


def test_the_themes_that_may_be_chosen_are_those_of_the_app() -> None:
    assert themes.names() == sorted(HsnapApp(None).available_themes)
    for name in themes.names():
        assert THEME.convert(name, None, None) == name


def test_a_user_without_a_home_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    assert main.main(["jobs"]) == 3
