"""What a person decides about jobs: which jobs a decision fits, and what it tells them (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from hsnap_tui.jobs.core.model import Job
from hsnap_tui.jobs.core.observations import Cancel, JobObservation, Release, Retry


class JobCommandKind(StrEnum):
    """What a follower may ask of the leader."""

    CANCEL = "cancel"
    RELEASE = "release"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class JobCommand:
    """What the user has decided about jobs, written to the journal for the leader."""

    kind: JobCommandKind
    jobs: tuple[str, ...]


_FITS: Mapping[JobCommandKind, Callable[[Job], bool]] = {
    JobCommandKind.CANCEL: lambda job: job.cancellable,
    JobCommandKind.RELEASE: lambda job: job.approvable,
    JobCommandKind.RETRY: lambda job: job.retryable,
}
_OBSERVATION: Mapping[JobCommandKind, Callable[[], JobObservation]] = {
    JobCommandKind.CANCEL: Cancel,
    JobCommandKind.RELEASE: Release,
    JobCommandKind.RETRY: Retry,
}


def fitting(kind: JobCommandKind, job_ids: Iterable[str], jobs: Mapping[str, Job]) -> tuple[str, ...]:
    """Those of the named jobs that the decision fits as they stand; unknown IDs are left out."""
    return tuple(job_id for job_id in job_ids if job_id in jobs and _FITS[kind](jobs[job_id]))


def observation(kind: JobCommandKind) -> JobObservation:
    """What a job is told of the decision."""
    return _OBSERVATION[kind]()
