"""Jobs and events for tests of the journal."""

from __future__ import annotations

from datetime import UTC, datetime

from hsnap_tui.events import JobEvent, JobEventKind
from hsnap_tui.jobs.core.model import (
    SnapshotJob,
    SnapshotOptions,
)

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def job(number: int, batch: str = "b1", **changes: object) -> SnapshotJob:
    """A job of the server with that number."""
    base = {
        "id": f"job{number}",
        "batch": batch,
        "project": "p",
        "server_id": number,
        "server_name": f"sg{number}",
        "description": "d",
        "options": SnapshotOptions(),
        "created": NOW,
    }
    return SnapshotJob(**{**base, **changes})  # type: ignore[arg-type]


def event(of: SnapshotJob, kind: JobEventKind = JobEventKind.QUEUED) -> JobEvent:
    """An event of a job."""
    return JobEvent(NOW, of.project, kind, of.batch, of.id, of.server_id, of.server_name)
