"""Shared by the tests of the store: an open journal."""

from __future__ import annotations

from pathlib import Path

import pytest

from hsnap_tui.jobs.store.journal import Journal


@pytest.fixture
async def journal(tmp_path: Path) -> Journal:
    """A new journal, open."""
    opened = Journal(tmp_path / "journal.sqlite3")
    await opened.open()
    return opened
