"""What goes where: words or JSON lines, names from outside, pipes that close."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hsnap_tui.headless.output import Output
from hsnap_tui.headless.report import JsonReport, TextReport
from hsnap_tui.words import count
from tests.programs import Machine, machine

HOSTILE = (
    "[red]x",
    "[/foo]",
    "[@click=app.quit]x[/]",
    "esc\x1b[31mred\x1b]0;title\x07",
    "bidi\u202egnp.exe",
    "nul\x00line\nbreak",
    "広い名前",
    "{name} %s {0}",
)


@pytest.fixture(scope="module")
def told() -> tuple[str, list[dict[str, object]], list[str]]:
    """Snapshots of servers with hostile names: the words, the records, and the descriptions at Hetzner."""
    with machine() as at:
        at.add(*HOSTILE)
        done = at.run("snapshot", "--all", "--label", "kept=daily", "--description", "{name} {{literal}} {date}")
        assert done.code == 0, done.err
        plan = at.run("snapshot", "--all", "--dry-run", "--json")
        assert plan.code == 0
        labels = at.served.call(lambda cloud: [dict(image.labels) for image in cloud.snapshots()])
        assert all(label["kept"] == "daily" and len(label["hsnap-tui/job"]) == 16 for label in labels)
        return done.out, plan.records, at.snapshots()


def test_hostile_names_are_literal_or_cleaned(told: tuple[str, list[dict[str, object]], list[str]]) -> None:
    out, records, descriptions = told
    for shown in (
        "[red]x: done",
        "[/foo]: done",
        "[@click=app.quit]x[/]: done",
        "広い名前: done",
        "{name} %s {0}: d",
    ):
        assert shown in out
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", out) is None
    assert "bidi\ufffdgnp.exe: done" in out
    assert "nul\ufffdline\ufffdbreak: done" in out
    names = {str(record["server_name"]) for record in records if record["event"] == "would_snapshot"}
    assert "esc\ufffd[31mred\ufffd]0;title\ufffd" in names
    today = f"{datetime.now(UTC):%Y-%m-}"
    assert any(text.startswith("{name} %s {0} {literal} " + today) for text in descriptions)


def test_names_that_are_cleaned_are_matched_as_they_are() -> None:
    with machine() as at:
        at.add("bidi\u202egnp.exe")
        assert at.run("snapshot", "bidi\u202egnp.exe", "--dry-run").code == 0
        missing = at.run("snapshot", "esc\x1b[31m", "--dry-run")
        assert missing.code == 4
        assert "esc\ufffd[31m." in missing.out


def test_ids_selectors_and_names_together() -> None:
    with machine() as at:
        at.add("web-1", "web-2")
        number = at.served.call(lambda cloud: cloud.add_server("db-1", labels={"env": "prod"}).id)
        assert planned(at, str(number)) == ["db-1"]
        assert planned(at, "--selector", "env=prod") == ["db-1"]
        assert planned(at, "--selector", "env=prod", "web-2") == ["db-1", "web-2"]
        assert planned(at, "--all") == ["db-1", "web-1", "web-2"]
        assert planned(at, "web-1", "web-1") == ["web-1"]


def planned(at: Machine, *words: str) -> list[object]:
    """The servers of a dry run."""
    ended = at.run("snapshot", *words, "--dry-run", "--json")
    assert ended.code == 0
    found = [record["server_name"] for record in ended.events("would_snapshot")]
    assert ended.err == f"{count(len(found), 'server')}; nothing was sent (--dry-run).\n"
    return found


def test_a_reader_that_goes_away_ends_nothing() -> None:
    with machine() as at:
        at.add("web-1", "web-2")
        run = at.start("snapshot", "--all")
        run.until("queued")
        assert run.process.stdout is not None
        run.process.stdout.close()
        assert run.process.wait(30) == 0
        assert run.process.stderr is not None
        assert run.process.stderr.read() == ""
        assert sorted(at.snapshots()) == ["web-1-snapshot", "web-2-snapshot"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full here")
def test_a_stream_that_cannot_be_written_is_given_up() -> None:
    with Path("/dev/full").open("w") as full:
        out = Output(full)
        out.line("lost")
        out.line("lost, too")


def test_a_narrow_encoding_never_ends_a_run() -> None:
    with machine() as at:
        at.add("広い名前")
        ended = at.run("snapshot", "--all", "--dry-run", PYTHONIOENCODING="ascii")
        assert ended.code == 0
        assert r"\u5e83" in ended.out
        records = at.run("snapshot", "--all", "--dry-run", "--json", PYTHONIOENCODING="ascii").records
        assert records[0]["server_name"] == "広い名前"


def test_a_sentence_stays_out_of_the_lines_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    report = JsonReport(out)
    report.say("for people")
    report.record({"v": 1, "event": "end"})
    report.close()
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [{"v": 1, "event": "end"}]
    assert capsys.readouterr().err == "for people\n"


def test_words_leave_records_out() -> None:
    out = io.StringIO()
    report = TextReport(out)
    report.record({"v": 1})
    report.progress([])
    report.say("for people")
    report.close()
    assert out.getvalue() == "for people\n"
