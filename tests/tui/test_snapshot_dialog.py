"""The snapshot dialog: what it says, what it refuses, what it hands over."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from textual.widgets import Button, Input

from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.jobs.core.model import IfLocked, IfStillOn, JobState, SnapshotOptions, Target
from hsnap_tui.tui import dialog_texts
from hsnap_tui.tui.app import HsnapApp
from hsnap_tui.tui.screens.fleet import FleetScreen
from hsnap_tui.tui.screens.snapshot import SnapshotDialog
from tests.tui.driving import Driver, main, running, screen_text, table, text_of, toasts, until
from tests.tui.fake_session import HOSTILE, FakeSession, jobs_in_every_state, server, view


@asynccontextmanager
async def opened(
    console: FakeSession, *keys: str, size: tuple[int, int] = (120, 50)
) -> AsyncIterator[tuple[HsnapApp, Driver]]:
    async with running(console, size) as (app, pilot):
        await pilot.press(*keys, "s")
        await pilot.pause()
        assert isinstance(app.screen, SnapshotDialog)
        yield app, pilot


def put(app: HsnapApp, field: str, text: str) -> None:
    app.screen.query_one(f"#{field}", Input).value = text


async def test_enter_takes_all_with_the_defaults() -> None:
    console = FakeSession()
    async with opened(console, "a") as (app, pilot):
        await pilot.press("enter")
        await until(pilot, lambda: len(console.jobs.submitted) == 1)
        assert isinstance(app.screen, FleetScreen)
        request = console.jobs.submitted[0]
        assert request.options == SnapshotOptions()
        views = console.fleet.views
        assert [target.server_id for target in request.targets] == list(table(app).shown)
        for target in request.targets:
            name = views[target.server_id].server.name
            assert target == Target(target.server_id, name, f"{name}-snapshot")
        await until(pilot, lambda: not main(app).table_model.selected)


async def test_escape_leaves_and_nothing_happens() -> None:
    console = FakeSession()
    async with opened(console, "a") as (app, pilot):
        await pilot.press("escape")
        assert isinstance(app.screen, FleetScreen)
        assert main(app).table_model.selected
        assert console.jobs.submitted == []


@pytest.mark.parametrize("focus", ["description", "labels", "if-locked", "how", "start"])
async def test_enter_starts_from_anywhere(focus: str) -> None:
    console = FakeSession()
    async with opened(console) as (app, pilot):
        app.screen.query_one(f"#{focus}").focus()
        await pilot.press("enter")
        await until(pilot, lambda: len(console.jobs.submitted) == 1)


async def test_enter_on_cancel_cancels() -> None:
    console = FakeSession()
    async with opened(console) as (app, pilot):
        app.screen.query_one("#cancel", Button).focus()
        await pilot.press("enter")
        assert isinstance(app.screen, FleetScreen)
        assert console.jobs.submitted == []


async def test_the_buttons_work_by_mouse() -> None:
    console = FakeSession()
    async with opened(console) as (_, pilot):
        await pilot.click("#start")
        await until(pilot, lambda: len(console.jobs.submitted) == 1)
    async with opened(console) as (app, pilot):
        await pilot.click("#cancel")
        await pilot.pause()
        assert isinstance(app.screen, FleetScreen)
        assert len(console.jobs.submitted) == 1


async def test_everything_that_can_be_chosen() -> None:
    console = FakeSession()
    async with opened(console, "a") as (app, pilot):
        put(app, "description", "{name} {date}")
        put(app, "labels", "env=prod, k=")
        app.screen.query_one("#if-locked").focus()
        await pilot.press("right", "tab", "right")
        put(app, "at-a-time", "3")
        put(app, "off-within", "90s")
        put(app, "max-downtime", "5m")
        app.screen.query_one("#if-still-on").focus()
        await pilot.press("space")
        await pilot.pause()
        assert text_of(app, "#at-a-time-said") == "up to 3 servers off at the same time"
        assert text_of(app, "#max-downtime-said") == "5 minutes, then powered on"
        await pilot.press("enter")
        await until(pilot, lambda: len(console.jobs.submitted) == 1)
        request = console.jobs.submitted[0]
        assert request.targets[0].description.endswith(" 2026-07-11")
        assert request.options == SnapshotOptions(
            if_locked=IfLocked.SKIP,
            shut_down=True,
            if_still_on=IfStillOn.POWER_OFF,
            off_within=timedelta(seconds=90),
            max_downtime=timedelta(minutes=5),
            at_a_time=3,
            labels={"env": "prod", "k": ""},
        )


@pytest.mark.parametrize(
    ("field", "text", "words", "where"),
    [
        ("description", "{nope}", "no field {nope}", "preview"),
        ("description", "", "empty", "preview"),
        ("labels", "hsnap-tui/job=1", "reserved", "label-error"),
        ("labels", "[red]x", "no =", "label-error"),
        ("at-a-time", "0", "1 or more", "at-a-time-said"),
        ("at-a-time", "[/foo]", "1 or more", "at-a-time-said"),
        ("off-within", "soon", "not a duration", "off-within-said"),
        ("max-downtime", "", "not a duration", "max-downtime-said"),
        ("max-downtime", "0s", "more than nothing", "max-downtime-said"),
    ],
)
async def test_mistakes_are_told_at_once_and_nothing_starts(field: str, text: str, words: str, where: str) -> None:
    console = FakeSession()
    async with opened(console) as (app, pilot):
        app.screen.query_one("#how").focus()
        await pilot.press("right")
        put(app, field, text)
        await pilot.pause()
        assert words in text_of(app, f"#{where}")
        assert text_of(app, f"#{where}").startswith("✗")
        app.screen.query_one("#if-locked").focus()
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, SnapshotDialog)
        assert app.focused is not None
        assert app.focused.id == field
        assert any(words in said for said in toasts(app))
        assert console.jobs.submitted == []


async def test_the_preview_follows_every_character() -> None:
    async with opened(FakeSession()) as (app, pilot):
        await pilot.press("home", "delete", *"x{id}-")
        await pilot.pause()
        assert text_of(app, "#preview").startswith("✗") or text_of(app, "#preview").startswith("→")
        put(app, "description", "x{id}")
        await pilot.pause()
        shown = main(app).cursor
        assert text_of(app, "#preview") == f"→ x{shown}"


async def test_hostile_names_are_literal() -> None:
    async with opened(FakeSession(), "a") as (app, pilot):
        app.screen.query_one("#how").focus()
        await pilot.press("right")
        await pilot.pause()
        said = screen_text(app)
        for name in HOSTILE[:3]:
            assert name in said
        assert app.is_running


async def test_volumes_and_consistency_are_told() -> None:
    async with opened(FakeSession(), "a") as (app, pilot):
        assert "Volumes are not included: 2 volumes attached to web-7.example.com." in text_of(app, "#warnings")
        assert "crash-consistent" in text_of(app, "#warnings")
        assert text_of(app, "#locked").startswith("4 are locked: ")
        app.screen.query_one("#how").focus()
        await pilot.press("right")
        await pilot.pause()
        assert "crash-consistent" not in text_of(app, "#warnings")
        assert text_of(app, "#intent").startswith("Shuts down ")


async def test_a_small_terminal_shows_the_buttons_and_scrolls() -> None:
    for size in ((80, 24), (60, 20)):
        async with opened(FakeSession(), "a", size=size) as (app, pilot):
            app.screen.query_one("#how").focus()
            await pilot.press("right")
            await pilot.pause()
            region = app.screen.query_one("#start").region
            assert app.size.region.contains_region(region)
            body = app.screen.query_one(".body")
            await pilot.press("pagedown")
            await pilot.pause()
            assert body.max_scroll_y == 0 or body.scroll_y > 0


async def test_a_journal_that_cannot_be_written_is_told_and_keeps_the_selection() -> None:
    console = FakeSession()
    console.jobs.refuse = "The journal cannot be written: no space left."
    async with opened(console, "a") as (app, pilot):
        await pilot.press("enter")
        await until(pilot, lambda: console.jobs.refuse in toasts(app))
        assert main(app).table_model.selected


# -- what it says, without a screen ----------------------------------------------------------------------------


def test_locked_in_words() -> None:
    views = list(FakeSession().fleet.views.values())
    assert dialog_texts.locked_in_words(views[:1]) == "Locked: create_image."
    assert dialog_texts.locked_in_words(views[4:6]) == "None of them is locked."
    assert dialog_texts.locked_in_words(views[4:5]) == "Not locked."
    assert "cause unknown" in dialog_texts.locked_in_words(views)


def test_intent_names_the_servers_that_go_off() -> None:
    one, two = view(server(1, "one")), view(server(2, "two"))
    off = view(replace(server(3, "three"), status=ServerStatus.OFF))
    said = dialog_texts.intent([one, two, off], SnapshotOptions(shut_down=True, at_a_time=2))
    assert "Shuts down one and two, up to 2 servers off at the same time" in said
    assert "1 server not running: not shut down." in said
    assert "stays running and its job fails" in said
    power_off = SnapshotOptions(shut_down=True, if_still_on=IfStillOn.POWER_OFF)
    assert "is powered off" in dialog_texts.intent([one], power_off)
    assert dialog_texts.intent([off], SnapshotOptions(shut_down=True)).startswith("It is not running")


def test_intent_says_how_long_a_server_may_be_off() -> None:
    said = dialog_texts.intent(
        [view(server(1, "one"))], SnapshotOptions(shut_down=True, max_downtime=timedelta(minutes=7))
    )
    assert "One that has been off for 7m without a snapshot under way is powered on in any case" in said


async def test_a_skipped_server_is_not_among_those_to_be_shut_down() -> None:
    console = FakeSession()
    async with opened(console, "a") as (app, pilot):
        app.screen.query_one("#how").focus()
        await pilot.press("right")
        app.screen.query_one("#if-locked").focus()
        await pilot.press("right")
        await pilot.pause()
        told = text_of(app, "#intent")
        assert "4 locked: skipped." in told
        assert told.startswith("Shuts down %s$(id)")
    locked = [entry for entry in console.fleet.views.values() if entry.server.locked]
    said = dialog_texts.intent(locked, SnapshotOptions(shut_down=True, if_locked=IfLocked.SKIP))
    assert said == "All running servers are locked and skipped: nothing is shut down. 4 locked: skipped."


@pytest.mark.parametrize("if_locked", list(IfLocked))
def test_exactly_the_servers_that_go_off_are_named(if_locked: IfLocked) -> None:
    views = [
        view(replace(server(number, f"server-{number}-{status}-{locked}"), status=status, locked=locked))
        for number, (status, locked) in enumerate(itertools.product(ServerStatus, (False, True)))
    ]
    options = SnapshotOptions(shut_down=True, if_locked=if_locked)
    for one in views:
        goes_off = one.server.status is ServerStatus.RUNNING and not (
            one.server.locked and if_locked is IfLocked.SKIP
        )
        assert (one.server.name in dialog_texts.intent([one], options)) is goes_off


def test_intent_says_what_becomes_of_the_locked() -> None:
    locked = view(replace(server(1, "one"), locked=True))
    assert dialog_texts.intent([locked], SnapshotOptions()).endswith(
        "1 locked: starts by itself when the lock clears."
    )
    assert dialog_texts.intent([locked], SnapshotOptions(if_locked=IfLocked.SKIP)).endswith("1 locked: skipped.")


def test_a_job_under_way_is_told() -> None:
    console = FakeSession()
    busy = {
        job.server_id: job for job in jobs_in_every_state(console.fleet).values() if job.state is JobState.CREATING
    }
    views = [console.fleet.views[server_id] for server_id in busy]
    assert any("A job is under way already" in said for said in dialog_texts.warnings(views, busy, SnapshotOptions()))
