"""Which jobs this process has asked for or approved: another one's refused token holds none of them (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hsnap_tui.jobs.core.model import Job, JobState
from hsnap_tui.jobs.core.takeover import is_refused

REFUSED_AT_MOST = 3
"""How often a job of this process that others may not send goes on by itself before it is held for a person."""


class OwnJobs:
    """Keeps account of it."""

    def __init__(self) -> None:
        self._batches: set[str] = set()
        self._approved: set[str] = set()
        self._refused: Counter[str] = Counter()
        self._refused_here: set[str] = set()

    def batch(self, batch: str) -> None:
        """This process asks for a batch."""
        self._batches.add(batch)

    def approve(self, job_ids: Iterable[str]) -> None:
        """A person says here that jobs are to go on."""
        self._approved.update(job_ids)
        self._refused.clear()

    def refused_here(self, jobs: Iterable[Job]) -> None:
        """Of these, the refused ones were refused to this process's own token: they need a person."""
        self._refused_here.update(job.id for job in jobs if is_refused(job))

    def refused_elsewhere(self, job_ids: Iterable[str]) -> None:
        """Jobs that go on here, or with a third process, after another one's token was refused."""
        self._refused.update(job_ids)

    def here(self, job: Job) -> bool:
        """Whether it was asked for or approved here, and not refused here."""
        return (job.batch in self._batches or job.id in self._approved) and job.id not in self._refused_here

    def goes_on(self, job: Job) -> bool:
        """Whether a job that is held for lack of access goes on by itself, as far as this process can send."""
        few = self._refused[job.id] < REFUSED_AT_MOST
        return few and self.here(job) and job.state is JobState.NEEDS_APPROVAL and is_refused(job)
