"""`hsnap-tui snapshots delete`: looked at, asked about, written to the journal, deleted.

Nothing is deleted unless all that was named may be; after that one failure keeps the rest going.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hsnap_tui.cloud.api import CloudApi, Priority
from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.cloud.model import Snapshot
from hsnap_tui.common import formatting
from hsnap_tui.common.clock import Clock
from hsnap_tui.headless import snapshot_table
from hsnap_tui.headless.asking import end_without_access, with_retries
from hsnap_tui.headless.batch import follow_batch
from hsnap_tui.headless.ending import end
from hsnap_tui.headless.exit_codes import ExitCode
from hsnap_tui.headless.report import Report
from hsnap_tui.headless.run import Interrupts, LeftEarlyError, NoAccessError, running, wait_ready
from hsnap_tui.jobs.core.delete_snapshot import DeleteRequest, DeleteTarget
from hsnap_tui.jobs.interface import RefusedError
from hsnap_tui.messages.deletion_messages import name_of
from hsnap_tui.session.session import Session

NOTHING = "Nothing was deleted"


@dataclass(frozen=True, slots=True)
class DeleteCommand:
    """The arguments of `hsnap-tui snapshots delete`. `network_wait`: seconds for which the network is tried at the
    start.

    `confirm` asks the user and returns the answer; it is None with `--yes`.
    """

    image_ids: tuple[int, ...]
    network_wait: float
    timeout: timedelta | None = None
    dry_run: bool = False
    confirm: Callable[[], Awaitable[bool]] | None = None


class MayNotError(Exception):
    """Some of the named snapshots don't exist or may not be deleted. The text names each; `code` is the exit code."""

    def __init__(self, text: str, code: ExitCode) -> None:
        super().__init__(text)
        self.code = code


async def choose(
    cloud: CloudApi, clock: Clock, command: DeleteCommand, report: Report
) -> tuple[Snapshot, ...] | ExitCode:
    """The snapshots to delete, checked and confirmed; or the exit code when nothing is to be deleted."""
    limit = None if command.timeout is None else command.timeout.total_seconds()
    try:
        async with asyncio.timeout(limit):
            found = await _looked_at(cloud, clock, command)
            if command.dry_run:
                return _tell_plan(found, clock.now(), report)
            if command.confirm is None or await _agreed(found, clock.now(), command.confirm, report):
                return found
            return end(report, ExitCode.UNFINISHED, f"{NOTHING}.")
    except CloudError as error:
        return end_without_access(error, report, NOTHING)
    except MayNotError as error:
        return end(report, error.code, str(error))
    except TimeoutError:
        return end(report, ExitCode.UNFINISHED, f"{NOTHING}: the time of --timeout was over.")
    except asyncio.CancelledError:
        end(report, ExitCode.UNFINISHED, f"{NOTHING}: interrupted.")
        raise


async def delete(
    session: Session, chosen: Sequence[Snapshot], report: Report, interrupts: Interrupts, network_wait: float
) -> ExitCode:
    """Deletes the snapshots; returns the exit code."""
    async with running(session, report):
        try:
            await wait_ready(session, session.listed, interrupts, network_wait)
            await wait_ready(session, session.jobs.ready.wait, interrupts, network_wait)
            batch = await session.jobs.submit(DeleteRequest(tuple(map(_target, chosen))))
        except (NoAccessError, LeftEarlyError) as error:
            code = ExitCode.NO_ACCESS if isinstance(error, NoAccessError) else ExitCode.UNFINISHED
            return end(report, code, str(error))
        except RefusedError as error:
            return end(report, ExitCode.UNFINISHED, f"{NOTHING}: {error}")
        return await follow_batch(session, report, interrupts, batch, network_wait)


async def _looked_at(cloud: CloudApi, clock: Clock, command: DeleteCommand) -> tuple[Snapshot, ...]:
    """The snapshots of these IDs. Raises `MayNotError`, and `CloudError`."""
    listed = await with_retries(lambda: cloud.list_snapshots(Priority.KEYPRESS), clock, command.network_wait)
    known = {snapshot.id: snapshot for snapshot in listed}
    missing: list[str] = []
    refused: list[str] = []
    found: list[Snapshot] = []
    for image_id in dict.fromkeys(command.image_ids):
        snapshot = known.get(image_id)
        if snapshot is None:
            what = await _what_else(cloud, clock, image_id, command.network_wait)
            (refused if what else missing).append(what or f"image {image_id} does not exist")
        elif snapshot.delete_protected:
            refused.append(f"{_name(snapshot)} is protected from deletion")
        else:
            found.append(snapshot)
    if missing or refused:
        code = ExitCode.USAGE if refused else ExitCode.NOTHING_MATCHED
        raise MayNotError(f"{NOTHING}: {'; '.join([*refused, *missing])}.", code)
    return tuple(found)


async def _what_else(cloud: CloudApi, clock: Clock, image_id: int, network_wait: float) -> str:
    """Why an image that is not among the snapshots is not deleted; empty where there is no such image."""
    try:
        image = await with_retries(lambda: cloud.get_image(image_id, Priority.KEYPRESS), clock, network_wait)
    except CloudError as error:
        if error.kind is ErrorKind.NOT_FOUND:
            return ""
        raise
    if image.type == "snapshot":
        return f"snapshot {image_id} has just been made; look at it first"
    kind = {"backup": "a backup", "system": "a system image of Hetzner's", "app": "an app image of Hetzner's"}
    named = f" ({image.description})" if image.description else ""
    return f"image {image_id}{named} is {kind.get(image.type, f'of type {image.type}')}, not a snapshot"


async def _agreed(
    found: Sequence[Snapshot], now: datetime, confirm: Callable[[], Awaitable[bool]], report: Report
) -> bool:
    report.close()
    those = "This snapshot" if len(found) == 1 else f"These {len(found):,} snapshots"
    heading, *rows = snapshot_table.lines(found, now)
    for line in (f"{those} will be deleted, which can't be undone:", heading, *rows):
        report.write_text(line)
    report.write_text("Delete? Type yes and press enter; anything else deletes nothing.")
    return await confirm()


def _tell_plan(found: Sequence[Snapshot], now: datetime, report: Report) -> ExitCode:
    for snapshot in found:
        size = f", {formatting.gigabytes(snapshot.image_size)}" if snapshot.image_size else ""
        age = formatting.short(now - snapshot.created)
        told = f"{_name(snapshot)}: would be deleted{size}, {age} old, described as “{snapshot.description}”"
        report.write_either(told, snapshot_table.as_record(snapshot, None, "would_delete"))
    return end(report, ExitCode.DONE, f"{formatting.count(len(found), 'snapshot')}; nothing was sent (--dry-run).")


def _name(snapshot: Snapshot) -> str:
    return name_of(snapshot.id, snapshot.server_name, snapshot.created)


def _target(snapshot: Snapshot) -> DeleteTarget:
    return DeleteTarget(snapshot.id, _name(snapshot), snapshot.description)
