"""What goes where: words or JSON lines, names from outside, pipes that close."""

from __future__ import annotations

import fcntl
import io
import json
import os
import re
import signal
import sys
import termios
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from hsnap_tui.common.formatting import count
from hsnap_tui.headless.report import JsonReport, TextReport
from tests.clocks.quick import COMMAND
from tests.patience import FOREVER, PATIENCE
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

NEARLY_FULL = 16_000
"""Bytes that a pipe holds when its reader is behind: the smallest pipe takes 16 KiB, most take 64 KiB."""


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


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_ends_nothing(unbuffered: str) -> None:
    with machine() as at:
        at.add("web-1", "web-2")
        run = at.start("snapshot", "--all", PYTHONUNBUFFERED=unbuffered)
        run.until("queued")
        assert run.process.stdout is not None
        run.process.stdout.close()
        assert run.process.wait(PATIENCE) == 0
        assert run.process.stderr is not None
        assert run.process.stderr.read() == ""
        assert sorted(at.snapshots()) == ["web-1-snapshot", "web-2-snapshot"]


@pytest.mark.parametrize("words", [("snapshot", "web-1"), ("snapshot", "web-1", "--json"), ("jobs",), ("--help",)])
@pytest.mark.parametrize("to", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", ">/dev/full", ">/dev/full 2>&1"])
def test_a_stream_that_is_closed_or_full_ends_nothing(words: tuple[str, ...], to: str) -> None:
    if "/dev/full" in to and not Path("/dev/full").exists():
        pytest.skip("there is no device that is always full here")
    with machine() as at:
        at.add("web-1")
        ended = at.start_command(["/bin/sh", "-c", f'exec "$@" {to}', "sh", *COMMAND, *words]).ended()
        assert (ended.code, ended.err) == (0, "")
        assert at.snapshots() == (["web-1-snapshot"] if "snapshot" in words else [])


def into_a_pipe_that_nobody_reads(words: tuple[str, ...], unbuffered: str) -> None:
    """Does its work and ends."""
    with machine() as at, full_pipe() as pipe:
        at.add("web-1")
        assert at.start("snapshot", "web-1", *words, out=pipe, PYTHONUNBUFFERED=unbuffered).ended().code == 0
        assert at.status("web-1") == "running"
        assert at.snapshots() == ["web-1-snapshot"]


def test_a_pipe_that_nobody_reads_delays_neither_work_nor_end() -> None:
    """All at the same time: at its end each gives the reader some seconds to read."""
    cases = list(product((("--shut-down",), ("--shut-down", "--json")), ("", "1")))
    with ThreadPoolExecutor(len(cases)) as pool:
        for done in [pool.submit(into_a_pipe_that_nobody_reads, *case) for case in cases]:
            done.result()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_heard_while_a_pipe_is_full(number: int) -> None:
    with machine() as at:
        at.add("web-1")
        at.lock("web-1", FOREVER)
        with full_pipe() as pipe:
            run = at.start("snapshot", "web-1", out=pipe)
            at.eventually(lambda: "waiting" in at.run("jobs").out)
            run.send(number)
            assert run.ended().code == 5


def unread(pipe: int) -> int:
    """How many bytes are in a pipe."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


@contextmanager
def full_pipe() -> Iterator[int]:
    """A pipe that takes nothing, since nobody reads what is in it."""
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writes, bytes(4096))
    os.set_blocking(writes, True)
    try:
        yield writes
    finally:
        os.close(reads)
        os.close(writes)


def test_a_reader_that_is_slow_gets_everything() -> None:
    with machine() as at:
        names = [f"web-{number:03}" for number in range(300)]
        at.add(*names)
        run = at.start("snapshot", "--all", "--dry-run", "--json", "--description", "{name}" + "x" * 200)
        assert run.process.stdout is not None
        pipe = run.process.stdout.fileno()
        at.eventually(lambda: unread(pipe) >= NEARLY_FULL)
        assert [event["server_name"] for event in run.ended().events("would_snapshot")] == names


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
    report.write_text("for people")
    report.record({"v": 1, "event": "end"})
    report.close()
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [{"v": 1, "event": "end"}]
    assert capsys.readouterr().err == "for people\n"


def test_words_leave_records_out() -> None:
    out = io.StringIO()
    report = TextReport(out)
    report.record({"v": 1})
    report.progress([])
    report.write_text("for people")
    report.close()
    assert out.getvalue() == "for people\n"
