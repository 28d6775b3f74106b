"""Which servers are shown, in which order, selected how."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.fleet.state import Fleet
from hsnap_tui.jobs.core.model import JobState
from hsnap_tui.tui.tables.table_model import TableModel, matches
from tests.tui.fake_session import NOW, a_fleet, job, server, view


def fleet_of(*names: str) -> Fleet:
    views = [view(server(number, name)) for number, name in enumerate(names)]
    return Fleet("p", {entry.server.id: entry for entry in views}, updated=NOW)


def names(table_model: TableModel, fleet: Fleet) -> list[str]:
    return [fleet.views[server_id].server.name for server_id in table_model.shown]


def test_order_is_how_people_count() -> None:
    table_model, fleet = TableModel(), fleet_of("web-10", "Web-2", "db", "web-1", "2", "10")
    table_model.refresh(fleet, {}, frozenset())
    assert names(table_model, fleet) == ["2", "10", "db", "web-1", "Web-2", "web-10"]


@given(st.lists(st.text(max_size=8), max_size=12))
def test_any_names_can_be_ordered(found: list[str]) -> None:
    table_model, fleet = TableModel(), fleet_of(*found)
    changes = table_model.refresh(fleet, {}, frozenset())
    assert sorted(table_model.shown) == sorted(fleet.views)
    assert changes.rows.keys() == fleet.views.keys()


def test_only_what_is_dirty_is_handed_on() -> None:
    table_model, fleet = TableModel(), fleet_of("a", "b", "c")
    table_model.refresh(fleet, {}, frozenset())
    first = table_model.shown[0]
    changes = table_model.refresh(fleet, {}, frozenset(), [first, 4711])
    assert set(changes.rows) == {first}
    assert changes.order is None


def test_a_new_name_moves_the_row() -> None:
    table_model, fleet = TableModel(), fleet_of("a", "b", "c")
    table_model.refresh(fleet, {}, frozenset())
    first = table_model.shown[0]
    moved = replace(fleet.views[first], server=replace(fleet.views[first].server, name="z"))
    fleet = replace(fleet, views={**fleet.views, first: moved})
    changes = table_model.refresh(fleet, {}, frozenset(), [first])
    assert changes.order == table_model.shown
    assert table_model.shown[-1] == first


@pytest.mark.parametrize(
    ("filter_text", "found"),
    [
        ("web-1", True),
        ("WEB", True),
        ("40000001", True),
        ("env=staging", True),
        ("team", True),
        ("203.0.113.1", True),
        ("2001:db8", True),
        ("cx32", True),
        ("nbg1", True),
        ("running", True),
        ("web nbg1", True),
        ("web fsn1", False),
        ("db", False),
        ("db8", False),
        ("2001", False),
        ("203", False),
        ("203.0", True),
        (".113.1", True),
        (":1::/64", True),
        ("db8:1", True),
        ("2001:db9", False),
        ("nothing", False),
    ],
)
def test_filter(filter_text: str, found: bool) -> None:
    assert matches(server(1, "web-1"), filter_text) is found


def test_selection_survives_the_filter_but_not_the_server() -> None:
    table_model, fleet = TableModel(), fleet_of("xx", "yy", "zz")
    table_model.refresh(fleet, {}, frozenset())
    table_model.select_shown()
    table_model.filter_text = "yy"
    table_model.refresh(fleet, {}, frozenset())
    assert len(table_model.shown) == 1
    assert len(table_model.selected) == 3
    gone = table_model.shown[0]
    fleet = replace(fleet, views={key: entry for key, entry in fleet.views.items() if key != gone})
    table_model.refresh(fleet, {}, frozenset(), [gone])
    assert len(table_model.selected) == 2


def test_all_means_all_that_are_shown() -> None:
    table_model, fleet = TableModel(), fleet_of("xx", "yy", "xxyy")
    table_model.filter_text = "xx"
    table_model.refresh(fleet, {}, frozenset())
    table_model.select_shown()
    assert {fleet.views[server_id].server.name for server_id in table_model.selected} == {"xx", "xxyy"}


def test_chosen_is_the_selection_in_order_or_the_cursor() -> None:
    table_model, fleet = TableModel(), fleet_of("b", "a")
    table_model.refresh(fleet, {}, frozenset())
    first, second = table_model.shown
    assert table_model.chosen(None) == []
    assert table_model.chosen(second) == [second]
    table_model.toggle(second)
    table_model.toggle(first)
    assert table_model.chosen(second) == [first, second]
    table_model.toggle(first)
    assert table_model.chosen(first) == [second]


def test_rows_carry_job_mark_and_watch() -> None:
    table_model, fleet = TableModel(), a_fleet()
    one = next(iter(fleet.views.values())).server
    table_model.toggle(one.id)
    made = job(1, one, JobState.CREATING)
    row = table_model.refresh(fleet, {made.id: made}, frozenset({one.id})).rows[one.id]
    assert (row.job, row.selected, row.watched) == (made, True, True)
