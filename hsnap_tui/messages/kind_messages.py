"""What a kind of job has words of its own for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hsnap_tui.events import JobEvent, JobEventKind
from hsnap_tui.jobs.core.model import Job


@dataclass(frozen=True, slots=True)
class KindMessages:
    """The words of a kind.

    `noun`: what one job of it is called; `subject`: what it is about, as the heading of a column. `at_quit`: what
    becomes of its jobs when the program ends, and `under_way_at_quit` of one or several that are under way.
    `milestones`, and `state` for where a job stands: the words that differ from those of other kinds. `destroys`:
    what approving a job of it destroys, or empty.
    """

    noun: str
    subject: str
    at_quit: str
    under_way_at_quit: tuple[str, str]
    milestones: Mapping[JobEventKind, Callable[[JobEvent], str]] = field(default_factory=dict)
    state: Callable[[Job], str | None] = lambda _job: None
    destroys: str = ""
