"""The output of commands without a screen: lines of text or of JSON, and a progress line on a terminal."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable
from typing import Any, Protocol, TextIO

from hsnap_tui.events import ConnectionLost, Event, Failure, JobEvent, JobEventKind
from hsnap_tui.headless import json_lines
from hsnap_tui.jobs.core.model import Job, JobState
from hsnap_tui.messages import event_lines, failures, job_messages

_ERASE = "\r\x1b[2K"
"""Carriage return, then ECMA-48's "erase in line": empties the current line of a terminal."""


class Report(Protocol):
    """Takes text for people and records for programs. Each kind of report writes the one and ignores the other."""

    def event(self, event: Event) -> None:
        """Writes an event, if commands without a screen tell it."""
        ...

    def progress(self, jobs: Iterable[Job]) -> None:
        """Shows the progress of these jobs, on a terminal."""
        ...

    def write_text(self, text: str) -> None:
        """Writes a sentence for people."""
        ...

    def write_either(self, text: str, record: dict[str, Any]) -> None:
        """Writes the same information as text for people, or as a record for programs."""
        ...

    def record(self, record: dict[str, Any]) -> None:
        """Writes a record for programs only."""
        ...

    def close(self) -> None:
        """Removes the progress line."""
        ...


class JsonReport:
    """Writes a line of JSON for each event to standard output, and sentences for people to standard error."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def event(self, event: Event) -> None:
        """Writes the record of the event."""
        if json_lines.about_jobs(event):
            self.record(json_lines.of_event(event))

    def progress(self, jobs: Iterable[Job]) -> None:
        """Does nothing: progress events have their own lines."""

    def write_text(self, text: str) -> None:
        """Writes to standard error, so that standard output holds only JSON."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201

    def write_either(self, text: str, record: dict[str, Any]) -> None:  # noqa: ARG002
        """Writes the record."""
        self.record(record)

    def record(self, record: dict[str, Any]) -> None:
        """Writes the record as one line of ASCII, which every encoding of the reader can read."""
        self._out.write(json.dumps(record) + "\n")

    def close(self) -> None:
        """Does nothing."""


class TextReport:
    """Writes a line of text for each event. On a terminal the last line is rewritten to show the progress."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._shows_progress = out.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")
        self._progress_shown = ""
        self._role_news = event_lines.RoleNews()
        if self._shows_progress:
            self._show("Listing the servers …")

    def _line(self, text: str) -> None:
        """Writes a line above the progress line."""
        self._out.write(f"{_ERASE if self._progress_shown else ''}{text}\n{self._progress_shown}")

    def _show(self, text: str) -> None:
        """Rewrites the progress line, cut to the terminal's width: a line that wraps could not be erased again."""
        text = text[: shutil.get_terminal_size().columns - 1]
        if text != self._progress_shown:
            self._progress_shown = text
            self._out.write(f"{_ERASE}{text}")

    def event(self, event: Event) -> None:
        """Writes the line of the event, unless it is left out."""
        if not json_lines.about_jobs(event) or self._is_left_out(event):
            return
        line = _no_access_line(event) if isinstance(event, ConnectionLost) else event_lines.line_for(event)
        if line is not None:
            self._line(line.plain())

    def _is_left_out(self, event: Event) -> bool:
        """Whether the event tells nothing new: progress that the progress line shows, or that this process is the
        leader when it was never a follower."""
        shown = self._shows_progress and isinstance(event, JobEvent) and event.kind is JobEventKind.PROGRESS
        return shown or not self._role_news.is_news(event)

    def progress(self, jobs: Iterable[Job]) -> None:
        """Rewrites the progress line."""
        if self._shows_progress:
            self._show(progress_text(jobs))

    def write_text(self, text: str) -> None:
        """Writes the sentence."""
        self._line(text)

    def write_either(self, text: str, record: dict[str, Any]) -> None:  # noqa: ARG002
        """Writes the words."""
        self._line(text)

    def record(self, record: dict[str, Any]) -> None:
        """Does nothing: people have been told as text."""

    def close(self) -> None:
        """Erases the progress line."""
        if self._progress_shown:
            self._show("")


def _no_access_line(event: ConnectionLost) -> event_lines.Line:
    """Without a screen no stale table has to be mentioned, as the line of the log does."""
    return event_lines.Line(
        event.at,
        "",
        failures.unreachable(Failure.of(event.error)),
        event_lines.Severity.BAD,
    )


def progress_text(jobs: Iterable[Job]) -> str:
    """The progress of jobs, in one line."""
    jobs = tuple(jobs)
    if not jobs:
        return "Nothing to do yet …"
    done = sum(job.state is JobState.DONE for job in jobs)
    others = job_messages.by_state(job for job in jobs if job.state is not JobState.DONE)
    creating = [job.percent for job in jobs if job.state is JobState.CREATING]
    percent = f" ({sum(creating) // len(creating)} % on average)" if creating else ""
    return f"{done:,} of {len(jobs):,} done{', ' if others else ''}{others}{percent}"


def report_for(out: TextIO, *, as_json: bool) -> Report:
    """The report for `--json`, or the one for people."""
    return JsonReport(out) if as_json else TextReport(out)
