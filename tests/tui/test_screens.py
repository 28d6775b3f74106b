"""Details, batches, help, welcome, log, leaving and bugs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from textual.widgets import Button, Input

from hsnap_tui import events as ev
from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.cloud.model import Action, ActionStatus
from hsnap_tui.jobs.core.model import JobState, Power, SnapshotJob
from hsnap_tui.jobs.interface import BatchSummary, RefusedError
from hsnap_tui.session.interface import SessionInterface
from hsnap_tui.tui import crash, keys
from hsnap_tui.tui.activity_monitor import IDLE_AFTER, ActivityMonitor
from hsnap_tui.tui.app import HsnapApp
from hsnap_tui.tui.screens.fleet import FleetScreen
from hsnap_tui.tui.screens.quit import Exit
from hsnap_tui.tui.screens.welcome import WelcomeScreen
from hsnap_tui.tui.widgets.lines import LineView
from hsnap_tui.tui.widgets.log_pane import MAX_LINES, LogPane
from tests.clocks.fixed import FixedClock
from tests.patience import PATIENCE
from tests.tui.driving import main, running, screen_text, table, text_of, toasts, until
from tests.tui.fake_session import NOW, PROJECT, FakeSession, jobs_in_every_state

LOCKED = 40_000_001
HOSTILE_ACTION = Action(
    3,
    "start_server",
    ActionStatus.ERROR,
    100,
    NOW - timedelta(hours=1),
    NOW - timedelta(minutes=59),
    (),
    "c",
    "[red]x",
)


def with_jobs() -> FakeSession:
    console = FakeSession()
    console.jobs.by_id = jobs_in_every_state(console.fleet)
    return console


# -- details ---------------------------------------------------------------------------------------------------


async def test_details_tell_everything() -> None:
    console = with_jobs()
    console.actions = [HOSTILE_ACTION, replace(HOSTILE_ACTION, id=4, status=ActionStatus.SUCCESS)]
    async with running(console, (120, 60)) as (app, pilot):
        table(app).cursor = LOCKED
        await pilot.press("enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
        said = screen_text(app)
        for words in (
            "Locked by create_image, 42 %, for 2m; action 900001.",
            "203.0.113.1",
            "2001:db8:1::/64",
            "70001",
            "3.25 GB",
            "[red]before[/foo]",
            "✗ [red]x (c)",
            "1m",
            "✓ success",
        ):
            assert words in said


async def test_details_are_live() -> None:
    console = FakeSession()
    async with running(console) as (app, pilot):
        table(app).cursor = LOCKED
        await pilot.press("enter")
        await pilot.pause()
        console.unlock(LOCKED)
        await until(pilot, lambda: "Not locked" in screen_text(app))
        console.remove(LOCKED)
        await until(pilot, lambda: "This server is gone" in screen_text(app))


async def test_details_say_why_actions_cannot_be_shown() -> None:
    console = FakeSession()
    console.actions_error = CloudError(ErrorKind.UNREACHABLE, "connection refused [/foo]")
    async with running(console, (120, 60)) as (app, pilot):
        await pilot.press("enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "connection refused [/foo]" in text_of(app, "#actions")
        console.actions_error = None
        await pilot.press("r")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "none" in text_of(app, "#actions")


# -- batches, help ---------------------------------------------------------------------------------------------


async def test_batches_tell_durations_and_outcomes() -> None:
    console = with_jobs()
    jobs = tuple(console.jobs.by_id.values())
    started = NOW - timedelta(days=2)
    ended = started + timedelta(minutes=4)
    console.jobs.past = [
        BatchSummary("b2", NOW - timedelta(minutes=5), None, jobs),
        BatchSummary("b1", started, ended, (replace(jobs[0], id="old", state=JobState.DONE, ended=ended),)),
    ]
    async with running(console, (120, 60)) as (app, pilot):
        await pilot.press("b")
        await app.workers.wait_for_complete()
        await pilot.pause()
        said = screen_text(app)
        assert "2026-07-09 14:03  1 snapshot, took 4m: 1 done" in said
        assert "13 snapshots, 5m so far" in said
        assert "[@click=app.quit]x[/]" in said
        await pilot.press("down")
        await pilot.pause()
        assert "[@click=app.quit]x[/]" not in screen_text(app)


async def test_no_batches_and_a_journal_that_cannot_be_read() -> None:
    console = FakeSession()
    async with running(console) as (app, pilot):
        await pilot.press("b")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "No batch yet" in screen_text(app)
        await pilot.press("escape")
        console.jobs.refuse = "The journal cannot be read."
        await pilot.press("b")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "The journal cannot be read." in screen_text(app)


async def test_help_has_every_key() -> None:
    async with running(FakeSession(), (120, 100)) as (app, pilot):
        await pilot.press("question_mark")
        await pilot.pause()
        said = screen_text(app)
        for key in keys.KEYS:
            assert key.help in said


# -- the log ---------------------------------------------------------------------------------------------------


def told(number: int) -> ev.Notice:
    return ev.Notice(NOW, PROJECT, f"line {number} [red]x[/foo]")


async def test_the_log_follows_and_pauses() -> None:
    console = FakeSession()
    async with running(console) as (app, pilot):
        pane = main(app).query_one(LogPane)
        log = pane.query_one(LineView)
        console.emit(*(told(n) for n in range(60)))
        await until(pilot, lambda: len(pane.lines) == 60 and log.is_vertical_scroll_end)
        assert "line 59 [red]x[/foo]" in screen_text(app)
        log.focus()
        await pilot.press("pageup")
        await until(pilot, lambda: pane.has_class("-paused"))
        at = log.scroll_y
        console.emit(told(60))
        await until(pilot, lambda: len(pane.lines) == 61)
        await pilot.pause()
        assert log.scroll_y == at
        assert "paused: 1 new line below" in screen_text(app)
        await pilot.press("end")
        await until(pilot, lambda: not pane.has_class("-paused"))
        assert "line 60" in screen_text(app)


async def test_the_log_is_bounded() -> None:
    console = FakeSession()
    async with running(console) as (app, pilot):
        console.emit(*(told(n) for n in range(MAX_LINES + 50)))
        pane = main(app).query_one(LogPane)
        await until(pilot, lambda: len(pane.lines) == MAX_LINES)
        assert pane.lines[-1].text.startswith(f"line {MAX_LINES + 49}")
        assert len(pane.query_one(LineView).lines) <= MAX_LINES


async def test_progress_does_not_drown_the_rest() -> None:
    console = FakeSession()
    async with running(console) as (app, pilot):
        for percent in range(101):
            console.emit(
                ev.JobEvent(NOW, PROJECT, ev.JobEventKind.PROGRESS, "b1", "j1", LOCKED, "web-1", percent=percent)
            )
        console.emit(told(1))
        pane = main(app).query_one(LogPane)
        await until(pilot, lambda: bool(pane.lines) and pane.lines[-1].text.startswith("line"))
        assert [line.percent for line in pane.lines if line.percent is not None] == list(range(0, 101, 10))


# -- the welcome -----------------------------------------------------------------------------------------------


async def test_without_a_token_the_welcome_offers_the_demo() -> None:
    console = FakeSession()

    async def demo() -> SessionInterface:
        return console

    app = HsnapApp(None, start_demo=demo, token_problem="cli.toml [red] cannot be read")
    async with app.run_test(size=(80, 24)) as pilot:
        assert isinstance(app.screen, WelcomeScreen)
        said = screen_text(app)
        assert "Security > API tokens" in said
        assert "HCLOUD_TOKEN" in said
        assert "cli.toml [red] cannot be read" in said
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))
        assert app.session is console
        assert app.work is not None
        app.work.cancel()


async def test_enter_starts_the_demo_and_a_failure_is_told() -> None:
    async def demo() -> SessionInterface:
        raise RefusedError("The demo cannot start: [red]no port[/foo].")

    app = HsnapApp(None, start_demo=demo)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: "The demo cannot start: [red]no port[/foo]." in toasts(app))
        assert isinstance(app.screen, WelcomeScreen)


async def test_without_a_demo_there_is_only_the_way_out() -> None:
    app = HsnapApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        assert "demo" not in screen_text(app).casefold()
        await pilot.press("d")
        assert isinstance(app.screen, WelcomeScreen)
        await pilot.press("q")
    assert app.return_value is Exit.LEAVE


# -- leaving ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pressed", ["q", "ctrl+c", "ctrl+q"])
async def test_nothing_under_way_leaves_at_once(pressed: str) -> None:
    app = HsnapApp(FakeSession())
    async with app.run_test() as pilot:
        await pilot.press(pressed)
    assert app.return_value is Exit.LEAVE
    assert app.work is not None
    assert not app.work.done()
    app.work.cancel()


@pytest.mark.parametrize(
    ("pressed", "result"),
    [
        (["enter"], None),
        (["escape"], None),
        (["right", "enter"], Exit.LEAVE),
        (["right", "right", "enter"], Exit.CANCEL_WAITING),
        (["ctrl+c"], Exit.LEAVE),
    ],
)
async def test_leaving_asks_while_something_is_under_way(pressed: list[str], result: Exit | None) -> None:
    console = with_jobs()
    (off,) = [one for one in console.jobs.by_id.values() if one.state is JobState.SHUTTING_DOWN]
    assert isinstance(off, SnapshotJob)
    console.jobs.by_id[off.id] = replace(off, power=Power.RESTORE_PENDING)
    app = HsnapApp(console)
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.press("q")
        await pilot.pause()
        said = " ".join(screen_text(app).split())
        assert "4 snapshots under way continue at Hetzner" in said
        assert "3 snapshots not started" in said
        assert "web-7.example.com" in said
        assert isinstance(app.focused, Button)
        assert app.focused.id == "answer-stay"
        await pilot.press(*pressed)
        await pilot.pause()
        if result is None:
            assert isinstance(app.screen, FleetScreen)
    assert app.return_value == result
    assert app.work is not None
    app.work.cancel()


async def test_ctrl_c_leaves_from_a_dialog_and_an_input() -> None:
    app = HsnapApp(FakeSession())
    async with app.run_test() as pilot:
        await pilot.press("s")
        await pilot.pause()
        assert isinstance(app.focused, Input)
        await pilot.press("ctrl+c")
    assert app.return_value is Exit.LEAVE
    assert app.work is not None
    app.work.cancel()


# -- bugs ------------------------------------------------------------------------------------------------------

SECRET = "a-token-that-must-not-be-seen"


async def test_a_bug_ends_with_a_sentence_and_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    reported: list[BaseException] = []

    def report(error: BaseException) -> str:
        reported.append(error)
        return "hsnap-tui.log"

    console = FakeSession()
    app = HsnapApp(console, report_crash=report)

    def fail() -> None:
        token = SECRET
        raise RuntimeError(f"bad {token}")

    app.call_later(fail)
    assert await asyncio.wait_for(app.run_async(headless=True, size=(80, 24)), PATIENCE) is None
    assert app.return_code == 1
    out = "".join(capsys.readouterr())
    assert " ".join(out.split()).startswith("hsnap-tui has a bug and had to close its screen (RuntimeError).")
    assert "hsnap-tui.log" in out
    assert SECRET not in out
    assert "Traceback" not in out
    assert SECRET not in crash.stack_without_values(reported[0])
    assert "in fail" in crash.stack_without_values(reported[0])
    assert app.work is not None
    app.work.cancel()


async def test_work_that_fails_ends_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    console = FakeSession()
    console.run_error = RuntimeError(SECRET)
    app = HsnapApp(console)
    assert await asyncio.wait_for(app.run_async(headless=True, size=(80, 24)), PATIENCE) is None
    out = "".join(capsys.readouterr())
    assert "hsnap-tui has a bug" in out
    assert SECRET not in out


# -- attention -------------------------------------------------------------------------------------------------


def test_attention_ends_with_focus_or_idleness_and_returns_with_a_key() -> None:
    told_to: list[bool] = []
    clock = FixedClock(NOW)
    activity = ActivityMonitor(told_to.append, clock)
    activity.focus_changed(False)
    activity.focus_changed(False)
    activity.input_seen()
    clock.present += timedelta(seconds=IDLE_AFTER)
    activity.update()
    activity.input_seen()
    assert told_to == [False, True, False, True]


async def test_keys_show_that_somebody_is_there() -> None:
    console = FakeSession()
    async with running(console) as (app, pilot):
        app.on_app_blur()
        assert console.focus_changes == [False]
        await pilot.press("j")
        assert console.focus_changes == [False, True]


async def test_leaving_before_the_screen_is_there_shows_none() -> None:
    app = HsnapApp(FakeSession())
    app.exit(Exit.LEAVE)
    assert await asyncio.wait_for(app.run_async(headless=True, size=(80, 24)), PATIENCE) is Exit.LEAVE
    assert app.work is None
