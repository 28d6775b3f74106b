"""The JSON lines that other programs read: one object a line, with the version of the format in `v`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hsnap_tui.events import (
    BatchEnded,
    BatchQueued,
    ConnectionLost,
    ConnectionRestored,
    Event,
    Failure,
    FleetUpdated,
    JobEvent,
    LeaderResponds,
    LeaderStalled,
    LockCleared,
    LockTaken,
    Notice,
    RoleChanged,
    SendingHalted,
    SendingResumed,
    ServerAppeared,
    ServerChanged,
    ServerGone,
    WatchEnded,
)
from hsnap_tui.headless.json_schema import JSON_VERSION
from hsnap_tui.jobs.core.model import Job
from hsnap_tui.jobs.store.codec import to_plain
from hsnap_tui.jobs.store.journal import Batch

_NAMES: dict[type[Event], str] = {
    BatchQueued: "batch_queued",
    BatchEnded: "batch_ended",
    ConnectionLost: "connection_lost",
    ConnectionRestored: "connection_restored",
    SendingHalted: "sending_halted",
    SendingResumed: "sending_resumed",
    RoleChanged: "role_changed",
    LeaderStalled: "leader_stalled",
    LeaderResponds: "leader_responds",
    Notice: "notice",
}
_OF_THE_FLEET = (FleetUpdated, ServerAppeared, ServerChanged, ServerGone, LockTaken, LockCleared, WatchEnded)


def about_jobs(event: Event) -> bool:
    """Whether commands without a screen tell this event: they leave out what happens to servers without our doing."""
    return not isinstance(event, _OF_THE_FLEET)


def record(name: str, **fields: Any) -> dict[str, Any]:
    """A record of any name with these fields."""
    return {"v": JSON_VERSION, "event": name, **fields}


def of_event(event: Event) -> dict[str, Any]:
    """The record of an event."""
    if isinstance(event, ConnectionLost):
        failure = to_plain(Failure.of(event.error))
        return record("connection_lost", at=event.at.isoformat(), project=event.project, failure=failure)
    plain = to_plain(event)
    if isinstance(event, JobEvent | BatchQueued):
        plain.pop("job_kind", None)
        name = plain.pop("kind") if isinstance(event, JobEvent) else _NAMES[type(event)]
        return record(name, **_about_what(plain), kind=event.job_kind)
    return record(_NAMES[type(event)], **plain)


def _about_what(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields without a server where there is none, as with the deletion of a snapshot: `image_id` tells which."""
    if fields.get("server_id") != 0:
        return fields
    return {name: value for name, value in fields.items() if name not in ("server_id", "server_name")}


def of_batch(batch: Batch) -> dict[str, Any]:
    """The record of a batch in the journal."""
    of_project = {"project": batch.jobs[0].project} if batch.jobs else {}
    kind = {"kind": batch.jobs[0].kind} if batch.jobs else {}
    return record("batch", at=batch.created.isoformat(), **of_project, batch=batch.id, jobs=len(batch.jobs), **kind)


def of_job(job: Job, now: datetime) -> dict[str, Any]:
    """The record of a job in the journal."""
    known = {
        "hold": job.hold and job.hold.value,
        "failure": job.failure and to_plain(job.failure),
        "image_id": job.image_id,
        "size": job.size,
        "ended": job.ended and job.ended.isoformat(),
    }
    return record(
        "job",
        project=job.project,
        batch=job.batch,
        job=job.id,
        kind=job.kind,
        **_about_what({"server_id": job.server_id, "server_name": job.server_name}),
        description=job.description,
        state=job.state.value,
        percent=job.percent,
        created=job.created.isoformat(),
        seconds=((job.ended or now) - job.created).total_seconds(),
        **{name: value for name, value in known.items() if value is not None},
    )
