"""What `--dry-run` tells about each server, as text and as a JSON record (pure)."""

from __future__ import annotations

from typing import Any

from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.fleet.state import ServerView
from hsnap_tui.headless import json_lines
from hsnap_tui.jobs.core.model import IfLocked, SnapshotOptions


def in_words(view: ServerView, options: SnapshotOptions) -> str:
    """What would happen to the server, as text."""
    if _skips(view, options):
        return "would be skipped: it is locked"
    steps = ["would wait for its lock"] if view.server.locked else []
    if _shuts_down(view, options):
        steps.append("would be shut down, and powered on as soon as its lock clears")
    steps.append("a snapshot would be made")
    return ", then ".join(steps)


def as_record(view: ServerView, options: SnapshotOptions, description: str) -> dict[str, Any]:
    """The same as a JSON record. It holds for the status and the lock that the server has now."""
    server, skips = view.server, _skips(view, options)
    return json_lines.record(
        "would_snapshot",
        project=server.project,
        server_id=server.id,
        server_name=server.name,
        status=server.status.value,
        locked=server.locked,
        description=description,
        would_skip=skips,
        would_wait=server.locked and not skips,
        would_shut_down=_shuts_down(view, options),
        would_power_on=_shuts_down(view, options),
    )


def _skips(view: ServerView, options: SnapshotOptions) -> bool:
    return view.server.locked and options.if_locked is IfLocked.SKIP


def _shuts_down(view: ServerView, options: SnapshotOptions) -> bool:
    return options.shut_down and view.server.status is ServerStatus.RUNNING and not _skips(view, options)
