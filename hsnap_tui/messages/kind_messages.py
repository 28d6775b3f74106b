"""What a kind of job has words of its own for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hsnap_tui.common import formatting
from hsnap_tui.events import JobEvent, JobEventKind
from hsnap_tui.jobs.core.model import HoldReason, Job


@dataclass(frozen=True, slots=True)
class KindMessages:
    """The words of a kind.

    `noun`: what one job of it is called; `subject`: what it is about, as the heading of a column. `at_quit`: what
    becomes of its jobs when the program ends, and `under_way_at_quit` of one or several that are under way.
    `milestones`, and `state` for where a job stands: the words that differ from those of other kinds. `holds`: why a
    job needs approval, for reasons that other kinds don't have. `destroys`: what approving a job of it destroys, or
    empty.
    """

    noun: str
    subject: str
    at_quit: str
    under_way_at_quit: tuple[str, str]
    milestones: Mapping[JobEventKind, Callable[[JobEvent], str]] = field(default_factory=dict)
    state: Callable[[Job], str | None] = lambda _job: None
    holds: Mapping[HoldReason, str] = field(default_factory=dict)
    destroys: str = ""


def with_note(text: str, event: JobEvent) -> str:
    """The text, followed by the event's note if it has one that the text does not tell already."""
    if event.note is None or event.note.casefold().rstrip(".") in text.casefold():
        return text
    return f"{text}: {event.note}"


def after(event: JobEvent) -> str:
    """How long what an event tells has taken: ` after 2m 5s`, with the space before it; empty when not known."""
    return f" after {formatting.duration(event.seconds)}" if event.seconds else ""
