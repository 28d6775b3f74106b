"""The kind of job that makes a snapshot of a server: what it sends and looks up."""

from __future__ import annotations

from hsnap_tui.cloud.api import CloudApi
from hsnap_tui.jobs.core.job_kind import JobKind, LookUpTools
from hsnap_tui.jobs.core.model import JOB_LABEL, RequestKind, SnapshotJob
from hsnap_tui.jobs.core.observations import LookedUp, RequestAccepted
from hsnap_tui.jobs.core.request_priority import priority_of
from hsnap_tui.jobs.core.snapshot.machine import step
from hsnap_tui.jobs.core.snapshot.polling import known_observations, observations_for, poll_targets
from hsnap_tui.jobs.core.snapshot.resume import resume


async def send(job: SnapshotJob, request_kind: RequestKind, cloud: CloudApi) -> RequestAccepted:
    """Sends a request of the job, once. Raises `CloudError`."""
    priority = priority_of(job, request_kind)
    match request_kind:
        case RequestKind.CREATE_IMAGE:
            labels = {**job.options.labels, JOB_LABEL: job.id}
            made = await cloud.create_snapshot(job.server_id, job.description, labels, priority)
            return RequestAccepted(request_kind, made.action, made.snapshot)
        case RequestKind.SHUTDOWN:
            return RequestAccepted(request_kind, await cloud.shutdown(job.server_id, priority))
        case RequestKind.POWER_OFF:
            return RequestAccepted(request_kind, await cloud.power_off(job.server_id, priority))
        case RequestKind.POWER_ON:
            return RequestAccepted(request_kind, await cloud.power_on(job.server_id, priority))
        case _:
            raise ValueError(f"a snapshot job sends no {request_kind}")


async def look_up(job: SnapshotJob, request_kind: RequestKind, tools: LookUpTools) -> LookedUp:
    """What the server, its newest actions and the snapshots with the job's label say. Raises `CloudError`."""
    return await tools.about_server(job, request_kind)


SNAPSHOT = JobKind(
    SnapshotJob,
    step=step,
    resume=lambda job, context, own: resume(job, context, own=own),
    send=send,
    look_up=look_up,
    route_fails="Hetzner takes no snapshots at the moment: several servers in a row got no usable answer. One server "
    "at a time tries it; the others continue as soon as it works.",
    route_works="Hetzner takes snapshots again: the others continue.",
    poll_targets=poll_targets,
    observations_for=observations_for,
    known_observations=known_observations,
    takes_turns=True,
)
