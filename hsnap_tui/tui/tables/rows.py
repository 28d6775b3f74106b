"""A row of the table: a server, its job, and whether it is selected and watched (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from hsnap_tui.cloud.model import ImageStatus, Snapshot
from hsnap_tui.fleet.state import Fleet, ServerView
from hsnap_tui.jobs.core.model import Job, SnapshotJob


@dataclass(frozen=True, slots=True)
class Row:
    """What a row shows."""

    view: ServerView
    job: Job | None = None
    selected: bool = False
    watched: bool = False


def own_unlisted_snapshot(job: Job, fleet: Fleet) -> Snapshot | None:
    """The snapshot that the job has made, until a list of snapshots requested later than that has arrived.

    None when there is no such snapshot, or the list has it already.
    """
    if not isinstance(job, SnapshotJob):
        return None
    done_at, listed_at = job.snapshot_done, fleet.snapshots_seen
    if done_at is None or job.image_id is None or (listed_at is not None and listed_at > done_at):
        return None
    listed = fleet.snapshots.get(job.image_id)
    if listed is not None and listed.status is ImageStatus.AVAILABLE:
        return None
    return Snapshot(
        project=job.project,
        id=job.image_id,
        description=job.description,
        status=ImageStatus.AVAILABLE,
        created=job.create_image.last_intent or done_at,
        image_size=job.size,
        server_id=job.server_id,
        server_name=job.server_name,
        labels=job.options.labels,
    )


def with_own_snapshot(view: ServerView, job: Job | None, fleet: Fleet) -> ServerView:
    """The view, with the snapshot of the job counted when the last list of snapshots does not have it yet."""
    snapshot = own_unlisted_snapshot(job, fleet) if job else None
    if snapshot is None:
        return view
    newest = max(snapshot.created, view.newest_snapshot or snapshot.created)
    return replace(view, newest_snapshot=newest, snapshots=view.snapshots + 1)


def jobs_by_server(jobs: Iterable[Job]) -> dict[int, Job]:
    """The job to show for each server ID: the newest that has not ended, or else the newest."""
    chosen: dict[int, Job] = {}
    for job in jobs:
        before = chosen.get(job.server_id)
        if before is None or before.state.ended or not job.state.ended:
            chosen[job.server_id] = job
    return chosen


def jobs_of(jobs: Iterable[Job], server_ids: Iterable[int] | None) -> list[Job]:
    """The jobs of these servers; of all servers when `server_ids` is None."""
    wanted = None if server_ids is None else set(server_ids)
    return [job for job in jobs if wanted is None or job.server_id in wanted]
