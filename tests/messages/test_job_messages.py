"""What happens to jobs, and what came of them, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hsnap_tui.events import Failure, JobEvent, JobEventKind
from hsnap_tui.jobs.core.kinds import KINDS
from hsnap_tui.jobs.core.model import Job, JobState
from hsnap_tui.messages.job_messages import count_in_words, job_in_words
from hsnap_tui.messages.snapshot_messages import snapshot_in_words
from hsnap_tui.tui import detail_texts
from hsnap_tui.tui.theming.palette import Palette
from tests.tui.fake_session import NOW, PROJECT, job, server


def made(state: JobState, done: bool = False) -> Job:
    return replace(job(1, server(1, "a"), state), image_id=1134, snapshot_done=NOW if done else None)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (made(JobState.CREATING), "creating snapshot 1134"),
        (made(JobState.POWERING_ON, done=True), "snapshot 1134"),
        (made(JobState.DONE, done=True), "snapshot 1134"),
        (made(JobState.FAILED), ""),
        (made(JobState.NEEDS_APPROVAL), ""),
        (made(JobState.FAILED, done=True), "snapshot 1134"),
        (replace(made(JobState.DONE), image_id=None), ""),
    ],
)
def test_a_snapshot_is_named_only_where_it_exists(one: Job, words: str) -> None:
    assert snapshot_in_words(one) == words


def test_a_failed_job_names_no_snapshot_on_the_screen() -> None:
    failed = replace(made(JobState.FAILED), failure=Failure("action_failed", "Action failed"), size=3.0)
    told = detail_texts._outcome_text(failed, detail_texts.render_context(NOW, Palette())).plain
    assert "1134" not in told
    assert "3.00 GB" not in told
    assert "Action failed" in told


def test_a_note_is_not_told_twice() -> None:
    event = JobEvent(
        NOW,
        PROJECT,
        JobEventKind.FAILED,
        "b1",
        "j1",
        1,
        "a",
        failure=Failure("still_on", "It never went off"),
        note="it never went off",
    )
    assert job_in_words(event) == "failed: It never went off."


@pytest.mark.parametrize("kind", [*KINDS, "a newer kind"])
@pytest.mark.parametrize("milestone", JobEventKind)
def test_each_milestone_of_each_kind_has_words(kind: str, milestone: JobEventKind) -> None:
    words = job_in_words(JobEvent(NOW, PROJECT, milestone, "b1", "j1", 1, "a", note="a note", job_kind=kind))
    assert words
    assert "None" not in words


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_says_what_one_job_of_it_is_called(kind: str) -> None:
    assert count_in_words(1, {kind}) != "1 job"
