"""What happened to a job, as the event that tells it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hsnap_tui.events import JobEvent, JobEventKind
from hsnap_tui.jobs.core.model import Job


def milestone(job: Job, at: datetime, kind: JobEventKind, **fields: Any) -> JobEvent:
    """The event; about another object than a server, it always names the image that the job is about."""
    if not job.server_id:
        fields.setdefault("image_id", job.image_id)
    return JobEvent(
        at,
        job.project,
        kind,
        job.batch,
        job.id,
        job.server_id,
        job.server_name,
        job_kind=job.kind,
        **fields,
    )
