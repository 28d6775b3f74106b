"""The README says what the program does: its tables come from the same data as the help."""

from __future__ import annotations

import re
from pathlib import Path

from hsnap_tui.cli.help_text import ENVIRONMENT
from hsnap_tui.headless.exit_codes import MEANINGS
from hsnap_tui.tui.keys import markdown

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_keys_are_those_of_the_app() -> None:
    assert f"<!-- keys -->\n{markdown()}\n<!-- end -->" in README


def test_the_exit_codes_are_those_of_the_help() -> None:
    table = "\n".join(f"| {code.value} | {words} |" for code, words in MEANINGS.items())
    assert table in README


def test_every_variable_is_named() -> None:
    names = {name for names in ENVIRONMENT for name in names.split(", ")}
    assert {name for name in names if f"`{name}`" not in README} == set()


def test_every_picture_and_module_it_names_is_there() -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    for name in re.findall(r"`((?:hsnap_tui/)?[a-z_]+/[a-z_]+\.py)`", README):
        assert (ROOT / name).exists() or (ROOT / "hsnap_tui" / name).exists(), name
    for module in re.findall(r"python -m ([a-z_.]+)", README):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


def test_the_layout_names_files_that_are_there() -> None:
    layout = README[README.index("    hsnap_tui/\n") : README.index("Polls produce observations")]
    files = set(re.findall(r"[a-z_]+\.py", layout))
    there = {path.name for path in (ROOT / "hsnap_tui").rglob("*.py")}
    assert files <= there, files - there
