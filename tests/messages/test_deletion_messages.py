"""Deletions have words of their own: nothing that is told of them speaks of a server or of making a snapshot."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hsnap_tui import events as ev
from hsnap_tui.events import JobEventKind as Kind
from hsnap_tui.headless import json_lines, report
from hsnap_tui.jobs.core.delete_snapshot import FOUND_GONE, GONE_ALREADY, DeleteRequest, DeleteTarget
from hsnap_tui.jobs.core.model import HoldReason, JobState
from hsnap_tui.jobs.store.codec import from_text, to_text
from hsnap_tui.messages.deletion_messages import name_of
from hsnap_tui.messages.event_lines import line_for
from hsnap_tui.messages.job_messages import (
    at_quit_in_words,
    count_in_words,
    destruction_in_words,
    hold_in_words,
    state_in_words,
    subject_in_words,
    under_way_at_quit,
)
from tests.tui.fake_session import job, server

NOW = datetime(2026, 7, 11, 14, 3, 7, tzinfo=UTC)
NAME = "snapshot 1234 (web-1 2026-07-11)"
LOST = ev.Failure("outcome_unknown", "connection reset")
PROTECTED = ev.Failure("protected", "the snapshot is protected from deletion", "Switch its protection off.")
(JOB,) = DeleteRequest((DeleteTarget(1234, NAME, "web-1-snapshot"),)).jobs("b1", "p", NOW, lambda: "j1")

TOLD = (
    Kind.QUEUED,
    Kind.REQUESTING,
    Kind.OUTCOME_UNKNOWN,
    Kind.NOT_FOUND,
    Kind.RETRYING,
    Kind.RESUMED,
    Kind.NEEDS_APPROVAL,
    Kind.APPROVED,
    Kind.UNKNOWN,
    Kind.DONE,
    Kind.FAILED,
    Kind.CANCELLED,
)
"""The milestones that a deletion can have."""


def event(kind: Kind, failure: ev.Failure | None = None, note: str | None = None) -> ev.JobEvent:
    return ev.JobEvent(
        NOW, "p", kind, "b1", "j1", 0, NAME, image_id=1234, failure=failure, note=note, job_kind="delete_snapshot"
    )


def words(told: ev.JobEvent) -> str:
    line = line_for(told)
    assert line is not None
    return line.plain()[10:]


@pytest.mark.parametrize("kind", TOLD)
@pytest.mark.parametrize("failure", [None, LOST, PROTECTED])
def test_no_milestone_speaks_of_a_server_or_of_making_a_snapshot(kind: Kind, failure: ev.Failure | None) -> None:
    for note in (None, "queued", "delete_image", HoldReason.OLD.value):
        told = words(event(kind, failure, note))
        assert told.startswith(f"{NAME}: ")
        assert not {"server", "asked", "made", "making", "snapshot queued"} & set(told.removeprefix(NAME).split())
        assert "None" not in told


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (event(Kind.QUEUED), "deletion queued"),
        (event(Kind.REQUESTING), "deleting"),
        (event(Kind.DONE), "deleted"),
        (event(Kind.DONE, note=GONE_ALREADY), "gone already"),
        (event(Kind.DONE, note=FOUND_GONE), "deleted: looked up after the answer was lost, it is gone"),
        (event(Kind.FAILED, PROTECTED), "protected: not deleted. Switch its protection off."),
        (event(Kind.CANCELLED), "cancelled: not deleted"),
        (
            event(Kind.OUTCOME_UNKNOWN, LOST, "delete_image"),
            "no answer (connection reset): checking whether the snapshot is gone before anything is sent again",
        ),
    ],
)
def test_each_outcome_has_its_words(told: ev.JobEvent, said: str) -> None:
    assert words(told) == f"{NAME}: {said}"


def test_batches_and_states_are_told_by_their_kind() -> None:
    queued = line_for(ev.BatchQueued(NOW, "p", "b1", 3, "delete_snapshot"))
    assert queued is not None
    assert "batch b1: 3 deletions" in queued.text
    assert count_in_words(2, {"snapshot"}) == "2 snapshots"
    assert count_in_words(2, {"snapshot", "delete_snapshot"}) == "2 jobs"
    asked, done = replace(JOB, state=JobState.REQUESTING), replace(JOB, state=JobState.DONE)
    assert [state_in_words(job) for job in (JOB, asked, done)] == ["queued", "deleting", "deleted"]
    assert state_in_words(replace(done, gone_already=True)) == "gone already"
    assert report.progress_text([asked, done, JOB]) == "1 of 3 done, 1 queued, 1 deleting"


def test_lines_of_json_name_the_kind_and_the_image_and_no_server() -> None:
    line = json_lines.of_event(event(Kind.DONE))
    assert (line["event"], line["kind"], line["image_id"]) == ("done", "delete_snapshot", 1234)
    standing = json_lines.of_job(JOB, NOW)
    assert (standing["kind"], standing["image_id"], standing["description"]) == (
        "delete_snapshot",
        1234,
        "web-1-snapshot",
    )
    assert not {"server_id", "server_name", "job_kind"} & {*line, *standing}
    made = ev.JobEvent(NOW, "p", Kind.DONE, "b1", "j2", 5, "web-1")
    assert json_lines.of_event(made)["kind"] == "snapshot"
    assert json_lines.of_event(made)["server_name"] == "web-1"
    assert json_lines.of_event(ev.BatchQueued(NOW, "p", "b1", 3, "delete_snapshot"))["kind"] == "delete_snapshot"


def test_the_journal_keeps_the_kind_of_an_event_and_reads_those_that_name_none() -> None:
    told = event(Kind.DONE)
    assert from_text(to_text(told), ev.JobEvent) == told
    plain = ev.JobEvent(NOW, "p", Kind.DONE, "b1", "j2", 5, "web-1")
    assert "job_kind" not in to_text(plain)
    assert from_text(to_text(plain), ev.JobEvent) == plain


def test_a_snapshot_is_named_by_its_id_server_and_day() -> None:
    assert name_of(1234, "web-1", NOW) == NAME
    assert name_of(1234, None, NOW).startswith("snapshot 1234 (")


def test_reasons_why_a_deletion_needs_approval_are_true_of_it() -> None:
    for reason in (HoldReason.OLD, HoldReason.NO_ACCESS, HoldReason.TRIED_OFTEN):
        assert "server" not in hold_in_words(reason)


def test_what_is_under_way_at_the_end_is_told_by_its_kind() -> None:
    made = job(1, server(1, "web-1"), JobState.CREATING)
    assert [what for what, _ in under_way_at_quit((made, JOB, JOB))] == [
        "1 snapshot under way continues at Hetzner",
        "2 deletions under way are looked up at the next start",
    ]
    assert at_quit_in_words((JOB,)).startswith("Deletions that were sent are looked up")
    assert at_quit_in_words(()) == at_quit_in_words((made,))
    assert [subject_in_words(jobs) for jobs in ((JOB,), (made,), (JOB, made))] == [
        "Snapshot",
        "Server",
        "Snapshot or server",
    ]


def test_only_deletions_destroy_something() -> None:
    assert destruction_in_words((JOB,)) == f"This deletes, and that can't be undone: {NAME}."
    assert destruction_in_words((job(1, server(1, "web-1"), JobState.NEEDS_APPROVAL),)) == ""
