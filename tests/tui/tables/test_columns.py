"""Columns: which fit, and what stands in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hsnap_tui.jobs.core.model import JobState
from hsnap_tui.tui.tables import columns
from hsnap_tui.tui.tables.rows import Row, jobs_by_server
from hsnap_tui.tui.theming.palette import Cell, Palette
from tests.tui.fake_session import HOSTILE, NOW, a_fleet, job, jobs_in_every_state, lock_holder, server, view

PALETTE = Palette()


def widths(terminal: int) -> dict[str, int]:
    return {place.column.key: place.width for place in columns.layout(terminal)}


def plain(cell: Cell) -> str:
    return "".join(part for part, _ in cell)


def cells_of(row: Row, terminal: int = 200) -> dict[str, str]:
    placed = columns.layout(terminal)
    drawn = columns.cells(row, placed, NOW, PALETTE)
    return {place.column.key: plain(cell) for place, cell in zip(placed, drawn, strict=True)}


@pytest.mark.parametrize("terminal", [60, 80, 120, 160, 200])
def test_the_important_columns_are_always_there(terminal: int) -> None:
    assert {"selected", "name", "status", "lock", "job"} <= widths(terminal).keys()


def test_names_have_thirty_columns_on_wide_terminals() -> None:
    assert widths(160)["name"] >= 30
    assert widths(200)["name"] >= 30


def test_a_wide_terminal_has_all_columns() -> None:
    assert list(widths(160)) == [column.key for column in columns.COLUMNS]


@given(st.integers(min_value=60, max_value=400))
def test_columns_never_exceed_the_terminal(terminal: int) -> None:
    assert sum(width + columns.GAP for width in widths(terminal).values()) <= terminal


@given(st.integers(min_value=40, max_value=400), st.sampled_from(list(a_fleet().views.values())))
def test_cells_never_exceed_their_column(terminal: int, entry: object) -> None:
    jobs = jobs_in_every_state(a_fleet())
    placed = columns.layout(terminal)
    for one in jobs.values():
        row = Row(entry, one, selected=True, watched=True)  # type: ignore[arg-type]
        for place, cell in zip(placed, columns.cells(row, placed, NOW, PALETTE), strict=True):
            assert cell_len(plain(cell)) <= place.width


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_literal(name: str) -> None:
    assert cells_of(Row(view(server(1, name))))["name"] == name


def test_lock() -> None:
    one = server(1, "a")
    held = view(one, lock_holder(one.id, "create_image", 42, timedelta(minutes=2)))
    assert cells_of(Row(held))["lock"] == "create_image 42 % 2m"
    own_unlisted_snapshot = view(replace(one, locked=True), locked_since=NOW - timedelta(seconds=31))
    assert cells_of(Row(own_unlisted_snapshot))["lock"] == "cause unknown 31s"
    assert cells_of(Row(view(one)))["lock"] == "–"


def test_a_narrow_lock_keeps_percent_and_age() -> None:
    one = server(1, "a")
    held = view(one, lock_holder(one.id, "change_protection_level", 42, timedelta(minutes=2)))
    assert cells_of(Row(held), 60)["lock"].endswith("… 42 % 2m")


def test_addresses() -> None:
    one = server(1, "a")
    assert cells_of(Row(view(one)))["ip"] == one.ipv4
    assert cells_of(Row(view(replace(one, ipv4=None))))["ip"] == one.ipv6
    assert cells_of(Row(view(replace(one, ipv4=None, ipv6=None))))["ip"] == "none"


def test_job_words_and_bar() -> None:
    one = server(1, "a")
    said = {entry.state: cells_of(Row(view(one), entry))["job"] for entry in jobs_in_every_state(a_fleet()).values()}
    assert said.keys() == set(JobState)
    assert all(said.values())
    assert len(set(said.values())) == len(said)
    assert said[JobState.CREATING].endswith("62 %")
    assert "█" in said[JobState.CREATING]
    assert said[JobState.WAITING] == "waiting 2m"


@given(st.integers(min_value=-10, max_value=200), st.integers(min_value=4, max_value=20))
def test_bars_have_their_size(percent: int, size: int) -> None:
    assert len(plain(columns.bar(percent, size, PALETTE))) == size


def test_newest_snapshot() -> None:
    one = view(server(1, "a"))
    assert cells_of(Row(replace(one, newest_snapshot=NOW - timedelta(days=3), snapshots=4)))["snapshots"] == "3d (4)"
    assert cells_of(Row(replace(one, newest_snapshot=None, snapshots=0)))["snapshots"] == "none"


def test_an_unfinished_job_is_shown_before_one_that_ended() -> None:
    one = server(1, "a")
    old, new = job(1, one, JobState.CREATING), job(2, one, JobState.FAILED)
    assert jobs_by_server([old, new])[one.id] is old
    assert jobs_by_server([replace(old, state=JobState.DONE), new])[one.id] is new
