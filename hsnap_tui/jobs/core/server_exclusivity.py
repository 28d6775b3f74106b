"""Jobs of ours that want the same server take turns (pure).

Two batches may ask for the same server. The lock tells them apart while a snapshot is being made, but not between a
shutdown and its snapshot, nor before the server is powered on again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hsnap_tui.jobs.core.kinds import kind_of
from hsnap_tui.jobs.core.model import Job, Phase, Power
from hsnap_tui.jobs.core.observations import ServerSeen


def sharing(jobs: Iterable[Job]) -> Mapping[int, tuple[str, ...]]:
    """The IDs of these jobs by server, where there are several."""
    found: dict[int, tuple[str, ...]] = {}
    for job in jobs:
        if kind_of(job).takes_turns:
            found[job.server_id] = (*found.get(job.server_id, ()), job.id)
    return {server_id: ids for server_id, ids in found.items() if len(ids) > 1}


def must_wait(job: Job, seen: ServerSeen, others: Iterable[Job]) -> bool:
    """Whether the job may not begin yet though its server seems free, because one of the others is at work on it."""
    begun = job.power is not Power.NONE or job.main_request.phase is not Phase.READY
    if begun or seen.server is None or seen.server.locked:
        return False
    return any(_at_work(other, seen) for other in others if other.id != job.id)


def _at_work(job: Job, seen: ServerSeen) -> bool:
    if job.resting:
        return False
    if job.power is Power.RESTORE_PENDING or job.main_request.phase in (Phase.SENT, Phase.OUTCOME_UNKNOWN):
        return True
    fresh_after = job.fresh_after
    return job.main_request.phase is Phase.ACCEPTED and fresh_after is not None and seen.started < fresh_after
