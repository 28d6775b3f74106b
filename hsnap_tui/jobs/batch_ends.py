"""When a batch has ended, told once the end of each of its jobs was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from hsnap_tui.events import BatchEnded, JobEvent, JobEventKind
from hsnap_tui.jobs.core.model import Job, JobState

_ENDS = frozenset({JobEventKind.DONE, JobEventKind.SKIPPED, JobEventKind.CANCELLED})


class BatchEnds:
    """Keeps account of which ends were told; `jobs` is for reading."""

    def __init__(self, jobs: Mapping[str, Job], project: Callable[[], str], now: Callable[[], datetime]) -> None:
        self._jobs = jobs
        self._project = project
        self._now = now
        self._told: dict[str, set[str]] = {}
        self._sizes: Counter[str] = Counter()

    def after(self, event: JobEvent) -> BatchEnded | None:
        """The end of the batch, if this was the last word about it; a job tried again has another end."""
        told = self._told.setdefault(event.batch, set())
        if event.kind is JobEventKind.APPROVED:
            told.discard(event.job)
        elif self._is_end(event) and event.job not in told:
            told.add(event.job)
            if len(told) >= self._size_of(event.batch):
                return self._end_of(event.batch, told)
        return None

    def _size_of(self, batch: str) -> int:
        """How many jobs the batch has; counted again only when there are others than before."""
        if self._sizes.total() != len(self._jobs):
            self._sizes = Counter(job.batch for job in self._jobs.values())
        return self._sizes[batch]

    def _is_end(self, event: JobEvent) -> bool:
        """A failed job is over when its server is on again; for the others their own event is the last."""
        job = self._jobs.get(event.job)
        return event.kind in _ENDS or (job is not None and job.state is JobState.FAILED)

    def _end_of(self, batch: str, told: set[str]) -> BatchEnded | None:
        jobs = [job for job in self._jobs.values() if job.batch == batch]
        if not all(job.state.ended and job.id in told for job in jobs):
            return None
        outcomes = [job.state for job in jobs]
        last = max(job.ended or job.created for job in jobs)
        return BatchEnded(
            self._now(),
            self._project(),
            batch,
            done=outcomes.count(JobState.DONE),
            failed=outcomes.count(JobState.FAILED),
            skipped=outcomes.count(JobState.SKIPPED),
            cancelled=outcomes.count(JobState.CANCELLED),
            seconds=(last - jobs[0].created).total_seconds(),
        )
