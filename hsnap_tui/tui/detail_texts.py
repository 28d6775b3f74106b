"""The texts and tables of the details and batches screens (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.table import Table
from rich.text import Text

from hsnap_tui.cloud.model import Action, ActionStatus, Server, Snapshot
from hsnap_tui.common import formatting
from hsnap_tui.fleet.state import ServerView
from hsnap_tui.jobs.core.model import Job, JobState, Power
from hsnap_tui.messages import terms
from hsnap_tui.messages.failures import capital, explain
from hsnap_tui.messages.job_messages import approval_in_words, subject_in_words
from hsnap_tui.messages.snapshot_messages import snapshot_in_words
from hsnap_tui.tui.tables.columns import RenderContext, job_cell
from hsnap_tui.tui.theming.palette import Palette, text

_JOB_WIDTH = 18
"""Terminal cells for the state of a job."""


def render_context(now: datetime, palette: Palette) -> RenderContext:
    """The context for all tables of these screens."""
    return RenderContext(_JOB_WIDTH, now, palette)


def facts(server: Server, context: RenderContext) -> Table:
    """The server's own data: status, ID, type, location, addresses, volumes, protection, labels, age."""
    volumes = (
        f"{formatting.count(len(server.volumes), 'volume')} attached, not in snapshots" if server.volumes else "none"
    )
    protected = [
        word for word, on in (("delete", server.delete_protected), ("rebuild", server.rebuild_protected)) if on
    ]
    labels = " ".join(f"{key}={value}" for key, value in server.labels.items())
    return _facts_table(
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
            ("Created", f"{formatting.date_time(server.created)}, {_ago(server.created, context)}"),
        ),
        context,
    )


def lock(view: ServerView, watched: bool, context: RenderContext) -> Text:
    """Which action locks the server, since when, and its progress."""
    if not view.server.locked:
        return Text.assemble(("Not locked", context.palette.good), f" when last seen, {_ago(view.seen, context)}.")
    since = f", for {formatting.short(context.now - view.locked_since)}" if view.locked_since else ""
    watch = " It is watched: the bell rings when the lock clears." if watched else ""
    if view.lock_holder is None:
        parts = f"{since}. Hetzner lists no running action of this server, so there is no percent to show.{watch}"
        return Text.assemble((capital(terms.LOCKED_CAUSE_UNKNOWN), context.palette.warning), parts)
    lock_holder = view.lock_holder
    return Text.assemble(
        (f"Locked by {lock_holder.command}", context.palette.warning),
        f", {lock_holder.progress} %{since}; action {lock_holder.id}.{watch}",
    )


def jobs(items: Sequence[Job], context: RenderContext) -> Table:
    """The jobs of one server: state, description, size, downtime, and failures in full."""
    table = _table("Started", "Status", "Description", "Outcome", context=context)
    for job in items:
        table.add_row(
            Text(_ago(job.created, context)),
            _state_text(job, context),
            Text(job.description),
            _outcome_text(job, context),
        )
    return table


def batch(items: Sequence[Job], context: RenderContext) -> Table:
    """The jobs of a batch: server, state, size, downtime, and failures in full."""
    table = _table(subject_in_words(items), "Status", "Outcome", context=context)
    for job in items:
        table.add_row(Text(job.server_name, "bold"), _state_text(job, context), _outcome_text(job, context))
    return table


def snapshots(items: Sequence[Snapshot], context: RenderContext) -> Table:
    """The server's snapshots, newest first."""
    table = _table("ID", "Age", "Size", "Description", context=context)
    for snapshot in sorted(items, key=lambda snapshot: snapshot.created, reverse=True):
        size = formatting.gigabytes(snapshot.image_size) if snapshot.image_size else snapshot.status.value
        guarded = " (protected)" if snapshot.delete_protected else ""
        age = formatting.short(context.now - snapshot.created)
        table.add_row(Text(str(snapshot.id)), Text(age), Text(size), Text(snapshot.description + guarded))
    return table


def actions(items: Iterable[Action], context: RenderContext) -> Table:
    """Recent actions with durations and errors, in the given order."""
    table = _table("Action", "Started", "Took", "Result", context=context)
    for action in items:
        seconds = formatting.duration(((action.finished or context.now) - action.started).total_seconds())
        took = seconds if action.finished else f"running for {seconds}"
        result = {
            ActionStatus.RUNNING: Text(f"running, {action.progress} %", context.palette.warning),
            ActionStatus.SUCCESS: Text("✓ success", context.palette.good),
            ActionStatus.ERROR: Text(f"✗ {_error(action)}", context.palette.bad),
        }[action.status]
        table.add_row(Text(action.command), Text(_ago(action.started, context)), Text(took), result)
    return table


def _error(action: Action) -> str:
    message = action.error_message or "error"
    return f"{message} ({action.error_code})" if action.error_code else message


def _ago(then: datetime, context: RenderContext) -> str:
    return f"{formatting.short(context.now - then)} ago"


def _state_text(job: Job, context: RenderContext) -> Text:
    return text(job_cell(job, context))


def _outcome_text(job: Job, context: RenderContext) -> Text:
    parts = []
    if job.state is JobState.NEEDS_APPROVAL:
        parts.append(approval_in_words(job.hold))
    snapshot_text = snapshot_in_words(job)
    if snapshot_text:
        parts.append(snapshot_text)
    if snapshot_text and job.size:
        parts.append(formatting.gigabytes(job.size))
    if job.downtime:
        parts.append(f"off for {formatting.duration(job.downtime.total_seconds())}")
    if job.failure:
        parts.append(explain(job.failure))
    if job.state.ended and job.power is Power.WATCHED:
        parts.append("may still shut down: watched, and powered on if it does")
    seconds = formatting.duration(((job.ended or context.now) - job.created).total_seconds())
    parts.append(f"took {seconds}" if job.ended else f"{seconds} so far")
    return Text(", ".join(parts))


def _facts_table(pairs: Iterable[tuple[str, str]], context: RenderContext) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(width=10, style=context.palette.quiet)
    table.add_column(overflow="fold")
    for title, value in pairs:
        table.add_row(Text(title), Text(value))
    return table


def _table(*titles: str, context: RenderContext) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style=context.palette.quiet, expand=False)
    for title in titles:
        table.add_column(Text(title), overflow="fold", no_wrap=title in ("ID", "Age", "Size", "Started", "Job"))
    return table
