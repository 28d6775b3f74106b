"""The columns of the table of servers as data, and which of them fit into a width (pure)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len, set_cell_size

from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.common import formatting
from hsnap_tui.jobs.core.model import Job, JobState, Power
from hsnap_tui.messages import terms
from hsnap_tui.messages.job_messages import state_in_words
from hsnap_tui.tui.tables.rows import Row
from hsnap_tui.tui.theming.palette import Cell, Palette


@dataclass(frozen=True, slots=True)
class RenderContext:
    """What a cell's text depends on besides its row: the width in terminal cells, the current time, the colours."""

    width: int
    now: datetime
    palette: Palette


@dataclass(frozen=True, slots=True)
class Column:
    """A column. Widths are in terminal cells, without the gap to the next column.

    Columns of rank 0 are always shown, at least `min_width` wide. Others are added in the order of `rank` while they
    and all before them get their `preferred_width`. Columns then grow to `max_width`, in the order of `growth_order`.
    """

    key: str
    title: str
    min_width: int
    preferred_width: int
    rank: int
    cell: Callable[[Row, RenderContext], Cell]
    max_width: int = 0
    growth_order: int = 0


@dataclass(frozen=True, slots=True)
class PlacedColumn:
    """A column with its width on this terminal."""

    column: Column
    width: int


GAP = 1


def layout(width: int) -> tuple[PlacedColumn, ...]:
    """The columns that fit into a table of `width` terminal cells, each followed by a gap."""
    widths = {column.key: column.min_width for column in COLUMNS if column.rank == 0}
    spare = width - sum(widths.values()) - GAP * len(widths)

    def grow(goal: Callable[[Column], int]) -> None:
        nonlocal spare
        for column in sorted(COLUMNS, key=lambda column: column.growth_order):
            if column.key in widths:
                more = max(0, min(spare, goal(column) - widths[column.key]))
                widths[column.key] += more
                spare -= more

    grow(lambda column: column.preferred_width)
    for column in sorted(COLUMNS, key=lambda column: column.rank):
        if column.rank and spare < column.preferred_width + GAP:
            break
        if column.rank:
            widths[column.key] = column.preferred_width
            spare -= column.preferred_width + GAP
    grow(lambda column: column.max_width)
    return tuple(PlacedColumn(column, widths[column.key]) for column in COLUMNS if column.key in widths)


def cells(row: Row, placed: tuple[PlacedColumn, ...], now: datetime, palette: Palette) -> tuple[Cell, ...]:
    """All cells of a row, cut to the widths of their columns."""
    return tuple(
        _clip(place.column.cell(row, RenderContext(place.width, now, palette)), place.width) for place in placed
    )


def _clip(cell: Cell, width: int) -> Cell:
    if sum(cell_len(part) for part, _ in cell) <= width:
        return cell
    available, kept = width - 1, []
    for part, style in cell:
        if cell_len(part) >= available:
            kept.append((set_cell_size(part, available).rstrip() + "…", style))
            break
        kept.append((part, style))
        available -= cell_len(part)
    return tuple(kept)


# -- cells -----------------------------------------------------------------------------------------------------


def _selected(row: Row, context: RenderContext) -> Cell:
    return (
        ("●" if row.selected else " ", context.palette.accent),
        ("w" if row.watched else " ", context.palette.warning),
    )


def _name(row: Row, context: RenderContext) -> Cell:
    return ((row.view.server.name, f"bold {context.palette.accent}" if row.selected else "bold"),)


def _status(row: Row, context: RenderContext) -> Cell:
    status = row.view.server.status
    style = {ServerStatus.RUNNING: context.palette.good, ServerStatus.OFF: context.palette.quiet}.get(status)
    return ((status.value, context.palette.warning if style is None else style),)


def _lock(row: Row, context: RenderContext) -> Cell:
    view = row.view
    if not view.server.locked:
        return (("–", context.palette.quiet),)
    since = f" {formatting.short(context.now - view.locked_since)}" if view.locked_since else ""
    percent = f" {view.lock_holder.progress} %" if view.lock_holder else ""
    available = context.width - len(percent) - len(since)
    if view.lock_holder:
        what = view.lock_holder.command
    else:
        what = terms.LOCKED_CAUSE_UNKNOWN if len(terms.LOCKED_CAUSE_UNKNOWN) <= available else terms.CAUSE_UNKNOWN
    if cell_len(what) > available:
        what = set_cell_size(what, max(1, available - 1)) + "…"
    return ((what + percent, context.palette.warning), (since, context.palette.quiet))


def _job(row: Row, context: RenderContext) -> Cell:
    return job_cell(row.job, context) if row.job else ()


def job_cell(job: Job, context: RenderContext) -> Cell:
    """The state of a job: a progress bar while the snapshot is created, words otherwise."""
    palette = context.palette
    if job.state is JobState.CREATING:
        size = max(4, min(8, context.width - 6))
        return (*bar(job.percent, size, palette), (f" {job.percent:>2} %", ""))
    if job.state is JobState.WAITING:
        since = f" {formatting.short(context.now - job.waiting_since)}" if job.waiting_since else ""
        return ((f"{state_in_words(job)}{since}", palette.warning),)
    if job.state.ended and job.power is Power.WATCHED:
        return (("✗ watched", palette.warning),)
    if job.state is JobState.CHECKING:
        return ((_checking(job, context.now), palette.warning),)
    if job.state is JobState.NEEDS_APPROVAL:
        key = " (y)" if context.width >= len(terms.NEEDS_APPROVAL) + 4 else ""
        return ((f"{terms.NEEDS_APPROVAL}{key}", palette.warning),)
    sign, style = {
        JobState.QUEUED: ("", palette.quiet),
        JobState.SHUTTING_DOWN: ("", palette.warning),
        JobState.REQUESTING: ("", palette.accent),
        JobState.POWERING_ON: ("", palette.warning),
        JobState.UNKNOWN: ("? ", palette.bad),
        JobState.DONE: ("✓ ", palette.good),
        JobState.FAILED: ("✗ ", palette.bad),
        JobState.SKIPPED: ("– ", palette.quiet),
        JobState.CANCELLED: ("– ", palette.quiet),
    }[job.state]
    return ((f"{sign}{state_in_words(job)}", style),)


def _checking(job: Job, now: datetime) -> str:
    """For how long it is checked at most whether a lost request took effect."""
    until = job.main_request.unknown_until
    left = f" {formatting.short(until - now)}" if until and until > now else ""
    return f"{state_in_words(job)}{left}"


def bar(percent: int, size: int, palette: Palette) -> Cell:
    """A progress bar of `size` terminal cells."""
    full = max(0, min(size, round(size * percent / 100)))
    return (("█" * full, palette.accent), ("░" * (size - full), palette.quiet))


def _newest(row: Row, context: RenderContext) -> Cell:
    view = row.view
    if not view.snapshots:
        return (("none", context.palette.quiet),)
    when = formatting.short(context.now - view.newest_snapshot) if view.newest_snapshot else "creating"
    return ((when, ""), (f" ({view.snapshots})", context.palette.quiet))


def _labels(row: Row, context: RenderContext) -> Cell:
    labels = row.view.server.labels
    return ((" ".join(f"{key}={value}" if value else key for key, value in labels.items()), context.palette.quiet),)


def _address(row: Row, context: RenderContext) -> Cell:
    address = row.view.server.address
    return ((address, "") if address else ("none", context.palette.quiet),)


COLUMNS: tuple[Column, ...] = (
    Column("selected", "", 2, 2, 0, _selected),
    Column("name", "Name", 16, 24, 0, _name, max_width=46, growth_order=1),
    Column("status", "Status", 8, 9, 0, _status, max_width=12),
    Column("lock", "Lock", 15, 22, 0, _lock, max_width=24),
    Column("job", "Job", 14, 14, 0, _job, max_width=18, growth_order=4),
    Column("type", "Type", 5, 6, 3, lambda row, _context: ((row.view.server.type, ""),)),
    Column("location", "Loc", 4, 4, 4, lambda row, _context: ((row.view.server.location, ""),)),
    Column("ip", "IP", 15, 15, 2, _address, max_width=24, growth_order=2),
    Column("snapshots", "Newest snapshot", 15, 15, 1, _newest),
    Column("labels", "Labels", 12, 14, 6, _labels, max_width=60, growth_order=3),
    Column("id", "ID", 9, 10, 5, lambda row, context: ((str(row.view.server.id), context.palette.quiet),)),
)
"""From left to right."""
