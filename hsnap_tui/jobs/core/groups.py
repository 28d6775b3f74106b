"""How jobs are grouped, for the screen, the session and the commands alike (pure).

Whether one job may be cancelled, retried or approved says the job itself; here is which of many belong together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hsnap_tui.jobs.core.model import Job, JobState, Phase, Power


@dataclass(frozen=True, slots=True)
class JobGroups:
    """Jobs that have not ended, by what they wait for; each job is in one group."""

    waiting: tuple[Job, ...] = ()
    """Nothing has been sent for them: they wait for their turn, or for a lock."""
    running: tuple[Job, ...] = ()
    held: tuple[Job, ...] = ()
    """They need a person's approval."""
    unknown: tuple[Job, ...] = ()
    """It could not be found out whether their snapshot exists: a person must look."""


def grouped(jobs: Iterable[Job]) -> JobGroups:
    """The jobs that have not ended, in groups."""
    waiting, running, held, unknown = [], [], [], []
    for job in jobs:
        if job.state.ended:
            continue
        if job.state is JobState.NEEDS_APPROVAL:
            held.append(job)
        elif job.state is JobState.UNKNOWN:
            unknown.append(job)
        elif job.state in (JobState.QUEUED, JobState.WAITING):
            waiting.append(job)
        else:
            running.append(job)
    return JobGroups(tuple(waiting), tuple(running), tuple(held), tuple(unknown))


def without_snapshot_request(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """Jobs in progress whose main request has not been sent: nothing is lost when they are cancelled.

    More than those that wait: the server of such a job may be shutting down already.
    """
    return tuple(job for job in jobs if _in_progress(job) and job.main_request.phase is Phase.READY)


def with_snapshot_request(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """Jobs in progress whose main request has been sent: Hetzner goes on with it when the program ends."""
    return tuple(job for job in jobs if _in_progress(job) and job.main_request.phase is not Phase.READY)


def servers_off(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """Jobs whose servers are off because of us, or are watched because they may still shut down."""
    return tuple(job for job in jobs if job.power is Power.RESTORE_PENDING or job.watching)


def may_still_shut_down(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """Jobs that have ended, and whose servers run, but for which a shutdown request may still take effect."""
    return tuple(job for job in jobs if job.state.ended and job.power is Power.WATCHED)


def all_at_rest(jobs: Iterable[Job]) -> bool:
    """Whether there are jobs, and nothing more happens to any of them without a person."""
    jobs = tuple(jobs)
    return bool(jobs) and all(job.resting for job in jobs)


def _in_progress(job: Job) -> bool:
    return not job.resting and job.result is None
