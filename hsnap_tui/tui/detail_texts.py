"""One server in words, for the details screen (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.table import Table
from rich.text import Text

from hsnap_tui.cloud.model import Action, ActionStatus, Server, Snapshot
from hsnap_tui.common import formatting
from hsnap_tui.fleet.state import ServerView
from hsnap_tui.jobs.core.model import Job, JobState, Power
from hsnap_tui.messages.job_messages import explain, hold_in_words, snapshot_in_words
from hsnap_tui.tui.tables.columns import RenderContext, job_cell
from hsnap_tui.tui.theming.palette import Palette, text


@dataclass(frozen=True, slots=True)
class Pen:
    """The present and the colours."""

    now: datetime
    palette: Palette


def facts(server: Server, pen: Pen) -> Table:
    """What the server is."""
    volumes = (
        f"{formatting.count(len(server.volumes), 'volume')} attached, not in snapshots" if server.volumes else "none"
    )
    protected = [
        word for word, on in (("delete", server.delete_protected), ("rebuild", server.rebuild_protected)) if on
    ]
    labels = " ".join(f"{key}={value}" for key, value in server.labels.items())
    return _pairs(
        (
            ("Status", server.status.value),
            ("ID", str(server.id)),
            ("Type", f"{server.type} ({server.architecture}, {server.disk} GB disk)"),
            ("Location", server.location),
            ("IPv4", server.ipv4 or "none"),
            ("IPv6", server.ipv6 or "none"),
            ("Volumes", volumes),
            ("Protection", " and ".join(protected) or "none"),
            ("Labels", labels or "none"),
            ("Created", f"{formatting.date_time(server.created)}, {formatting.age(server.created, pen.now)} ago"),
        ),
        pen,
    )


def lock(view: ServerView, watched: bool, pen: Pen) -> Text:
    """Which action holds the lock, since when, how far."""
    seen = formatting.age(view.seen, pen.now)
    if not view.server.locked:
        return Text.assemble(("Not locked", pen.palette.good), f" when last seen, {seen} ago.")
    since = f", for {formatting.age(view.locked_since, pen.now)}" if view.locked_since else ""
    watch = " It is watched: the bell rings when the lock clears." if watched else ""
    if view.lock_holder is None:
        told = f"{since}. Hetzner lists no action that holds the lock, so there is no percent to show.{watch}"
        return Text.assemble(("Locked, holder not listed", pen.palette.warning), told)
    held = view.lock_holder
    return Text.assemble(
        (f"Locked by {held.command}", pen.palette.warning), f", {held.progress} %{since}; action {held.id}.{watch}"
    )


def jobs(found: Sequence[Job], pen: Pen) -> Table:
    """One server's jobs with description, size, downtime, and failures in full."""
    table = _table("Started", "Stands", "Description", "Outcome", pen=pen)
    for job in found:
        table.add_row(
            Text(f"{formatting.age(job.created, pen.now)} ago"),
            _stands(job, pen),
            Text(job.description),
            _end(job, pen),
        )
    return table


def batch(found: Sequence[Job], pen: Pen) -> Table:
    """A batch's jobs with their servers, size, downtime, and failures in full."""
    table = _table("Server", "Stands", "Outcome", pen=pen)
    for job in found:
        table.add_row(Text(job.server_name, "bold"), _stands(job, pen), _end(job, pen))
    return table


def snapshots(found: Sequence[Snapshot], pen: Pen) -> Table:
    """The server's snapshots, newest first."""
    table = _table("ID", "Age", "Size", "Description", pen=pen)
    for snapshot in sorted(found, key=lambda snapshot: snapshot.created, reverse=True):
        size = formatting.gigabytes(snapshot.image_size) if snapshot.image_size else snapshot.status.value
        guarded = " (protected)" if snapshot.delete_protected else ""
        age = formatting.age(snapshot.created, pen.now)
        table.add_row(Text(str(snapshot.id)), Text(age), Text(size), Text(snapshot.description + guarded))
    return table


def actions(found: Iterable[Action], pen: Pen) -> Table:
    """Recent actions with durations and errors, newest first."""
    table = _table("Action", "Started", "Took", "Result", pen=pen)
    for action in found:
        started = f"{formatting.age(action.started, pen.now)} ago"
        ended = action.finished or pen.now
        took = formatting.exactly((ended - action.started).total_seconds())
        result = {
            ActionStatus.RUNNING: Text(f"running, {action.progress} %", pen.palette.warning),
            ActionStatus.SUCCESS: Text("✓ success", pen.palette.good),
            ActionStatus.ERROR: Text(f"✗ {_error(action)}", pen.palette.bad),
        }[action.status]
        table.add_row(Text(action.command), Text(started), Text(took), result)
    return table


def _error(action: Action) -> str:
    message = action.error_message or "error"
    return f"{message} ({action.error_code})" if action.error_code else message


def _stands(job: Job, pen: Pen) -> Text:
    return text(job_cell(job, RenderContext(15, pen.now, pen.palette)))


def _end(job: Job, pen: Pen) -> Text:
    told = []
    if job.state is JobState.NEEDS_APPROVAL:
        told.append(f"held: {hold_in_words(job.hold)}")
    made = snapshot_in_words(job)
    if made:
        told.append(made)
    if made and job.size:
        told.append(formatting.gigabytes(job.size))
    if job.downtime:
        told.append(f"off for {formatting.exactly(job.downtime.total_seconds())}")
    if job.failure:
        told.append(explain(job.failure))
    if job.state.ended and job.power is Power.WATCHED:
        told.append("may still shut down: watched, and powered on if it does")
    end = job.ended or pen.now
    told.append(f"{'took' if job.ended else 'for'} {formatting.exactly((end - job.created).total_seconds())}")
    return Text(", ".join(told))


def _pairs(pairs: Iterable[tuple[str, str]], pen: Pen) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(width=10, style=pen.palette.quiet)
    table.add_column(overflow="fold")
    for title, value in pairs:
        table.add_row(Text(title), Text(value))
    return table


def _table(*titles: str, pen: Pen) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style=pen.palette.quiet, expand=False)
    for title in titles:
        table.add_column(Text(title), overflow="fold", no_wrap=title in ("ID", "Age", "Size", "Started", "Job"))
    return table
