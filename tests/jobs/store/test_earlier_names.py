"""Rows that earlier versions wrote are read with the names and values of now."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.events import Failure, JobEvent, JobEventKind
from hsnap_tui.jobs.core.model import HoldReason, JobState, Phase, Power, SnapshotJob
from hsnap_tui.jobs.store.codec import to_text
from hsnap_tui.jobs.store.earlier_names import with_present_names
from hsnap_tui.jobs.store.rows import UnreadableJob, job_of, parsed

AT = "2026-01-05T12:00:00+00:00"
JOB = {
    "id": "j1",
    "batch": "b1",
    "project": "p",
    "server_id": 7,
    "server_name": "web-1",
    "description": "d",
    "options": {},
    "created": AT,
}
EVENT = {"at": AT, "project": "p", "batch": "b1", "job": "j1", "server_id": 7, "server_name": "web-1"}


def job(**fields: object) -> SnapshotJob:
    return parsed(json.dumps({**JOB, **fields}), SnapshotJob)


def event(**fields: object) -> JobEvent:
    return parsed(json.dumps({**EVENT, **fields}), JobEvent)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("held", JobState.NEEDS_APPROVAL),
        ("unclear", JobState.CHECKING),
        ("submitting", JobState.REQUESTING),
        ("creating", JobState.CREATING),
    ],
)
def test_states_of_earlier_versions(before: str, now: JobState) -> None:
    assert job(state=before).state is now


@pytest.mark.parametrize(
    ("before", "now"), [("owed", Power.RESTORE_PENDING), ("settled", Power.RESTORED), ("watched", Power.WATCHED)]
)
def test_a_server_that_is_off_stays_known_as_such(before: str, now: Power) -> None:
    assert job(power=before).power is now


def test_a_lost_answer_of_an_earlier_version_is_still_looked_up() -> None:
    found = job(
        state="unclear",
        hold="switches_off",
        holder="resize",
        debt_until=AT,
        create={"verb": "create_image", "phase": "unclear", "doubt_since": AT, "explained": [4]},
        failure={"kind": "unclear", "message": "connection reset"},
        refusal={"kind": "unclear", "message": "connection reset"},
    )
    assert found.create_image.phase is Phase.OUTCOME_UNKNOWN
    assert found.create_image.unknown_since == datetime.fromisoformat(AT)
    assert found.create_image.ruled_out == (4,)
    assert found.hold is HoldReason.SHUTS_DOWN
    assert found.lock_holder == "resize"
    assert found.expected_until == datetime.fromisoformat(AT)
    assert [failure.kind for failure in (found.failure, found.refusal) if failure] == [ErrorKind.OUTCOME_UNKNOWN] * 2


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("held", JobEventKind.NEEDS_APPROVAL),
        ("unclear", JobEventKind.OUTCOME_UNKNOWN),
        ("released", JobEventKind.APPROVED),
        ("sending", JobEventKind.REQUESTING),
    ],
)
def test_events_of_earlier_versions(before: str, now: JobEventKind) -> None:
    assert event(kind=before).kind is now


@pytest.mark.parametrize(
    ("kind", "before", "now"),
    [
        ("resumed", "owed", "restore_pending"),
        ("resumed", "unclear", "outcome_unknown"),
        ("held", "switches_off", "shuts_down"),
        ("left_alone", "owed", "owed"),
    ],
)
def test_notes_that_are_words_for_programs(kind: str, before: str, now: str) -> None:
    assert event(kind=kind, note=before).note == now


def test_an_unreadable_row_of_an_earlier_version_still_tells_that_its_server_is_on() -> None:
    row = json.dumps({**JOB, "power": "settled", "created": "no time"})
    found = job_of(("j1", "b1", 0, row))
    assert isinstance(found, UnreadableJob)
    assert not found.may_be_off


@pytest.mark.parametrize("state", [*JobState])
@pytest.mark.parametrize("power", [*Power])
def test_what_is_written_now_stays_as_it_is(state: JobState, power: Power) -> None:
    written = job(state=state.value, power=power.value, failure={"kind": "locked", "message": "m"})
    assert with_present_names(json.loads(to_text(written))) == json.loads(to_text(written))
    assert parsed(to_text(written), SnapshotJob) == written


@pytest.mark.parametrize("kind", [*JobEventKind])
def test_events_written_now_stay_as_they_are(kind: JobEventKind) -> None:
    written = JobEvent(
        datetime(2026, 1, 5, tzinfo=UTC), "p", kind, "b1", "j1", 7, "web-1", failure=Failure("locked", "m")
    )
    assert parsed(to_text(written), JobEvent) == written


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(["state", "power", "kind", "note", "create", "create_image", "failure", "hold", "holder"])


@given(st.dictionaries(names, values, max_size=6))
def test_any_body_can_be_given_and_twice_is_once(body: dict[str, object]) -> None:
    once = with_present_names(body)
    assert with_present_names(once) == once
