"""Finds out when a batch has ended: after the last event of each of its jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from hsnap_tui.events import BatchEnded, JobEvent, JobEventKind
from hsnap_tui.jobs.core.model import Job, JobState

_ENDS = frozenset({JobEventKind.DONE, JobEventKind.SKIPPED, JobEventKind.CANCELLED})


class BatchEnds:
    """Keeps track of the jobs whose end was published. `jobs` is only read."""

    def __init__(self, jobs: Mapping[str, Job], project: Callable[[], str], now: Callable[[], datetime]) -> None:
        self._jobs = jobs
        self._project = project
        self._now = now
        self._ended_jobs: dict[str, set[str]] = {}
        self._sizes: Counter[str] = Counter()

    def after(self, event: JobEvent) -> BatchEnded | None:
        """The end of the batch, if this was its last event. A job that is retried ends once more."""
        ended_jobs = self._ended_jobs.setdefault(event.batch, set())
        if event.kind is JobEventKind.APPROVED:
            ended_jobs.discard(event.job)
        elif self._is_end(event) and event.job not in ended_jobs:
            ended_jobs.add(event.job)
            if len(ended_jobs) >= self._size_of(event.batch):
                return self._end_of(event.batch, ended_jobs)
        return None

    def _size_of(self, batch: str) -> int:
        """How many jobs the batch has; counted again only when the number of all jobs has changed."""
        if self._sizes.total() != len(self._jobs):
            self._sizes = Counter(job.batch for job in self._jobs.values())
        return self._sizes[batch]

    def _is_end(self, event: JobEvent) -> bool:
        """Whether the event is the last of its job. A failed job ends with the event that its server is on again."""
        job = self._jobs.get(event.job)
        return event.kind in _ENDS or (job is not None and job.state is JobState.FAILED)

    def _end_of(self, batch: str, ended_jobs: set[str]) -> BatchEnded | None:
        jobs = [job for job in self._jobs.values() if job.batch == batch]
        if not all(job.state.ended and job.id in ended_jobs for job in jobs):
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
