"""What the screen imports: nothing slow, and nothing below it imports Textual."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.patience import PATIENCE


def loaded_by(statement: str) -> set[str]:
    script = f"{statement}\nimport sys\nprint(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    return set(found.stdout.split())


def test_the_screen_imports_neither_the_sdk_nor_the_simulator() -> None:
    loaded = loaded_by("import hsnap_tui.tui.app")
    slow = {"hcloud", "requests", "starlette", "uvicorn", "sqlite3", "hsnap_tui.demo"}
    assert not loaded & slow


@pytest.mark.parametrize(
    "module",
    ["messages.event_lines", "common.formatting", "snapshots.template", "snapshots.labels", "session.interface"],
)
def test_what_scripts_use_imports_no_textual(module: str) -> None:
    assert "textual" not in loaded_by(f"import hsnap_tui.{module}")
