"""The table of servers: updates touch only what changed; cursor and scroll position stay with their servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from textual.geometry import Region
from textual.widget import Widget

from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.fleet.state import Fleet
from hsnap_tui.tui.app import HsnapApp
from hsnap_tui.tui.tables.fleet_table import FleetTable
from tests.tui.driving import Driver, main, row_text, running, table, until
from tests.tui.fake_session import HOSTILE, NOW, PROJECT, FakeSession, server, view


def big_fleet(size: int) -> Fleet:
    views = [view(server(number, f"srv-{number:04}")) for number in range(size)]
    return Fleet(PROJECT, {entry.server.id: entry for entry in views}, updated=NOW)


@contextmanager
def refreshed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Region]]:
    """Notes every region of a widget that is drawn again."""
    regions: list[Region] = []
    refresh = Widget.refresh

    def noted(self: Widget, *parts: Region, **others: Any) -> Any:
        if isinstance(self, FleetTable):
            regions.extend(parts or [self.region])
        return refresh(self, *parts, **others)

    with monkeypatch.context() as patch:
        patch.setattr(Widget, "refresh", noted)
        yield regions


async def settled(app: HsnapApp, pilot: Driver) -> None:
    """Returns when everything that has happened is painted."""
    await until(pilot, lambda: not main(app)._repaint_pending)
    await pilot.pause()


async def test_two_thousand_rows_and_one_change_in_view_draw_one_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    console = FakeSession(big_fleet(2000))
    async with running(console) as (app, pilot):
        await settled(app, pilot)
        target = table(app).in_view[5]
        off = replace(console.fleet.views[target].server, status=ServerStatus.OFF)
        with refreshed(monkeypatch) as regions:
            console.put(replace(console.fleet.views[target], server=off))
            await until(pilot, lambda: "off" in row_text(app, target))
        (region,) = regions
        assert (region.y, region.height) == (6, 1)
        assert region.width <= 13


async def test_a_change_out_of_view_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    console = FakeSession(big_fleet(2000))
    async with running(console) as (app, pilot):
        await settled(app, pilot)
        target = 40_001_234
        off = replace(console.fleet.views[target].server, status=ServerStatus.OFF)
        with refreshed(monkeypatch) as regions:
            console.put(replace(console.fleet.views[target], server=off))
            await until(pilot, lambda: "off" in row_text(app, target))
            assert regions == []
        await pilot.press("end")
        await pilot.press(*["pageup"] * 25)
        table(app).cursor = target
        assert target in table(app).in_view
        assert "off" in row_text(app, target)


async def test_a_poll_without_news_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    console = FakeSession(big_fleet(200))
    async with running(console) as (app, pilot):
        await settled(app, pilot)
        with refreshed(monkeypatch) as regions:
            console.put(*console.fleet.views.values())
            await settled(app, pilot)
        assert regions == []


async def test_a_second_later_only_the_cells_with_ages_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    console = FakeSession()
    async with running(console, (120, 40)) as (app, pilot):
        await settled(app, pilot)
        drawn: list[Region] = []
        refresh = Widget.refresh

        def noted(self: Widget, *regions: Region, **others: Any) -> Any:
            drawn.extend(regions or [self.region])
            return refresh(self, *regions, **others)

        monkeypatch.setattr(Widget, "refresh", noted)
        console.clock.present += timedelta(seconds=1)
        main(app)._update_time_texts()
        assert [region.height for region in drawn] == [1, 1]  # two locks are younger than a minute
        assert max(region.width for region in drawn) <= 25
        console.put(*console.fleet.views.values())  # a poll without news
        await settled(app, pilot)
        assert len(drawn) == 2


async def test_many_events_make_one_repaint(monkeypatch: pytest.MonkeyPatch) -> None:
    console = FakeSession(big_fleet(50))
    async with running(console) as (app, pilot):
        looks: list[set[int]] = []
        monkeypatch.setattr(main(app), "update_view", lambda dirty: looks.append(set(dirty)))
        for entry in list(console.fleet.views.values())[:30]:
            console.put(replace(entry, snapshots=77))
        await until(pilot, lambda: not main(app)._repaint_pending)
        assert len(looks) == 1
        assert len(looks[0]) == 30


async def test_two_thousand_rows_are_filtered_and_come_back() -> None:
    console = FakeSession(big_fleet(2000))
    async with running(console) as (app, pilot):
        table(app).cursor = 40_001_500
        await pilot.press("slash", *"srv-15")
        await until(pilot, lambda: table(app).row_count == 100)
        assert table(app).cursor == 40_001_500
        await pilot.press("escape")
        await until(pilot, lambda: table(app).row_count == 2000)
        assert table(app).cursor == 40_001_500
        assert 40_001_500 in table(app).in_view


async def test_cursor_stays_with_its_server_when_rows_come_and_go() -> None:
    console = FakeSession(big_fleet(60))
    async with running(console) as (app, pilot):
        table(app).cursor = 40_000_030
        await pilot.pause()
        height = table(app).in_view.index(40_000_030)
        console.remove(40_000_001, 40_000_002, 40_000_003)
        await until(pilot, lambda: table(app).row_count == 57)
        assert table(app).cursor == 40_000_030
        assert table(app).in_view.index(40_000_030) == height
        console.put(view(server(900, "aaa")), view(server(901, "zzz")))
        await until(pilot, lambda: table(app).row_count == 59)
        assert table(app).cursor == 40_000_030
        assert table(app).in_view.index(40_000_030) == height
        assert table(app).shown[0] == 40_000_900
        assert table(app).shown[-1] == 40_000_901


async def test_cursor_stays_near_when_its_server_goes() -> None:
    console = FakeSession(big_fleet(10))
    async with running(console) as (app, pilot):
        table(app).cursor = 40_000_004
        console.remove(40_000_004)
        await until(pilot, lambda: table(app).row_count == 9)
        assert table(app).cursor == 40_000_005
        console.remove(*range(40_000_005, 40_000_010))
        await until(pilot, lambda: table(app).row_count == 4)
        assert table(app).cursor == 40_000_003


async def test_cursor_comes_back_to_a_server_that_the_filter_hid() -> None:
    console = FakeSession(big_fleet(30))
    async with running(console) as (app, pilot):
        table(app).cursor = 40_000_020
        await pilot.press("slash", *"srv-0005")
        await until(pilot, lambda: table(app).shown == (40_000_005,))
        assert table(app).cursor == 40_000_005
        await pilot.press("escape")
        await until(pilot, lambda: table(app).row_count == 30)
        assert table(app).cursor == 40_000_020


async def test_selection_stays_with_its_servers() -> None:
    console = FakeSession(big_fleet(10))
    async with running(console) as (app, pilot):
        table(app).cursor = 40_000_005
        await pilot.press("space")
        console.remove(40_000_001)
        console.put(view(server(900, "aaa")))
        await until(pilot, lambda: table(app).shown[0] == 40_000_900 and table(app).row_count == 10)
        assert main(app).table_model.selected == {40_000_005}
        assert "●" in row_text(app, 40_000_005)
        assert sum("●" in row_text(app, server_id) for server_id in table(app).shown) == 1


async def test_a_narrower_terminal_keeps_rows_and_cursor() -> None:
    console = FakeSession(big_fleet(30))
    async with running(console, (160, 40)) as (app, pilot):
        table(app).cursor = 40_000_020
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: len(table(app).titles) == 5)
        assert table(app).row_count == 30
        assert table(app).cursor == 40_000_020
        await until(pilot, lambda: 40_000_020 in table(app).in_view)


async def test_hostile_names_are_literal_and_do_nothing_when_clicked() -> None:
    console = FakeSession()
    async with running(console) as (app, pilot):
        found = {view.server.name: view.server.id for view in console.fleet.views.values()}
        for name in HOSTILE:
            assert name in row_text(app, found[name])
            row = table(app).shown.index(found[name])
            await pilot.click(FleetTable, offset=(6, row + 1))
            await pilot.pause()
            assert table(app).cursor == found[name]
        assert app.is_running
        assert len(app.screen_stack) == 2


async def test_ages_move_with_the_clock() -> None:
    console = FakeSession()
    async with running(console) as (app, _):
        assert "create_image 42 % 2m" in row_text(app, 40_000_001)
        console.clock.present = console.clock.present.replace(minute=8)
        table(app).update_ages()
        assert "create_image 42 % 7m" in row_text(app, 40_000_001)
