"""Events as lines: words for people, versioned JSON for programs, and a line of progress on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TextIO

from hsnap_tui import say
from hsnap_tui.events import (
    BatchEnded,
    BatchQueued,
    Event,
    FleetUpdated,
    JobEvent,
    JobEventKind,
    LinkLost,
    LinkRestored,
    LockCleared,
    LockTaken,
    Notice,
    RoleChanged,
    SendingHalted,
    SendingResumed,
    ServerAppeared,
    ServerChanged,
    ServerGone,
    WatchEnded,
)
from hsnap_tui.jobs.codec import to_plain
from hsnap_tui.jobs.model import Job, JobState

JSON_VERSION = 1
"""Rises when a field goes away or changes its meaning; new fields may come at any time."""

_NAMES: dict[type[Event], str] = {
    BatchQueued: "batch_queued",
    BatchEnded: "batch_ended",
    LinkLost: "link_lost",
    LinkRestored: "link_restored",
    SendingHalted: "sending_halted",
    SendingResumed: "sending_resumed",
    RoleChanged: "role_changed",
    Notice: "notice",
}
_OF_THE_FLEET = (FleetUpdated, ServerAppeared, ServerChanged, ServerGone, LockTaken, LockCleared, WatchEnded)


class Report(Protocol):
    """Where a command without a screen tells what happens."""

    def event(self, event: Event) -> None:
        """Tells an event."""
        ...

    def progress(self, jobs: Iterable[Job]) -> None:
        """Tells how far these jobs are, where that is shown."""
        ...

    def say(self, text: str) -> None:
        """Says a sentence that is about no event."""
        ...

    def record(self, name: str, **fields: Any) -> None:
        """Gives programs a record of their own; people have been told in words."""
        ...

    def close(self) -> None:
        """Leaves the terminal in order."""
        ...


def as_record(event: Event) -> dict[str, Any] | None:
    """An event for programs: `v`, `event`, `at`, and the fields that are set; none for what is not about jobs."""
    if isinstance(event, _OF_THE_FLEET):
        return None
    plain = to_plain(event) if not isinstance(event, LinkLost) else _link_lost(event)
    plain.pop("project", None)
    name = event.kind.value if isinstance(event, JobEvent) else _NAMES[type(event)]
    plain.pop("kind", None)
    return {"v": JSON_VERSION, "event": name, **plain}


def _link_lost(event: LinkLost) -> dict[str, Any]:
    error = event.error
    return {"at": event.at.isoformat(), "kind": error.kind.value, "message": error.message, "advice": error.advice}


class JsonReport:
    """A line of JSON for each event."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def event(self, event: Event) -> None:
        """Writes the event's line."""
        record = as_record(event)
        if record is not None:
            self._write(record)

    def progress(self, jobs: Iterable[Job]) -> None:
        """Nothing: each step has its own line."""

    def say(self, text: str) -> None:
        """Sentences are for people: they go to standard error."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201

    def record(self, name: str, **fields: Any) -> None:
        """Writes a line."""
        self._write({"v": JSON_VERSION, "event": name, **fields})

    def close(self) -> None:
        """Nothing is open."""

    def _write(self, record: dict[str, Any]) -> None:
        print(json.dumps(record, ensure_ascii=False), file=self._out, flush=True)


class TextReport:
    """A line of words for each event; on a terminal, one more line that is rewritten shows how far the jobs are."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._show: Callable[[str], None] | None = None
        self._end: Callable[[], None] = lambda: None
        self._print: Callable[[str], None] = lambda line: print(line, file=out, flush=True)
        if out.isatty():
            self._on_terminal()

    def _on_terminal(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
        from rich.status import Status  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        console = Console(file=self._out, highlight=False, markup=False)
        status = Status(Text("Listing the servers …"), console=console)
        status.start()
        self._show = lambda line: status.update(Text(line))
        self._print = lambda line: console.print(Text(line), soft_wrap=True)
        self._end = status.stop

    def event(self, event: Event) -> None:
        """Writes the event's line, if there is anything to tell about jobs."""
        if isinstance(event, _OF_THE_FLEET):
            return
        if self._show is not None and isinstance(event, JobEvent) and event.kind is JobEventKind.PROGRESS:
            return
        line = say.say(event)
        if line is not None:
            self._print(line.plain())

    def progress(self, jobs: Iterable[Job]) -> None:
        """Rewrites the line at the bottom of a terminal."""
        if self._show is not None:
            self._show(in_short(jobs))

    def say(self, text: str) -> None:
        """Writes the sentence."""
        self._print(text)

    def record(self, name: str, **fields: Any) -> None:
        """Nothing: it has been said in words."""

    def close(self) -> None:
        """Takes the line of progress away."""
        self._end()


def in_short(jobs: Iterable[Job]) -> str:
    """How far jobs are, in one line."""
    jobs = tuple(jobs)
    if not jobs:
        return "Nothing to do yet …"
    done = sum(job.state is JobState.DONE for job in jobs)
    parts = [f"{done} of {len(jobs)} done"]
    for state in JobState:
        count = sum(job.state is state for job in jobs)
        if count and state is not JobState.DONE:
            parts.append(f"{count} {state.value.replace('_', ' ')}")
    making = [job.percent for job in jobs if job.state is JobState.CREATING]
    if making:
        parts.append(f"snapshots under way at {sum(making) // len(making)} %")
    return ", ".join(parts)


def report_for(out: TextIO, *, as_json: bool) -> Report:
    """The report that was asked for."""
    return JsonReport(out) if as_json else TextReport(out)
