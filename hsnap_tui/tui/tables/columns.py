"""The table's columns as data, and which of them a terminal has room for (pure)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len, set_cell_size

from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.common import formatting
from hsnap_tui.jobs.core.model import Job, JobState, Power
from hsnap_tui.tui.tables.rows import Row
from hsnap_tui.tui.theming.palette import Cell, Palette


@dataclass(frozen=True, slots=True)
class RenderContext:
    """What a cell needs beside its row: room in terminal cells, the present, and colours."""

    width: int
    now: datetime
    palette: Palette


@dataclass(frozen=True, slots=True)
class Column:
    """A column; widths in terminal cells without the gap.

    Those of rank 0 are always there, at least `least` wide. Others come in the order of `rank` when all before
    them are `comfortable`. What is left over goes to those that use it, up to `most`, by `turn`.
    """

    key: str
    title: str
    least: int
    comfortable: int
    rank: int
    cell: Callable[[Row, RenderContext], Cell]
    most: int = 0
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Placed:
    """A column with the width it got."""

    column: Column
    width: int


GAP = 1


def layout(width: int) -> tuple[Placed, ...]:
    """The columns for a table of that many terminal cells, in their order, each followed by a gap."""
    widths = {column.key: column.least for column in COLUMNS if column.rank == 0}
    spare = width - sum(widths.values()) - GAP * len(widths)

    def grow(goal: Callable[[Column], int]) -> None:
        nonlocal spare
        for column in sorted(COLUMNS, key=lambda column: column.turn):
            if column.key in widths:
                more = max(0, min(spare, goal(column) - widths[column.key]))
                widths[column.key] += more
                spare -= more

    grow(lambda column: column.comfortable)
    for column in sorted(COLUMNS, key=lambda column: column.rank):
        if column.rank and spare < column.comfortable + GAP:
            break
        if column.rank:
            widths[column.key] = column.comfortable
            spare -= column.comfortable + GAP
    grow(lambda column: column.most)
    return tuple(Placed(column, widths[column.key]) for column in COLUMNS if column.key in widths)


def cells(row: Row, placed: tuple[Placed, ...], now: datetime, palette: Palette) -> tuple[Cell, ...]:
    """All cells of a row."""
    return tuple(
        _clip(place.column.cell(row, RenderContext(place.width, now, palette)), place.width) for place in placed
    )


def _clip(cell: Cell, width: int) -> Cell:
    if sum(cell_len(part) for part, _ in cell) <= width:
        return cell
    room, kept = width - 1, []
    for part, style in cell:
        if cell_len(part) >= room:
            kept.append((set_cell_size(part, room).rstrip() + "…", style))
            break
        kept.append((part, style))
        room -= cell_len(part)
    return tuple(kept)


# -- cells -----------------------------------------------------------------------------------------------------


def _mark(row: Row, ink: RenderContext) -> Cell:
    return (("●" if row.marked else " ", ink.palette.accent), ("w" if row.watched else " ", ink.palette.warning))


def _name(row: Row, ink: RenderContext) -> Cell:
    return ((row.view.server.name, f"bold {ink.palette.accent}" if row.marked else "bold"),)


def _status(row: Row, ink: RenderContext) -> Cell:
    status = row.view.server.status
    style = {ServerStatus.RUNNING: ink.palette.good, ServerStatus.OFF: ink.palette.quiet}.get(status)
    return ((status.value, ink.palette.warning if style is None else style),)


def _lock(row: Row, ink: RenderContext) -> Cell:
    view = row.view
    if not view.server.locked:
        return (("–", ink.palette.quiet),)
    since = f" {formatting.short(ink.now - view.locked_since)}" if view.locked_since else ""
    percent = f" {view.lock_holder.progress} %" if view.lock_holder else ""
    what = view.lock_holder.command if view.lock_holder else "holder not listed"
    room = ink.width - len(percent) - len(since)
    if cell_len(what) > room:
        what = set_cell_size(what, max(1, room - 1)) + "…"
    return ((what + percent, ink.palette.warning), (since, ink.palette.quiet))


def _job(row: Row, ink: RenderContext) -> Cell:
    return job_cell(row.job, ink) if row.job else ()


def job_cell(job: Job, ink: RenderContext) -> Cell:
    """Where a job stands: a bar while the snapshot is made, words otherwise."""
    p = ink.palette
    if job.state is JobState.CREATING:
        size = max(4, min(8, ink.width - 6))
        return (*bar(job.percent, size, p), (f" {job.percent:>2} %", ""))
    if job.state is JobState.WAITING:
        since = f" {formatting.short(ink.now - job.waiting_since)}" if job.waiting_since else ""
        return ((f"waits{since}", p.warning),)
    if job.state.ended and job.power is Power.WATCHED:
        return (("✗ watched", p.warning),)
    word, style = {
        JobState.QUEUED: ("queued", p.quiet),
        JobState.SHUTTING_DOWN: ("shutting down", p.warning),
        JobState.REQUESTING: ("sending", p.accent),
        JobState.CHECKING: ("looking it up", p.warning),
        JobState.POWERING_ON: ("powering on", p.warning),
        JobState.NEEDS_APPROVAL: ("held: y or c", p.warning),
        JobState.UNKNOWN: ("? unknown", p.bad),
        JobState.DONE: ("✓ done", p.good),
        JobState.FAILED: ("✗ failed", p.bad),
        JobState.SKIPPED: ("– skipped", p.quiet),
        JobState.CANCELLED: ("– cancelled", p.quiet),
    }[job.state]
    return ((word, style),)


def bar(percent: int, size: int, palette: Palette) -> Cell:
    """A progress bar of `size` terminal cells."""
    full = max(0, min(size, round(size * percent / 100)))
    return (("█" * full, palette.accent), ("░" * (size - full), palette.quiet))


def _newest(row: Row, ink: RenderContext) -> Cell:
    view = row.view
    if not view.snapshots:
        return (("none", ink.palette.quiet),)
    when = formatting.age(view.newest_snapshot, ink.now) if view.newest_snapshot else "being made"
    return ((when, ""), (f" · {view.snapshots}", ink.palette.quiet))


def _labels(row: Row, ink: RenderContext) -> Cell:
    labels = row.view.server.labels
    return ((" ".join(f"{key}={value}" if value else key for key, value in labels.items()), ink.palette.quiet),)


def _address(row: Row, ink: RenderContext) -> Cell:
    address = row.view.server.address
    return ((address, "") if address else ("none", ink.palette.quiet),)


COLUMNS: tuple[Column, ...] = (
    Column("mark", "", 2, 2, 0, _mark),
    Column("name", "Name", 16, 24, 0, _name, most=46, turn=1),
    Column("status", "Status", 8, 9, 0, _status, most=12),
    Column("lock", "Lock", 15, 22, 0, _lock, most=24),
    Column("job", "Job", 11, 13, 0, _job, most=15),
    Column("type", "Type", 5, 6, 3, lambda row, _ink: ((row.view.server.type, ""),)),
    Column("location", "Loc", 4, 4, 4, lambda row, _ink: ((row.view.server.location, ""),)),
    Column("ip", "IP", 15, 15, 2, _address, most=24, turn=2),
    Column("snapshots", "Newest snapshot", 15, 15, 1, _newest),
    Column("labels", "Labels", 12, 14, 6, _labels, most=60, turn=3),
    Column("id", "ID", 9, 10, 5, lambda row, ink: ((str(row.view.server.id), ink.palette.quiet),)),
)
"""In the order of the screen."""
