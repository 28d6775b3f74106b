"""One row of the table: a server, its job, and what the person did to it (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hsnap_tui.fleet.state import ServerView
from hsnap_tui.jobs.model import Job


@dataclass(frozen=True, slots=True)
class Row:
    """A server as a row shows it."""

    view: ServerView
    job: Job | None = None
    marked: bool = False
    watched: bool = False


def job_of_each(jobs: Iterable[Job]) -> dict[int, Job]:
    """The job to show for each server: the newest that has not ended, or else the newest."""
    chosen: dict[int, Job] = {}
    for job in jobs:
        before = chosen.get(job.server_id)
        if before is None or before.state.ended or not job.state.ended:
            chosen[job.server_id] = job
    return chosen


def jobs_of(jobs: Iterable[Job], server_ids: Iterable[int] | None) -> list[Job]:
    """The jobs of these servers, or of all."""
    wanted = None if server_ids is None else set(server_ids)
    return [job for job in jobs if wanted is None or job.server_id in wanted]
