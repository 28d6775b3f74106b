"""The status line and the lines about problems."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hsnap_tui.cloud.api import Priority
from hsnap_tui.events import Failure, Role
from hsnap_tui.fleet.state import Fleet
from hsnap_tui.jobs.core.model import HoldReason, JobState, Power
from hsnap_tui.jobs.store.leader import LeaderView
from hsnap_tui.messages.event_lines import Severity
from hsnap_tui.messages.job_messages import hold_in_words
from hsnap_tui.session.interface import ConnectionStatus
from hsnap_tui.tui.status_texts import SEPARATOR, fit, problems, status_parts
from tests.tui.driving import row_text, running, screen_text, table, until
from tests.tui.fake_session import LIMIT, NOW, PROJECT, FakeSession, a_fleet, job, jobs_in_every_state, server


def line(console: FakeSession, width: int = 200, **others: int | None) -> str:
    parts = status_parts(
        console,
        selected=others.get("selected") or 0,
        hidden=others.get("hidden") or 0,
        matching=others.get("matching"),
    )
    return SEPARATOR.join(text for text, _ in fit(parts, width))


def test_everything_is_told() -> None:
    console = FakeSession()
    console.jobs.by_id = jobs_in_every_state(console.fleet)
    assert line(console, 300, selected=3, hidden=1, matching=5) == (
        "prod │ ● live · every 2 s │ 5 of 21 servers │ 3 selected (1 hidden) │ 4 locked │ "
        "jobs: 1 queued, 1 waiting, 1 shutting down, 1 requesting, 1 checking, 1 creating, 1 powering on, "
        "1 needs approval, 1 unknown │ 3,412 of 3,600 requests left"
    )
    assert "│ 9 jobs, 1 needs approval, 1 unknown │" in line(console, 120)


def test_what_polls_take_from_a_full_rate_limit_is_no_news() -> None:
    console = FakeSession()
    told = set()
    for left in (3600, 3599.2, 3597):
        console.budget_view = replace(console.budget_view, remaining=left)
        told.add(line(console))
    assert len(told) == 1
    console.budget_view = replace(console.budget_view, remaining=3595)
    assert "3,595 of 3,600 requests left" in line(console)


def test_slow_stale_and_connecting() -> None:
    console = FakeSession()
    console.connection = ConnectionStatus(30.0, slowed_by="no focus")
    assert "● live · every 30 s (no focus)" in line(console)
    console.connection = ConnectionStatus(2.0, stale_since=NOW - timedelta(minutes=3), failure=LIMIT)
    assert "▲ stale since 14:00 (3m)" in line(console)
    assert "connecting" in line(FakeSession(Fleet(PROJECT)))


def test_a_network_that_is_gone_is_told_with_the_next_try() -> None:
    console = FakeSession()
    failure = Failure("unreachable", "no connection in time", "Check the network.")
    console.connection = ConnectionStatus(
        2.0, stale_since=NOW - timedelta(seconds=40), failure=failure, next_try=NOW + timedelta(seconds=5)
    )
    ((said, _),) = problems(console, is_follower=False, leader_pid=None)
    assert said == (
        "Can't reach Hetzner (no connection in time); running snapshots continue. Next try in 5 s. "
        "What you see is 40 seconds old."
    )


def test_a_large_fleet_says_how_old_its_full_list_is() -> None:
    console = FakeSession()
    console.fleet = replace(console.fleet, listed_at=NOW - timedelta(minutes=4))
    console.connection = ConnectionStatus(2.0, full_list=2.0)
    assert "full list" not in line(console), "it is read with every poll"
    console.connection = ConnectionStatus(2.0, full_list=300.0)
    assert "│ full list 4m old │" in line(console)
    console.fleet = replace(console.fleet, listed_at=NOW - timedelta(seconds=59))
    assert "│ full list under 1m old │" in line(console)


def test_read_only_is_told() -> None:
    console = FakeSession()
    console.read_only = True
    assert "read-only" in line(console)


@given(st.integers(min_value=20, max_value=200))
def test_the_line_fits(width: int) -> None:
    console = FakeSession()
    console.jobs.by_id = jobs_in_every_state(console.fleet)
    said = line(console, width, selected=3)
    assert cell_len(said) <= width
    assert said.startswith("prod")


def test_no_problems_no_lines() -> None:
    assert problems(FakeSession(), is_follower=False, leader_pid=None) == []


def test_paused_says_why() -> None:
    console = FakeSession()
    console.jobs.halted = LIMIT
    ((said, _),) = problems(console, is_follower=False, leader_pid=None)
    assert said.startswith("Paused: image limit exceeded")
    assert "f21b9dc9d1535310" in said


def test_stale_says_how_old_the_picture_is() -> None:
    console = FakeSession()
    console.connection = ConnectionStatus(
        2.0, stale_since=NOW - timedelta(minutes=3), failure=Failure("x", "refused", "Do this.")
    )
    ((said, _),) = problems(console, is_follower=False, leader_pid=None)
    assert said == "Refused. Do this. What you see is 3 minutes old."


def test_the_same_reason_is_not_told_twice() -> None:
    console = FakeSession()
    console.jobs.halted = LIMIT
    console.connection = ConnectionStatus(2.0, stale_since=NOW, failure=LIMIT)
    assert len(problems(console, is_follower=False, leader_pid=None)) == 1


def test_a_countdown_when_the_budget_holds_a_key() -> None:
    console = FakeSession()
    console.budget_view = replace(
        console.budget_view, remaining=0, waiting=Priority.KEYPRESS, until=NOW + timedelta(seconds=12)
    )
    ((said, _),) = problems(console, is_follower=False, leader_pid=None)
    assert "your request is sent in 12 s" in said
    console.budget_view = replace(console.budget_view, remaining=900, waiting=Priority.POWER_ON)
    ((said, _),) = problems(console, is_follower=False, leader_pid=None)
    assert said == "Hetzner's rate limit delays requests: powering a server on is sent in 12 s."
    console.budget_view = replace(console.budget_view, waiting=Priority.POLL)
    assert problems(console, is_follower=False, leader_pid=None) == []


def test_a_follower_names_the_other() -> None:
    console = FakeSession()
    console.jobs.role = Role.FOLLOWER
    ((said, _),) = problems(console, is_follower=True, leader_pid=4711)
    assert said == "Another hsnap-tui (PID 4711) is in charge; this one shows and queues"
    assert problems(console, is_follower=False, leader_pid=None) == []


def test_a_process_in_charge_that_stands_still_is_told_with_the_servers_that_may_be_off() -> None:
    console = FakeSession()
    console.jobs.role = Role.FOLLOWER
    console.jobs.leader = LeaderView(4711, NOW - timedelta(minutes=2), 120.0)
    owed = job(1, server(1, "web-1"), JobState.CREATING, power=Power.RESTORE_PENDING)
    console.jobs.by_id = {owed.id: owed}
    ((said, severity),) = problems(console, is_follower=True, leader_pid=4711)
    assert severity is Severity.BAD
    assert "PID 4711" in said
    assert "14:01:07" in said
    assert "kill -CONT 4711" in said
    assert said.endswith("Off, or about to be, because of it: web-1.")
    console.jobs.leader = LeaderView(4711)
    ((said, severity),) = problems(console, is_follower=True, leader_pid=4711)
    assert severity is Severity.INFO


def test_held_jobs_say_which_keys_decide() -> None:
    console = FakeSession(a_fleet())
    held = job(1, server(1, "a"), JobState.NEEDS_APPROVAL, hold=HoldReason.LIMIT)
    console.jobs.by_id = {held.id: held}
    ((said, _),) = problems(console, is_follower=False, leader_pid=None)
    assert said == "1 snapshot needs approval (snapshot limit reached). y approves, c cancels."


def test_every_reason_to_hold_has_words() -> None:
    assert len({hold_in_words(reason) for reason in [*HoldReason, None]}) == len(HoldReason) + 1


def test_unknown_jobs_say_what_to_look_at() -> None:
    console = FakeSession(a_fleet())
    unknown = job(1, server(1, "[red]x"), JobState.UNKNOWN)
    console.jobs.by_id = {unknown.id: unknown}
    ((said, _),) = problems(console, is_follower=False, leader_pid=None)
    assert "whether there is a snapshot of [red]x" in said


def test_a_server_that_may_still_shut_down_is_told_with_what_can_be_done() -> None:
    console = FakeSession(a_fleet())
    target = console.fleet.views[40_000_041].server
    failed = job(1, target, JobState.FAILED, power=Power.WATCHED, expected_until=NOW + timedelta(minutes=9))
    console.jobs.by_id = {failed.id: failed}
    ((said, severity),) = problems(console, is_follower=False, leader_pid=None)
    assert (
        said == "db-1 may still shut down: watched until 14:12, and if it does, it is powered on. c ends the watch."
    )
    assert severity is Severity.WARNING


async def test_a_watched_server_is_told_in_its_row_and_c_ends_the_watch() -> None:
    console = FakeSession(a_fleet())
    target = console.fleet.views[40_000_041].server
    failed = job(1, target, JobState.FAILED, power=Power.WATCHED)
    console.jobs.by_id = {failed.id: failed}
    async with running(console, (120, 40)) as (app, pilot):
        assert "✗ watched" in row_text(app, target.id)
        table(app).cursor = target.id
        await pilot.press("enter")
        await until(pilot, lambda: "may still shut down" in screen_text(app))
        await pilot.press("escape", "c")
        await until(pilot, lambda: console.jobs.asked == [("cancel", (failed.id,))])
        await until(pilot, lambda: "✗ watched" not in row_text(app, target.id))
