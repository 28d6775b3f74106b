"""Every event in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hsnap_tui import events as ev
from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.cloud.model import Action, ActionStatus, Server, ServerStatus
from hsnap_tui.events import JobEventKind as Kind
from hsnap_tui.jobs.core.model import HoldReason
from hsnap_tui.messages.event_lines import Severity, line_for
from hsnap_tui.messages.job_messages import explain, hold_in_words

NOW = datetime(2026, 7, 11, 14, 3, 7, tzinfo=UTC)
SG5 = Server("p", 5, "sg5", "sg5", ServerStatus.RUNNING, True, NOW, "cpx21", "fsn1", ipv4="203.0.113.5")
HOLDER = Action(77, "create_image", ActionStatus.RUNNING, 42, NOW - timedelta(minutes=2))
REFUSED = ev.Failure("limit_reached", "image limit exceeded", "Delete some.", "f21b9dc9d1535310")


def words(event: ev.Event) -> str:
    line = line_for(event)
    assert line is not None
    assert line.at == NOW
    return f"{line.server} {line.text}".strip()


def job(kind: Kind, **others: object) -> ev.JobEvent:
    return replace(ev.JobEvent(NOW, "p", kind, "b1", "j1", 5, "sg5"), **others)  # type: ignore[arg-type]


def test_a_lock_that_clears() -> None:
    event = ev.LockCleared(NOW, "p", SG5, HOLDER, False, 121)
    assert words(event) == "sg5 unlocked after 2 minutes: create_image, not ours"
    assert words(replace(event, ours=True, seconds=31)) == "sg5 unlocked after 31 seconds: create_image, ours"
    assert words(replace(event, lock_holder=None)) == "sg5 unlocked after 2 minutes: the holder was never listed"


def test_a_lock_that_is_taken() -> None:
    assert words(ev.LockTaken(NOW, "p", SG5, HOLDER, False)) == "sg5 locked by create_image (42 %), not ours"
    assert "holder not listed" in words(ev.LockTaken(NOW, "p", SG5, None, False))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": ServerStatus.OFF}, "sg5 running → off"),
        ({"name": "sg6"}, "sg6 is the new name of sg5"),
        ({"type": "cx32"}, "sg5 type cpx21 → cx32"),
        ({"location": "nbg1"}, "sg5 location fsn1 → nbg1"),
        ({"ipv4": None}, "sg5 address 203.0.113.5 → none"),
        ({"labels": {"a": "b"}}, "sg5 labels changed"),
        ({"volumes": (1, 2)}, "sg5 volumes attached: 2"),
        ({"delete_protected": True}, "sg5 protection changed"),
        ({"backups": True}, "sg5 backups on"),
    ],
)
def test_a_server_that_changed(change: dict[str, object], said: str) -> None:
    assert words(ev.ServerChanged(NOW, "p", SG5, replace(SG5, **change))) == said  # type: ignore[arg-type]


def test_nothing_is_said_where_nothing_is_to_be_said() -> None:
    assert line_for(ev.FleetUpdated(NOW, "p", frozenset({1}))) is None
    assert line_for(ev.ServerChanged(NOW, "p", SG5, replace(SG5, raw_name="other"))) is None


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (ev.ServerAppeared(NOW, "p", SG5), "sg5 is new: cpx21 in fsn1, running"),
        (ev.ServerGone(NOW, "p", SG5), "sg5 is gone: Hetzner no longer knows server 5"),
        (ev.WatchEnded(NOW, "p", SG5), "sg5 has no lock any more: the watch ends"),
        (ev.WatchEnded(NOW, "p", SG5, gone=True), "sg5 is gone: the watch for its lock ends"),
        (ev.ConnectionRestored(NOW, "p", 72), "Hetzner answers again after 1 minute and 12 seconds."),
        (
            ev.BatchQueued(NOW, "p", "b1", 20),
            "batch b1: 20 snapshots in the journal; they survive this program from here on",
        ),
        (
            ev.BatchEnded(NOW, "p", "b1", 18, 1, 1, 0, 125.0),
            "batch b1 ended after 2 minutes and 5 seconds: 18 done, 1 failed, 1 skipped",
        ),
        (ev.RoleChanged(NOW, "p", ev.Role.LEADER), "this hsnap-tui sends for the project"),
        (ev.SendingResumed(NOW, "p"), "sending goes on"),
        (ev.Notice(NOW, "p", "a word"), "a word"),
    ],
)
def test_the_rest_of_the_program(event: ev.Event, said: str) -> None:
    assert words(event) == said


def test_a_follower_names_the_process_that_sends() -> None:
    assert "process 4711" in words(ev.RoleChanged(NOW, "p", ev.Role.FOLLOWER, 4711))


def test_failures_say_what_to_do_and_what_the_id_is() -> None:
    error = CloudError(ErrorKind.UNREACHABLE, "connection refused", correlation_id=None)
    assert words(ev.ConnectionLost(NOW, "p", error)).endswith("What is shown is the last data.")
    assert explain(REFUSED) == (
        "image limit exceeded. Delete some. (request ID f21b9dc9d1535310, for Hetzner's support)"
    )
    assert explain(REFUSED) in words(job(Kind.FAILED, failure=REFUSED))
    assert "all jobs are kept" in words(ev.SendingHalted(NOW, "p", REFUSED))


def test_a_423_names_the_holder_and_what_the_id_is_not() -> None:
    locked = ev.Failure(ErrorKind.LOCKED, "server is locked", "", "f21b9dc9d1535310")
    said = words(job(Kind.WAITING, lock_holder="create_image", failure=locked))
    assert "create_image holds the lock" in said
    assert "f21b9dc9d1535310 in Hetzner's answer names the request, not the lock" in said


def test_waiting() -> None:
    assert "create_image holds the lock" in words(job(Kind.WAITING, lock_holder="create_image"))
    assert "holder not listed" in words(job(Kind.WAITING))
    assert words(job(Kind.WAITING, note="another server is off")) == "sg5 waits: another server is off"


def test_downtime_is_said() -> None:
    assert words(job(Kind.SERVER_ON, seconds=72)) == "sg5 runs again; it was off for 1 minute and 12 seconds"


def test_what_to_send_to_support_when_an_action_does_not_end() -> None:
    said = words(job(Kind.SLOW, seconds=5400, action_id=12, image_id=34))
    assert said.endswith("send Hetzner's support: server 5, action 12, image 34")
    assert "1 hour and 30 minutes" in said


def test_snapshot_done() -> None:
    said = words(job(Kind.SNAPSHOT_DONE, image_id=34, size=3.2, seconds=65))
    assert said == "sg5 snapshot 34 is done, 3.20 GB after 1 minute and 5 seconds"


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_job_event_has_words(kind: Kind) -> None:
    bare = line_for(job(kind))
    full = line_for(
        job(
            kind,
            percent=40,
            seconds=72,
            size=3.2,
            action_id=12,
            image_id=34,
            lock_holder="x",
            failure=REFUSED,
            note="why",
        )
    )
    for line in (bare, full):
        assert line is not None
        assert line.server == "sg5"
        assert line.text
        assert "None" not in line.text
        assert (line.percent is not None) is (kind is Kind.PROGRESS and line is full)
    assert full is not None
    assert "why" in full.text or kind is Kind.RESUMED


def test_severities() -> None:
    def severity(kind: Kind) -> Severity:
        line = line_for(job(kind))
        assert line is not None
        return line.severity

    assert severity(Kind.FAILED) is severity(Kind.DUPLICATE) is Severity.BAD
    assert severity(Kind.DONE) is Severity.GOOD
    assert severity(Kind.NEEDS_APPROVAL) is Severity.WARNING
    assert severity(Kind.CREATING) is Severity.INFO


def test_names_are_only_text() -> None:
    hostile = replace(SG5, name="[/foo]{0}%s")
    line = line_for(ev.LockTaken(NOW, "p", hostile, HOLDER, False))
    assert line is not None
    assert line.server == "[/foo]{0}%s"
    assert "[/foo]{0}%s: locked by" in line.plain()


def test_reasons_to_hold_are_told_in_words() -> None:
    for reason in HoldReason:
        said = words(job(Kind.NEEDS_APPROVAL, note=reason.value, failure=REFUSED))
        assert f"held until somebody says yes, {hold_in_words(reason)}: image limit" in said


@pytest.mark.parametrize("note", ["sent", "outcome_unknown", "restore_pending", "queued"])
def test_what_an_earlier_run_left_is_told_in_words(note: str) -> None:
    assert "an earlier run" in words(job(Kind.RESUMED, note=note))


def test_how_it_was_found_out_and_what_was_lost() -> None:
    assert words(job(Kind.FOUND, note="by its label")).startswith("sg5 looked up by its label: the request did take")
    lost = ev.Failure("outcome_unknown", "connection reset")
    assert "answer to create_image was lost (connection reset)" in words(
        job(Kind.OUTCOME_UNKNOWN, note="create_image", failure=lost)
    )
    assert "(34 and 56)" in words(job(Kind.DUPLICATE, image_id=34, note="56"))


def test_a_server_that_is_left_alone_has_its_reason_told_once() -> None:
    assert words(job(Kind.LEFT_ALONE, note="it never went off")) == "sg5 is left as it is: it never went off"


def test_a_shutdown_that_may_still_work_is_told_with_what_happens_then() -> None:
    event = job(Kind.WATCHED, note="it has not shut down", seconds=800.0)
    assert words(event) == (
        "sg5 it has not shut down; a shutdown request may still take effect: the server is watched for 13 minutes "
        "and 20 seconds, and powered on if it does"
    )


def test_an_open_question_that_is_left_is_told_as_that() -> None:
    assert words(job(Kind.CANCELLED, note="left as it is")) == "sg5 cancelled: left as it is"
