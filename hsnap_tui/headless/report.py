"""Where a command without a screen tells what happens: lines of words or of JSON, and a progress display."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol, TextIO

from hsnap_tui.events import ConnectionLost, Event, Failure, JobEvent, JobEventKind, Role, RoleChanged
from hsnap_tui.headless import json_lines
from hsnap_tui.jobs.core.model import Job, JobState
from hsnap_tui.messages import event_lines, job_messages

_ERASE = "\r\x1b[2K"
"""Back to the beginning of a terminal's line, which is erased."""


class Report(Protocol):
    """Words for people and records for programs; each report shows its own and leaves the others out."""

    def event(self, event: Event) -> None:
        """Tells an event."""
        ...

    def progress(self, jobs: Iterable[Job]) -> None:
        """Tells how far these jobs are, where that is shown."""
        ...

    def say(self, text: str) -> None:
        """Says a sentence that is about no event."""
        ...

    def tell(self, text: str, record: dict[str, Any]) -> None:
        """Tells one thing: people in words, or programs by a record."""
        ...

    def record(self, record: dict[str, Any]) -> None:
        """Gives programs a line of their own; people have been told in words."""
        ...

    def close(self) -> None:
        """Leaves the terminal in order."""
        ...


class JsonReport:
    """A line of JSON for each event on standard output; sentences for people go to standard error."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def event(self, event: Event) -> None:
        """Writes the event's line."""
        if json_lines.about_jobs(event):
            self.record(json_lines.of_event(event))

    def progress(self, jobs: Iterable[Job]) -> None:
        """Nothing: each step has its own line."""

    def say(self, text: str) -> None:
        """Says it where it is in no program's way."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201

    def tell(self, text: str, record: dict[str, Any]) -> None:  # noqa: ARG002
        """Writes the record."""
        self.record(record)

    def record(self, record: dict[str, Any]) -> None:
        """Writes the line; in ASCII, since nobody knows how the other side reads."""
        self._out.write(json.dumps(record) + "\n")

    def close(self) -> None:
        """Nothing is open."""


class TextReport:
    """A line of words for each event; on a terminal, one more line that is rewritten shows how far the jobs are."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._shows_progress = out.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")
        self._shown = ""
        self._followed = False
        if self._shows_progress:
            self._show("Listing the servers …")

    def _line(self, text: str) -> None:
        """A line of its own, above the one that is rewritten."""
        self._out.write(f"{_ERASE if self._shown else ''}{text}\n{self._shown}")

    def _show(self, text: str) -> None:
        """Rewrites the last line; one that is too long for the terminal could not be taken away again."""
        text = text[: shutil.get_terminal_size().columns - 1]
        if text != self._shown:
            self._shown = text
            self._out.write(f"{_ERASE}{text}")

    def event(self, event: Event) -> None:
        """Writes the event's line, if there is anything to tell about jobs."""
        if not json_lines.about_jobs(event) or self._is_no_news(event):
            return
        line = _without_access(event) if isinstance(event, ConnectionLost) else event_lines.say(event)
        if line is not None:
            self._line(line.plain())

    def _is_no_news(self, event: Event) -> bool:
        """Progress that is shown anyway; that this process sends, where nobody could have thought anything else."""
        if isinstance(event, RoleChanged):
            followed, self._followed = self._followed, event.role is Role.FOLLOWER
            return event.role is Role.LEADER and not followed
        return self._shows_progress and isinstance(event, JobEvent) and event.kind is JobEventKind.PROGRESS

    def progress(self, jobs: Iterable[Job]) -> None:
        """Rewrites the line at the bottom of a terminal."""
        if self._shows_progress:
            self._show(in_short(jobs))

    def say(self, text: str) -> None:
        """Writes the sentence."""
        self._line(text)

    def tell(self, text: str, record: dict[str, Any]) -> None:  # noqa: ARG002
        """Writes the words."""
        self._line(text)

    def record(self, record: dict[str, Any]) -> None:
        """Nothing: it has been said in words."""

    def close(self) -> None:
        """Takes the line of progress away."""
        if self._shown:
            self._show("")


def _without_access(event: ConnectionLost) -> event_lines.Line:
    """There is no old picture to warn of without a screen."""
    return event_lines.Line(
        event.at,
        "",
        f"no access to Hetzner: {job_messages.explain(Failure.of(event.error))}",
        event_lines.Severity.BAD,
    )


def in_short(jobs: Iterable[Job]) -> str:
    """How far jobs are, in one line."""
    jobs = tuple(jobs)
    if not jobs:
        return "Nothing to do yet …"
    done = sum(job.state is JobState.DONE for job in jobs)
    parts = [f"{done} of {len(jobs)} done"]
    for state in JobState:
        words = Counter(job_messages.state_in_words(job) for job in jobs if job.state is state)
        if state is not JobState.DONE:
            parts += [f"{count} {word}" for word, count in words.items()]
    making = [job.percent for job in jobs if job.state is JobState.CREATING]
    if making:
        parts.append(f"snapshots under way at {sum(making) // len(making)} %")
    return ", ".join(parts)


def report_for(out: TextIO, *, as_json: bool) -> Report:
    """The report that was asked for."""
    return JsonReport(out) if as_json else TextReport(out)
