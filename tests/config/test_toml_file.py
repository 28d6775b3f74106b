"""TOML files read as dataclasses: what fits is typed, what does not is named by its key and never quoted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import pytest

from hsnap_tui.config.errors import SettingsError
from hsnap_tui.config.toml_file import load_toml

SECRET = "tttttttt"  # stands for a token: it must not be in any error


class Colour(StrEnum):
    """A choice."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Project:
    """A table of a list."""

    name: str
    servers: int = 1
    share: float = 0.5


@dataclass(frozen=True)
class Configuration:
    """A file."""

    theme: Colour = Colour.RED
    wait: timedelta = timedelta(minutes=1)
    bell: bool = False
    note: str | None = None
    anything: object = None
    words: list[str] = field(default_factory=list)
    projects: list[Project] = field(default_factory=list)


def load(folder: Path, text: str, *, other_keys: bool = False) -> Configuration:
    path = folder / "config.toml"
    path.write_text(text)
    return load_toml(path, Configuration, what="The file", advice="Repair it.", other_keys=other_keys)


def test_a_file_is_a_typed_dataclass(tmp_path: Path) -> None:
    text = """
        theme = "blue"
        wait = "1m30s"
        bell = true
        note = "x"
        anything = 3
        words = ["a", "b"]
        [[projects]]
        name = "prod"
        share = 1
    """
    assert load(tmp_path, text) == Configuration(
        Colour.BLUE, timedelta(seconds=90), True, "x", 3, ["a", "b"], [Project("prod", 1, 1.0)]
    )


def test_a_missing_file_is_like_an_empty_one(tmp_path: Path) -> None:
    missing = load_toml(tmp_path / "missing.toml", Configuration, what="The file", advice="Repair it.")
    assert missing == load(tmp_path, "") == Configuration()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f'theme = "{SECRET}"', 'theme must be one of "red", "blue"'),
        ("theme = [1]", 'theme must be one of "red", "blue"'),
        (f'wait = "{SECRET}"', 'wait must be a duration such as "90s"'),
        ("wait = 90", "wait must be a duration"),
        (f'bell = "{SECRET}"', "bell must be true or false"),
        ("bell = 1", "bell must be true or false"),
        ("note = 3", "note must be a text in quotes"),
        (f'words = "{SECRET}"', "words must be a list"),
        ('words = ["a", 2]', "words[1] must be a text in quotes"),
        (f'projects = ["{SECRET}"]', "projects[0] must be a table"),
        (f'[projects]\nname = "{SECRET}"', "projects must be a list"),
        ('[[projects]]\nname = "a"\n[[projects]]\nservers = 2', "projects[1].name is missing"),
        (f'[[projects]]\nname = "a"\nservers = "{SECRET}"', "projects[0].servers must be a whole number"),
        ('[[projects]]\nname = "a"\nservers = true', "projects[0].servers must be a whole number"),
        (f'[[projects]]\nname = "a"\nshare = "{SECRET}"', "projects[0].share must be a number"),
        (f'[[projects]]\nname = "a"\nserver = "{SECRET}"', "no key server in projects[0], only name, servers, share"),
        (f'colour = "{SECRET}"', "there is no key colour, only theme, wait, "),
        (f'theme = "{SECRET}', "is not valid TOML"),
    ],
)
def test_an_error_names_file_and_key_and_what_is_allowed(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert fault in caught.value.message
    assert str(tmp_path / "config.toml") in caught.value.message
    assert caught.value.advice == "Repair it."
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, 'bell = 1\nwait = 2\nwords = "x"')
    assert all(f"{key} must be" in caught.value.message for key in ("bell", "wait", "words"))


def test_keys_of_another_program_may_be_there(tmp_path: Path) -> None:
    assert load(tmp_path, 'colour = "x"\nbell = true', other_keys=True) == Configuration(bell=True)
