"""Every key of the main screen, by pressing it."""

from __future__ import annotations

from dataclasses import replace

from textual.widgets import Input
from textual.widgets._footer import FooterKey

from hsnap_tui.events import Failure
from hsnap_tui.jobs.core.model import HoldReason, JobState, SnapshotOptions
from hsnap_tui.tui import keys
from hsnap_tui.tui.app import HsnapApp
from hsnap_tui.tui.screens.batches import BatchesScreen
from hsnap_tui.tui.screens.details import DetailsScreen
from hsnap_tui.tui.screens.dialog import Question
from hsnap_tui.tui.screens.fleet import FleetScreen
from hsnap_tui.tui.screens.help import HelpScreen
from hsnap_tui.tui.screens.snapshot import SnapshotDialog
from hsnap_tui.tui.tables.fleet_table import FleetTable
from hsnap_tui.tui.widgets.log_pane import LogPane
from tests.tui.driving import main, row_text, running, screen_text, table, toasts, until
from tests.tui.fake_session import FakeSession, job, jobs_in_every_state

LOCKED = 40_000_001


def with_jobs() -> FakeSession:
    console = FakeSession()
    console.jobs.by_id = jobs_in_every_state(console.fleet)
    return console


def of_state(console: FakeSession, state: JobState) -> tuple[str, int]:
    found = next(entry for entry in console.jobs.by_id.values() if entry.state is state)
    return found.id, found.server_id


async def test_moving() -> None:
    async with running(FakeSession()) as (app, pilot):
        shown = table(app).shown
        for pressed, index in (
            ("j", 1),
            ("down", 2),
            ("k", 1),
            ("up", 0),
            ("G", len(shown) - 1),
            ("g", 0),
            ("end", -1),
        ):
            await pilot.press(pressed)
            assert table(app).cursor == shown[index]
        await pilot.press("home", "pagedown")
        assert table(app).cursor != shown[0]
        await pilot.press("pageup")
        assert table(app).cursor == shown[0]


async def test_space_a_and_escape() -> None:
    async with running(FakeSession()) as (app, pilot):
        await pilot.press("space", "j", "space")
        assert main(app).table_model.selected == set(table(app).shown[:2])
        await pilot.press("space")
        assert main(app).table_model.selected == {table(app).shown[0]}
        await pilot.press("a")
        assert main(app).table_model.selected == set(table(app).shown)
        await pilot.press("escape")
        assert main(app).table_model.selected == set()
        assert not any("●" in row_text(app, server_id) for server_id in table(app).shown)


async def test_s_takes_the_cursor_or_the_selection() -> None:
    async with running(FakeSession()) as (app, pilot):
        await pilot.press("s")
        assert isinstance(app.screen, SnapshotDialog)
        assert len(app.screen._views) == 1
        await pilot.press("escape", "a", "s")
        assert isinstance(app.screen, SnapshotDialog)
        assert len(app.screen._views) == len(table(app).shown)


async def test_w_watches_and_rings() -> None:
    console = FakeSession()
    async with running(console) as (app, pilot):
        rung: list[bool] = []
        app.bell = lambda: rung.append(True)  # type: ignore[method-assign]
        table(app).cursor = LOCKED
        await pilot.press("w")
        assert console.watched == {LOCKED}
        assert "w" in row_text(app, LOCKED)[:3]
        console.unlock(LOCKED)
        await until(pilot, lambda: "web-1.example.com unlocked: no longer watched" in toasts(app))
        assert rung == [True]
        await until(pilot, lambda: bool(main(app).query_one(LogPane).lines))
        line = main(app).query_one(LogPane).lines[0]
        assert f"{line.server} {line.text}" == ("web-1.example.com unlocked after 2m: create_image by another client")


async def test_w_again_stops_watching() -> None:
    console = FakeSession()
    async with running(console) as (app, pilot):
        table(app).cursor = LOCKED
        await pilot.press("w", "w")
        assert console.watched == frozenset()


async def test_w_is_greyed_out_for_an_unlocked_server() -> None:
    console = FakeSession()
    async with running(console) as (app, pilot):
        assert main(app).check_action("watch", ()) is None
        await pilot.press("w")
        assert console.watched == frozenset()
        table(app).cursor = LOCKED
        await pilot.pause()
        assert main(app).check_action("watch", ()) is True


async def test_slash_filters_live_and_escape_clears() -> None:
    async with running(FakeSession()) as (app, pilot):
        total = len(table(app).shown)
        await pilot.press("slash", *"db-1")
        await until(pilot, lambda: len(table(app).shown) == 2)
        await pilot.press("enter")
        assert isinstance(app.focused, FleetTable)
        assert len(table(app).shown) == 2
        await pilot.press("escape")
        await until(pilot, lambda: len(table(app).shown) == total)
        await pilot.press("slash", "n", "o", "p", "e")
        await until(pilot, lambda: not table(app).shown)
        assert "No server matches “nope”" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: len(table(app).shown) == total)
        assert isinstance(app.focused, FleetTable)


async def test_characters_are_text_in_the_filter() -> None:
    async with running(FakeSession()) as (app, pilot):
        await pilot.press("slash", *"q?rsb/")
        assert main(app).query_one("FilterBar Input", Input).value == "q?rsb/"
        assert app.is_running
        assert isinstance(app.screen, FleetScreen)


async def test_r_refreshes() -> None:
    console = FakeSession()
    async with running(console) as (_, pilot):
        await pilot.press("r")
        await until(pilot, lambda: console.refreshed == 1)


async def test_enter_b_and_help_open_and_escape_leaves() -> None:
    async with running(FakeSession()) as (app, pilot):
        for pressed, kind in (("enter", DetailsScreen), ("b", BatchesScreen), ("question_mark", HelpScreen)):
            await pilot.press(pressed)
            await pilot.pause()
            assert isinstance(app.screen, kind)
            await pilot.press("escape")
            assert isinstance(app.screen, FleetScreen)


async def test_l_shows_and_hides_the_log() -> None:
    async with running(FakeSession()) as (app, pilot):
        await pilot.press("l")
        assert not main(app).query_one(LogPane).display
        await pilot.press("l")
        assert main(app).query_one(LogPane).display


async def test_c_cancels_the_waiting_job() -> None:
    console = with_jobs()
    job_id, server_id = of_state(console, JobState.WAITING)
    async with running(console) as (app, pilot):
        table(app).cursor = server_id
        await pilot.press("c")
        await until(pilot, lambda: console.jobs.asked == [("cancel", (job_id,))])
        assert "1 job cancelled" in toasts(app)


async def test_c_is_greyed_out_when_nothing_can_be_cancelled() -> None:
    console = with_jobs()
    job_id, server_id = of_state(console, JobState.CREATING)
    console.jobs.by_id = {job_id: console.jobs.by_id[job_id]}
    async with running(console) as (app, pilot):
        table(app).cursor = server_id
        await pilot.press("c")
        await pilot.pause()
        assert console.jobs.asked == []
        assert main(app).check_action("cancel", ()) is None


async def test_c_cancels_an_unknown_job() -> None:
    console = with_jobs()
    job_id, server_id = of_state(console, JobState.UNKNOWN)
    async with running(console) as (app, pilot):
        table(app).cursor = server_id
        await pilot.press("c")
        await until(pilot, lambda: console.jobs.asked == [("cancel", (job_id,))])


def three_held() -> FakeSession:
    console = FakeSession()
    servers = [console.fleet.views[40_000_000 + number].server for number in (41, 42, 43)]
    held = [job(n, one, JobState.NEEDS_APPROVAL, hold=HoldReason.LIMIT) for n, one in enumerate(servers)]
    console.jobs.by_id = {one.id: one for one in held}
    return console


async def test_y_and_c_act_on_the_same_jobs() -> None:
    console = three_held()
    held = dict(console.jobs.by_id)
    ids = tuple(held)
    first, second = (console.jobs.by_id[job_id].server_id for job_id in ids[:2])
    async with running(console) as (app, pilot):
        for pressed, asked in (("y", "release"), ("c", "cancel")):
            console.jobs.asked.clear()
            console.jobs.by_id = dict(held)
            table(app).cursor = first
            await pilot.press(pressed)
            await until(pilot, lambda: len(console.jobs.asked) == 1)
            console.jobs.by_id = dict(held)
            await pilot.press("space")
            table(app).cursor = second
            await pilot.press("space", pressed)
            await until(pilot, lambda: len(console.jobs.asked) == 2)
            console.jobs.by_id = dict(held)
            await pilot.press("escape", "g", pressed)
            await pilot.pause()
            if isinstance(app.screen, Question):  # to cancel what was not chosen is asked first
                assert "db-1, db-2 and db-3" in screen_text(app)
                await pilot.press("right", "enter")
            await until(pilot, lambda: len(console.jobs.asked) == 3)
            assert console.jobs.asked == [(asked, ids[:1]), (asked, ids[:2]), (asked, ids)]
            await until(pilot, lambda: isinstance(app.screen, FleetScreen))


async def test_the_keys_that_decide_are_first_in_the_footer() -> None:
    console = three_held()
    failed = job(9, console.fleet.views[40_000_003].server, JobState.FAILED)
    console.jobs.by_id[failed.id] = failed
    for size in ((80, 24), (60, 20)):
        async with running(console, size) as (app, pilot):
            await pilot.pause()
            await until(pilot, lambda: "y Approve" in screen_text(app).splitlines()[-1])
            shown = screen_text(app).splitlines()[-1].split()
            assert shown[:7] == ["y", "Approve", "c", "Cancel", "job", "R", "Retry"]


async def test_capital_r_retries_and_asks_where_a_snapshot_may_exist() -> None:
    console = with_jobs()
    failed, _ = of_state(console, JobState.FAILED)
    unknown, _ = of_state(console, JobState.UNKNOWN)
    async with running(console) as (app, pilot):
        table(app).cursor = LOCKED
        await pilot.press("R")
        assert isinstance(app.screen, Question)
        assert "may make a second one" in screen_text(app).replace("\n", " ") or "second one" in screen_text(app)
        await pilot.press("enter")
        assert console.jobs.asked == []
        await pilot.press("R", "right", "enter")
        await until(pilot, lambda: console.jobs.asked == [("retry", (unknown, failed))])


async def test_capital_r_does_not_ask_for_what_has_failed() -> None:
    console = with_jobs()
    failed, server_id = of_state(console, JobState.FAILED)
    async with running(console) as (app, pilot):
        table(app).cursor = server_id
        await pilot.press("space", "R")
        await until(pilot, lambda: console.jobs.asked == [("retry", (failed,))])


async def test_y_goes_on_with_one_key_when_the_limit_was_reached() -> None:
    console = with_jobs()
    held, _ = of_state(console, JobState.NEEDS_APPROVAL)
    async with running(console) as (_, pilot):
        await pilot.press("y")
        await until(pilot, lambda: console.jobs.asked == [("release", (held,))])


async def test_y_names_the_servers_that_it_switches_off() -> None:
    console = FakeSession()
    target = console.fleet.views[40_000_020].server
    held = job(
        1, target, JobState.NEEDS_APPROVAL, hold=HoldReason.SHUTS_DOWN, options=SnapshotOptions(shut_down=True)
    )
    console.jobs.by_id = {held.id: held}
    async with running(console) as (app, pilot):
        await pilot.press("y")
        assert isinstance(app.screen, Question)
        assert "[red]x" in screen_text(app)
        await pilot.press("escape")
        assert console.jobs.asked == []
        await pilot.press("y", "right", "enter")
        await until(pilot, lambda: console.jobs.asked == [("release", (held.id,))])


async def test_read_only_refuses_with_words() -> None:
    console = with_jobs()
    console.read_only = True
    async with running(console) as (app, pilot):
        for pressed in ("s", "R", "y"):
            await pilot.press(pressed)
            await pilot.pause()
            assert isinstance(app.screen, FleetScreen)
        assert console.jobs.asked == []
        assert len(toasts(app)) == 3
        assert all(said.startswith("Read-only") for said in toasts(app))


async def test_what_the_console_refuses_is_told() -> None:
    console = with_jobs()
    console.jobs.refuse = "The journal cannot be written: [red]disk[/foo] full."
    async with running(console) as (app, pilot):
        await pilot.press("y")
        await until(pilot, lambda: console.jobs.refuse in toasts(app))
        assert "[red]disk[/foo] full" in screen_text(app)


async def test_the_mouse_selects_and_opens() -> None:
    async with running(FakeSession()) as (app, pilot):
        third = table(app).shown[2]
        await pilot.click(FleetTable, offset=(8, 3))
        assert table(app).cursor == third
        await pilot.click(FleetTable, offset=(0, 3))
        assert main(app).table_model.selected == {third}
        assert isinstance(app.screen, FleetScreen)
        await pilot.click(FleetTable, offset=(8, 3), times=2)
        await pilot.pause()
        assert isinstance(app.screen, DetailsScreen)


async def test_the_palette_offers_what_can_be_done() -> None:
    async with running(FakeSession()) as (app, _):
        offered = {command.title for command in app.get_system_commands(app.screen)}
        assert {"Snapshot (s)", "Batches (b)", "Quit (q)", "Theme"} <= offered
        assert "Retry (R)" not in offered


async def test_the_footer_leaves_out_what_does_not_fit() -> None:
    for width in (60, 80, 120, 200):
        async with running(FakeSession(), (width, 24)) as (app, pilot):
            await pilot.pause()
            shown = list(app.screen.query(FooterKey))
            assert {"app.leave", "snapshot", "app.help"} <= {key.action for key in shown}
            assert all(key.region.right <= width for key in shown)


def test_every_binding_has_an_id_and_a_tooltip() -> None:
    for key in keys.KEYS:
        binding = key.binding()
        assert binding.id
        assert binding.tooltip
        assert binding.key_display


def test_ids_and_keys_are_unique_in_their_scope() -> None:
    for _, found in keys.by_scope():
        pressed = [one for key in found for one in key.keys.split(",")]
        assert len(pressed) == len(set(pressed))
    ids = [key.id for key in keys.KEYS]
    assert len(ids) == len(set(ids))


def test_the_readme_table_has_every_key() -> None:
    text = keys.markdown()
    assert text.count("\n") == len(keys.KEYS) + 1


async def test_keys_can_be_rebound() -> None:
    app = HsnapApp(FakeSession())
    async with app.run_test() as pilot:
        app.set_keymap({"servers.snapshot": "x"})
        await pilot.press("x")
        assert isinstance(app.screen, SnapshotDialog)


async def test_a_failure_can_be_copied_from_the_details() -> None:
    console = FakeSession()
    target = console.fleet.views[LOCKED].server
    failed = job(1, target, JobState.FAILED, failure=Failure("x", "gone wrong", "Do.", "f21b9dc9d1535310"))
    console.jobs.by_id = {failed.id: failed}
    async with running(console) as (app, pilot):
        table(app).cursor = LOCKED
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press("C")
        assert app.clipboard == "f21b9dc9d1535310"
        console.jobs.by_id = {failed.id: replace(failed, failure=None)}
        assert app.screen.check_action("copy_id", ()) is None
