"""What the layout and the language of the code promise to a reader."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAX_LINES = 400

UNCLEAR = frozenset(
    {"debt", "doom", "furnish", "greet", "greeting", "heir", "hurry", "ink", "lane", "mood", "needle", "obey", "owe"}
    | {"owes", "patience", "patiently", "pen", "stirred", "sweep", "twisted", "wish", "wishes"}
)
"""Words that once stood for terms of the field (a needle: the filter text; a lane: the worker threads of a group)."""

UNCLEAR_NAMES = UNCLEAR | {
    "beside",
    "board",
    "card",
    "gate",
    "hear",
    "heard",
    "say",
    "says",
    "stock",
    "suspect",
    "ticket",
}
"""The same for identifiers alone: in sentences these words are plain."""


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def identifiers(module: ast.Module) -> Iterator[str]:
    """All names that the module defines: classes, functions, parameters, variables, attributes."""
    for node in ast.walk(module):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def docstrings(module: ast.Module) -> Iterator[str]:
    """The docstrings of the module, its classes and functions, and the texts below its constants and fields."""
    for node in ast.walk(module):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def words(text: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", text)}


def test_no_file_is_longer_than_a_reader_can_keep_in_mind() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources("hsnap_tui", "tests")}
    assert {str(path.relative_to(ROOT)): count for path, count in lines.items() if count > MAX_LINES} == {}


def test_each_class_name_exists_once() -> None:
    found = defaultdict(list)
    for path in sources("hsnap_tui"):
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}


@pytest.mark.parametrize("path", sources("hsnap_tui"), ids=lambda path: str(path.relative_to(ROOT)))
def test_names_and_docstrings_use_terms_of_the_field(path: Path) -> None:
    names = {name for name in identifiers(tree(path)) if words(name) & UNCLEAR_NAMES}
    texts = {text for text in docstrings(tree(path)) if words(re.sub(r"[`\"“][^`\"”]*[`\"”]", "", text)) & UNCLEAR}
    assert (names, texts) == (set(), set())


@pytest.mark.parametrize("path", sources("tests"), ids=lambda path: str(path.relative_to(ROOT)))
def test_tests_use_terms_of_the_field(path: Path) -> None:
    plain_in_tests = {"patience"}
    assert {name for name in identifiers(tree(path)) if words(name) & (UNCLEAR - plain_in_tests)} == set()


def test_every_module_and_public_thing_has_a_docstring() -> None:
    missing = []
    for path in sources("hsnap_tui"):
        for node in (tree(path), *tree(path).body):
            public = isinstance(node, ast.Module) or not getattr(node, "name", "_").startswith("_")
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and public:
                missing += (
                    [] if ast.get_docstring(node) else [f"{path.relative_to(ROOT)}: {getattr(node, 'name', '')}"]
                )
    assert missing == []


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize(
    ("package", "only_under"),
    [
        ("textual", "hsnap_tui/tui"),
        ("hcloud", "hsnap_tui/cloud/transport"),
        ("requests", "hsnap_tui/cloud/transport"),
        ("urllib3", "hsnap_tui/cloud/transport"),
        ("click", "hsnap_tui/cli"),
        ("starlette", "hsnap_tui/demo/serving"),
        ("uvicorn", "hsnap_tui/demo/serving"),
    ],
)
def test_a_library_has_one_room(package: str, only_under: str) -> None:
    users = [
        path for path in sources("hsnap_tui") if package in {m.partition(".")[0] for m in imported_modules(path)}
    ]
    assert users
    assert [str(path) for path in users if not path.is_relative_to(ROOT / only_under)] == []


def test_private_modules_of_textual_are_used_in_one_file() -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in sources("hsnap_tui")
        for module in imported_modules(path)
        if module.startswith("textual") and any(part.startswith("_") for part in module.split("."))
    }
    assert users == {"hsnap_tui/tui/textual_private.py"}
