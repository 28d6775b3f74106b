"""What is on the screen follows what happens: batches, and a snapshot that was made just now."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from textual.widgets import OptionList

from hsnap_tui import events as ev
from hsnap_tui.cloud.model import ImageStatus
from hsnap_tui.jobs.core.model import JobState, SnapshotJob
from hsnap_tui.jobs.interface import BatchSummary
from hsnap_tui.tui.tables.rows import own_unlisted_snapshot
from tests.tui.driving import row_text, running, screen_text, table, until
from tests.tui.fake_session import NOW, PROJECT, FakeSession, job, snapshot

TARGET = 40_000_007
"""A server without snapshots."""


def creating(console: FakeSession) -> SnapshotJob:
    made = replace(job(1, console.fleet.views[TARGET].server, JobState.CREATING), image_id=70_900, percent=10)
    console.jobs.by_id = {made.id: made}
    return made


def moves(console: FakeSession, to: SnapshotJob, kind: ev.JobEventKind) -> None:
    console.jobs.by_id = {**console.jobs.by_id, to.id: to}
    console.emit(ev.JobEvent(console.clock.now(), PROJECT, kind, to.batch, to.id, to.server_id, to.server_name))


async def test_the_batches_are_live() -> None:
    console = FakeSession()
    made = creating(console)
    console.jobs.past = [BatchSummary("b1", NOW - timedelta(minutes=1), None, (made,))]
    async with running(console, (120, 40)) as (app, pilot):
        await pilot.press("b")
        await until(pilot, lambda: "10 %" in screen_text(app))
        assert "1 snapshot, 1m so far: 1 creating" in screen_text(app)
        console.clock.present += timedelta(seconds=5)
        moves(console, replace(made, percent=55), ev.JobEventKind.PROGRESS)
        await until(pilot, lambda: "55 %" in screen_text(app))
        assert "1m 5s so far" in screen_text(app)
        ended = console.clock.now() + timedelta(seconds=3)
        done = replace(made, state=JobState.DONE, ended=ended, snapshot_done=ended, size=3.0)
        moves(console, done, ev.JobEventKind.DONE)
        await until(pilot, lambda: "1 snapshot, took 1m 8s: 1 done" in screen_text(app))
        assert "snapshot 70900, 3.00 GB" in screen_text(app)


async def test_a_batch_that_is_queued_while_one_looks_appears_and_the_highlight_stays() -> None:
    console = FakeSession()
    made = creating(console)
    console.jobs.past = [BatchSummary("b1", NOW - timedelta(minutes=1), None, (made,))]
    async with running(console, (120, 40)) as (app, pilot):
        await pilot.press("b")
        await until(pilot, lambda: "10 %" in screen_text(app))
        other = replace(job(2, console.fleet.views[40_000_041].server, JobState.QUEUED), batch="b2")
        console.jobs.past = [BatchSummary("b2", NOW, None, (other,)), *console.jobs.past]
        console.emit(ev.BatchQueued(NOW, PROJECT, "b2", 1))
        options = app.screen.query_one(OptionList)
        await until(pilot, lambda: options.option_count == 2)
        assert options.highlighted == 1
        assert "10 %" in screen_text(app)


async def test_the_newest_snapshot_is_shown_as_soon_as_it_is_done() -> None:
    console = FakeSession()
    made = creating(console)
    async with running(console, (160, 60)) as (app, pilot):
        assert "none" in row_text(app, TARGET)
        done = replace(made, state=JobState.DONE, ended=NOW, snapshot_done=NOW, size=3.0)
        moves(console, done, ev.JobEventKind.SNAPSHOT_DONE)
        await until(pilot, lambda: "0s (1)" in row_text(app, TARGET))
        table(app).cursor = TARGET
        await pilot.press("enter")
        await until(pilot, lambda: "70900" in screen_text(app) and "3.00 GB" in screen_text(app))


def test_what_a_later_list_says_counts() -> None:
    console = FakeSession()
    done = replace(creating(console), state=JobState.DONE, ended=NOW, snapshot_done=NOW)
    server = console.fleet.views[TARGET].server
    earlier = replace(console.fleet, snapshots_seen=NOW - timedelta(seconds=1))
    assert own_unlisted_snapshot(done, earlier) is not None
    creating_there = {70_900: replace(snapshot(1, server, NOW), id=70_900, status=ImageStatus.CREATING)}
    assert own_unlisted_snapshot(done, replace(earlier, snapshots=creating_there)) is not None
    available = {70_900: replace(snapshot(1, server, NOW), id=70_900)}
    assert own_unlisted_snapshot(done, replace(earlier, snapshots=available)) is None
    assert (
        own_unlisted_snapshot(done, replace(earlier, snapshots_seen=NOW + timedelta(seconds=1))) is None
    )  # deleted since
    assert own_unlisted_snapshot(replace(done, image_id=None), earlier) is None
    assert own_unlisted_snapshot(replace(done, snapshot_done=None), earlier) is None
