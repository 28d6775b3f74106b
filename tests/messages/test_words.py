"""Words that were replaced do not come back: in the program's texts, the help, the keys and the README."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import hsnap_tui
from hsnap_tui.cli.options import program
from hsnap_tui.tui import keys
from hsnap_tui.tui.screens import help as help_screen

PACKAGE = Path(hsnap_tui.__file__).parent
README = PACKAGE.parent / "README.md"

OUT = {
    r"holder (was )?(not|never) listed": "locked, cause unknown",
    r"\blooks every\b": "every 2 s",
    r"\bnot ours\b|, ours\b": "by hsnap-tui, by another client",
    r"\bswitch(es|ed|ing)? (it |them |a server |servers |the server )?(on|off)\b": "power on, shut down, power off",
    r"\bruns again\b|\bpower (is|was) cut\b": "powered on, powered off",
    r"\b(go|goes|going|went) off\b": "shut down",
    r"\b(go|goes|going|went) on\b": "continue, start",
    r"\b(says?|said) yes\b|\b(your|a) yes\b": "approve",
    r"\bheld\b": "needs approval",
    r"\basked for\b": "requested, queued",
    r"\bbeing made\b|\bin the making\b": "creating",
    r"\blooking it up\b": "checking whether it exists",
    r"^Stands$": "Status",
    r"\b(Leave|Leaves|Leaving|Stay)\b": "Quit, Cancel, Back",
    r"\bsends for\b|\bhands? (its|their|it) jobs\b": "is in charge; this one shows and queues",
    r"\bstands? still\b|\bworks again\b": "does not respond, responds again",
    r"\bat everything now\b": "refresh now",
    r"\bOff at once\b|\bOff within\b|\bIf still on\b": "Max. off at a time, Shutdown timeout",
    r"\bas they were\b": "no server was changed",
    r"\d srv\b": "servers",
    r"\bdebts?\b|\bowed\b": "restore pending, may be off",
}
"""What must not be found, and what is said instead."""

EARLIER_NAMES = PACKAGE / "jobs" / "store" / "earlier_names.py"
"""Reads what earlier versions wrote: it has to know their words."""


def _files() -> list[Path]:
    demo = PACKAGE / "demo"
    return [path for path in sorted(PACKAGE.rglob("*.py")) if demo not in path.parents and path != EARLIER_NAMES]


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """The string literals of a file with their lines, without docstrings; values in f-strings are left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | inside:
            yield node.lineno, node.value


def _found(text: str) -> list[str]:
    """The words of a text that are out. Names in back quotes, as JSON had them once, are data."""
    plain = re.sub(r"`[^`]*`", "", text)
    return [f"“{match[0]}” (say: {better})" for out, better in OUT.items() for match in re.finditer(out, plain)]


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_text_of_the_program_has_a_word_that_is_out(path: Path) -> None:
    assert [f"line {line}: {found}" for line, text in _texts(path) for found in _found(text)] == []


def test_the_readme_has_none() -> None:
    assert _found(README.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("command", [[], *([name] for name in program.commands)])
def test_the_help_has_none(command: list[str]) -> None:
    result = CliRunner().invoke(program, [*command, "--help"])
    assert result.exit_code == 0
    assert _found(" ".join(result.output.split())) == []


def test_the_keys_and_signs_have_none() -> None:
    assert _found(keys.plain()) == []
    for sign, meaning in help_screen.SIGNS:
        assert _found(f"{sign} {meaning}") == []


@pytest.mark.parametrize("text", ["held: y or c", "switched on again", "snapshot asked for", "21 srv", "Leave"])
def test_the_old_words_would_be_found(text: str) -> None:
    assert _found(text)
