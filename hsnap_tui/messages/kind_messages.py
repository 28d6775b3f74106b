"""What a kind of job has words of its own for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hsnap_tui.events import JobEvent, JobEventKind
from hsnap_tui.jobs.core.model import Job


@dataclass(frozen=True, slots=True)
class KindMessages:
    """`noun`: what one job of the kind is called; the words of milestones, and of where a job stands (or none)."""

    noun: str
    milestones: Mapping[JobEventKind, Callable[[JobEvent], str]] = field(default_factory=dict)
    state: Callable[[Job], str | None] = lambda _job: None
