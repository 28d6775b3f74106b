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
from hsnap_tui.messages.event_lines import RoleNews, Severity, line_for
from hsnap_tui.messages.failures import explain
from hsnap_tui.messages.job_messages import hold_in_words

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
    assert words(event) == "sg5 unlocked after 2m 1s: create_image by another client"
    assert words(replace(event, ours=True, seconds=31)) == "sg5 unlocked after 31s: create_image by hsnap-tui"
    assert words(replace(event, lock_holder=None)) == "sg5 unlocked after 2m 1s: cause unknown"


def test_a_lock_that_is_taken() -> None:
    assert words(ev.LockTaken(NOW, "p", SG5, HOLDER, False)) == "sg5 locked by create_image (42 %), by another client"
    assert "locked, cause unknown" in words(ev.LockTaken(NOW, "p", SG5, None, False))


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
        (ev.ServerAppeared(NOW, "p", SG5), "sg5 new: cpx21 in fsn1, running"),
        (ev.ServerGone(NOW, "p", SG5), "sg5 gone: Hetzner no longer knows server 5"),
        (ev.WatchEnded(NOW, "p", SG5), "sg5 unlocked: no longer watched"),
        (ev.WatchEnded(NOW, "p", SG5, gone=True), "sg5 gone: no longer watched"),
        (ev.ConnectionRestored(NOW, "p", 72), "Hetzner answers again after 1m 12s."),
        (
            ev.BatchQueued(NOW, "p", "b1", 20),
            "batch b1: 20 snapshots queued; safe to quit",
        ),
        (
            ev.BatchEnded(NOW, "p", "b1", 18, 1, 1, 0, 125.0),
            "batch b1 ended after 2m 5s: 18 done, 1 failed, 1 skipped",
        ),
        (ev.RoleChanged(NOW, "p", ev.Role.LEADER), "This hsnap-tui is in charge now"),
        (ev.SendingResumed(NOW, "p"), "no longer paused"),
        (ev.Notice(NOW, "p", "a word"), "a word"),
    ],
)
def test_the_rest_of_the_program(event: ev.Event, said: str) -> None:
    assert words(event) == said


def test_a_follower_names_the_process_that_sends() -> None:
    assert "PID 4711" in words(ev.RoleChanged(NOW, "p", ev.Role.FOLLOWER, 4711))


def test_failures_say_what_to_do_and_what_the_id_is() -> None:
    error = CloudError(ErrorKind.UNREACHABLE, "connection refused", correlation_id=None)
    assert words(ev.ConnectionLost(NOW, "p", error)).endswith("What is shown is the last data.")
    assert explain(REFUSED) == (
        "image limit exceeded. Delete some. (request ID f21b9dc9d1535310, for Hetzner's support)"
    )
    assert explain(REFUSED) in words(job(Kind.FAILED, failure=REFUSED))
    assert words(ev.SendingHalted(NOW, "p", REFUSED)).startswith("Paused: image limit exceeded.")


def test_a_423_names_the_holder_and_what_the_id_is_not() -> None:
    locked = ev.Failure(ErrorKind.LOCKED, "server is locked", "", "f21b9dc9d1535310")
    said = words(job(Kind.WAITING, lock_holder="create_image", failure=locked))
    assert "locked by create_image" in said
    assert "its ID f21b9dc9d1535310 names the request, not the lock" in said


def test_waiting() -> None:
    assert "locked by create_image" in words(job(Kind.WAITING, lock_holder="create_image"))
    assert "locked, cause unknown" in words(job(Kind.WAITING))
    assert words(job(Kind.WAITING, note="another server is off")) == "sg5 waiting: another server is off"


def test_downtime_is_said() -> None:
    assert words(job(Kind.SERVER_ON, seconds=72)) == "sg5 powered on; was off for 1m 12s"


def test_what_to_send_to_support_when_an_action_does_not_end() -> None:
    said = words(job(Kind.SLOW, seconds=5400, action_id=12, image_id=34))
    assert said.endswith("send Hetzner's support: server 5, action 12, image 34")
    assert "1h 30m" in said


def test_snapshot_done() -> None:
    said = words(job(Kind.SNAPSHOT_DONE, image_id=34, size=3.2, seconds=65))
    assert said == "sg5 snapshot 34 done, 3.20 GB after 1m 5s"


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


def test_what_hetzner_refused_is_named_with_its_words() -> None:
    error = CloudError(ErrorKind.NOT_FOUND, "unknown action: create_image", code="not_found")
    failure = ev.Failure.of(error, "create_image")
    said = words(job(Kind.FAILED, failure=failure))
    assert said.startswith(
        "sg5 failed: Hetzner refused create_image: unknown action: create_image. Nothing was changed."
    )
    lost = CloudError(ErrorKind.OUTCOME_UNKNOWN, "no answer in time")
    assert explain(ev.Failure.of(lost, "create_image")).startswith("no answer in time."), "that is no refusal"


def test_that_a_process_is_in_charge_is_news_only_after_another_one_was() -> None:
    news = RoleNews()
    leader, follower = ev.RoleChanged(NOW, "p", ev.Role.LEADER), ev.RoleChanged(NOW, "p", ev.Role.FOLLOWER, 4711)
    assert [news.is_news(event) for event in (leader, follower, leader, leader)] == [False, True, True, False]
    assert news.is_news(ev.SendingResumed(NOW, "p"))


def test_names_are_only_text() -> None:
    hostile = replace(SG5, name="[/foo]{0}%s")
    line = line_for(ev.LockTaken(NOW, "p", hostile, HOLDER, False))
    assert line is not None
    assert line.server == "[/foo]{0}%s"
    assert "[/foo]{0}%s: locked by" in line.plain()


def test_reasons_to_hold_are_told_in_words() -> None:
    for reason in HoldReason:
        said = words(job(Kind.NEEDS_APPROVAL, note=reason.value, failure=REFUSED))
        assert f"needs approval: {hold_in_words(reason)}. Image limit" in said


@pytest.mark.parametrize("note", ["sent", "outcome_unknown", "restore_pending", "queued"])
def test_what_an_earlier_run_left_is_told_in_words(note: str) -> None:
    assert "an earlier run" in words(job(Kind.RESUMED, note=note))


def test_how_it_was_found_out_and_what_was_lost() -> None:
    assert words(job(Kind.FOUND, note="by its label")).startswith("sg5 found by its label: the request took effect")
    lost = ev.Failure("outcome_unknown", "connection reset")
    assert "no answer to create_image (connection reset): checking whether the snapshot exists (30s)" in words(
        job(Kind.OUTCOME_UNKNOWN, note="create_image", failure=lost)
    )
    assert "(34 and 56)" in words(job(Kind.DUPLICATE, image_id=34, note="56"))


def test_a_server_that_is_left_alone_has_its_reason_told_once() -> None:
    assert words(job(Kind.LEFT_ALONE, note="it did not shut down")) == "sg5 left as it is: it did not shut down"


def test_a_shutdown_that_may_still_work_is_told_with_what_happens_then() -> None:
    event = job(Kind.WATCHED, note="it has not shut down", seconds=800.0)
    assert words(event) == (
        "sg5 it has not shut down; may still shut down: watched for 13m 20s, and powered on if it does"
    )


def test_an_open_question_that_is_left_is_told_as_that() -> None:
    assert words(job(Kind.CANCELLED, note="left as it is")) == "sg5 cancelled: left as it is"
