"""Who may import whom, and what a start costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def imported(statement: str) -> set[str]:
    """The top-level names of the modules, and our own modules in full, that a fresh interpreter has after it."""
    program = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    modules = done.stdout.split()
    return {name if name.startswith("hsnap_tui") else name.partition(".")[0] for name in modules}


def test_the_arrows() -> None:
    """The contracts in `.importlinter`; its own words say which import breaks which."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout
    assert " 0 broken" in done.stdout


@pytest.mark.parametrize(
    "module",
    [
        "hsnap_tui.session.session",
        "hsnap_tui.session.factory",
        "hsnap_tui.headless.commands",
        "hsnap_tui.headless.report",
    ],
)
def test_what_runs_without_a_screen_has_none(module: str) -> None:
    found = imported(f"import {module}")
    assert not {"textual", "starlette", "uvicorn"} & found
    assert not [name for name in found if name.startswith(("hsnap_tui.tui", "hsnap_tui.demo"))]


def test_the_command_line_alone_is_light() -> None:
    found = imported("import hsnap_tui.cli.main")
    heavy = {"hcloud", "requests", "textual", "rich", "starlette", "uvicorn", "sqlite3", "cattrs"}
    assert not heavy & found


def test_the_demo_stands_alone() -> None:
    found = imported("import hsnap_tui.demo.__main__, hsnap_tui.demo.serving.server, hsnap_tui.demo.child")
    assert {name for name in found if name.startswith("hsnap_tui.")} == {
        name for name in found if name.startswith("hsnap_tui.demo")
    }
    assert not {"hcloud", "requests", "textual"} & found
