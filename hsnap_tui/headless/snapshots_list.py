"""`hsnap-tui snapshots list`: lists the project's snapshots. It only reads, and needs no journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hsnap_tui.cloud.api import CloudApi, Priority
from hsnap_tui.cloud.errors import CloudError
from hsnap_tui.cloud.model import Server, Snapshot, StoragePrice
from hsnap_tui.common import formatting
from hsnap_tui.common.clock import Clock
from hsnap_tui.common.text import clean
from hsnap_tui.headless import snapshot_table
from hsnap_tui.headless.asking import end_without_access, with_retries
from hsnap_tui.headless.ending import end
from hsnap_tui.headless.exit_codes import ExitCode
from hsnap_tui.headless.report import Report
from hsnap_tui.headless.selection import BY_ID, BY_NAME, is_meant


@dataclass(frozen=True, slots=True)
class ListCommand:
    """Which snapshots are listed: those of servers by name or ID, and those with labels; all when neither is given.

    `network_wait` in seconds.
    """

    servers: tuple[str, ...]
    selector: str | None
    network_wait: float


async def list_snapshots(cloud: CloudApi, clock: Clock, command: ListCommand, report: Report) -> ExitCode:
    """Lists the snapshots, newest first; returns the exit code."""
    try:
        found = await with_retries(
            lambda: cloud.list_snapshots(Priority.KEYPRESS, command.selector), clock, command.network_wait
        )
        servers = (
            await with_retries(lambda: cloud.list_servers(Priority.KEYPRESS), clock, command.network_wait)
            if command.servers
            else ()
        )
    except CloudError as error:
        return end_without_access(error, report, "Nothing was listed")
    if unknown := [clean(name) for name in command.servers if not _is_known(name, servers, found)]:
        named = formatting.listed(unknown)
        text = f"Nothing was listed: there is no server, and no such snapshot of one, with the name or ID {named}."
        return end(report, ExitCode.NOTHING_MATCHED, text)
    if command.servers:
        found = [one for one in found if any(_is_of(one, name, servers) for name in command.servers)]
    price = await _price(cloud, report) if found else None
    return _tell(sorted(found, key=lambda one: (one.created, one.id), reverse=True), price, clock, report)


def _tell(found: Sequence[Snapshot], price: StoragePrice | None, clock: Clock, report: Report) -> ExitCode:
    report.close()
    if not found:
        return end(report, ExitCode.DONE, "There are no snapshots.")
    heading, first, *rows = snapshot_table.lines(found, clock.now(), price)
    for snapshot, row in zip(found, [f"{heading}\n{first}", *rows], strict=True):
        report.write_either(row, snapshot_table.as_record(snapshot, price))
    return end(report, ExitCode.DONE, snapshot_table.total(found, price))


async def _price(cloud: CloudApi, report: Report) -> StoragePrice | None:
    """The price of a GB; None when it can't be read, which does not keep the list from being shown."""
    try:
        return await cloud.storage_price(Priority.KEYPRESS)
    except CloudError as error:
        report.write_text(f"What they cost can't be told: {error}.")
        return None


def _is_known(name: str, servers: Iterable[Server], snapshots: Iterable[Snapshot]) -> bool:
    return any(is_meant(server, name) for server in servers) or any(_is_of(one, name, ()) for one in snapshots)


def _is_of(snapshot: Snapshot, name: str, servers: Iterable[Server]) -> bool:
    """Whether it was made of that server: by its ID, by its name now, or by its name at that time."""
    if snapshot.server_id is not None and any(
        server.id == snapshot.server_id for server in servers if is_meant(server, name)
    ):
        return True
    if str(snapshot.server_id) == name.removeprefix(BY_ID):
        return not name.startswith(BY_NAME)
    return not name.startswith(BY_ID) and snapshot.server_name == clean(name.removeprefix(BY_NAME))
