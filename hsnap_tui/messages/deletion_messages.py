"""The words of jobs that delete a snapshot."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.common import formatting
from hsnap_tui.events import JobEvent
from hsnap_tui.events import JobEventKind as Kind
from hsnap_tui.jobs.core.delete_snapshot import GONE_ALREADY, NO_SNAPSHOT, DeleteSnapshotJob
from hsnap_tui.jobs.core.model import Job, JobState
from hsnap_tui.messages.failures import because, explain
from hsnap_tui.messages.kind_messages import KindMessages

KIND = DeleteSnapshotJob.kind


def name_of(image_id: int, server_name: str | None, created: datetime) -> str:
    """What a snapshot is called in sentences: `snapshot 1234 (web-1 2026-07-11)`."""
    return f"snapshot {image_id} ({server_name or 'no server'} {formatting.date_time(created)[:10]})"


def _failed(event: JobEvent) -> str:
    failure = event.failure
    if failure is None:
        return "not deleted"
    if failure.kind == ErrorKind.PROTECTED:
        return f"protected: not deleted. {failure.advice}".strip()
    if failure.kind == NO_SNAPSHOT:
        return f"not deleted: {failure.message}"
    return f"not deleted: {explain(failure)}"


def _unknown(event: JobEvent) -> str:
    why = f" ({event.failure.message})" if event.failure else ""
    return f"no answer{why}: checking whether the snapshot is gone before anything is sent again"


def _resumed(event: JobEvent) -> str:
    if event.note == "queued":
        return "resumed: left by an earlier run, starts now"
    return "resumed: an earlier run was interrupted while it deleted it; checking whether it is gone"


def _state(job: Job) -> str | None:
    if isinstance(job, DeleteSnapshotJob) and job.gone_already:
        return GONE_ALREADY
    return {JobState.REQUESTING: "deleting", JobState.DONE: "deleted"}.get(job.state)


def _always(text: str) -> Callable[[JobEvent], str]:
    return lambda _event: text


MESSAGES = KindMessages(
    noun="deletion",
    subject="Snapshot",
    at_quit="Deletions that were sent are looked up by hsnap-tui resume, which finishes the rest.",
    under_way_at_quit=("under way is looked up at the next start", "under way are looked up at the next start"),
    milestones={
        Kind.QUEUED: _always("deletion queued"),
        Kind.REQUESTING: _always("deleting"),
        Kind.OUTCOME_UNKNOWN: _unknown,
        Kind.NOT_FOUND: _always("checked: it is still there, it is deleted again"),
        Kind.RETRYING: lambda e: f"not deleted yet, retrying: {e.failure.message}" if e.failure else "retrying",
        Kind.RESUMED: _resumed,
        Kind.UNKNOWN: lambda e: because("unknown whether the snapshot is gone: look, then retry or cancel", e),
        Kind.DONE: lambda e: e.note or "deleted",
        Kind.FAILED: _failed,
        Kind.CANCELLED: _always("cancelled: not deleted"),
    },
    state=_state,
    destroys="This deletes, and that can't be undone",
)
