"""Plans the requests of each poll, cheapest first; remembers between polls which servers are still to be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

from hsnap_tui.cloud import limits
from hsnap_tui.cloud.model import Action
from hsnap_tui.common.clock import Clock
from hsnap_tui.fleet import poll_rules
from hsnap_tui.fleet.poll import Poll
from hsnap_tui.fleet.poll_interval import QUICK_PAGES
from hsnap_tui.fleet.poll_targets import PollScope, PollTargets
from hsnap_tui.fleet.snapshot_schedule import SnapshotSchedule
from hsnap_tui.fleet.state import Fleet

CONFIRMED_AT_ONCE = 50
"""Servers missing in one full list that are then asked for by their ID; the others after the next full list."""


class PollPlanner:
    """Decides what each poll asks for. `fleet` gives the fleet with all observations applied."""

    def __init__(self, clock: Clock, scope: PollScope, fleet: Callable[[], Fleet]) -> None:
        self._clock = clock
        self._scope = scope
        self._fleet = fleet
        self._running: Mapping[int, Action] = {}
        self._pending: dict[int, datetime] = {}
        self._snapshots = SnapshotSchedule()

    async def poll(
        self, poll: Poll, targets: PollTargets, *, everything: bool, full_list: bool, allowance: int
    ) -> None:
        """Makes the requests of one poll.

        `everything`: the full list and the running actions are asked for, needed or not; `full_list`: a full list of
        servers is due; `allowance`: requests that it may take in all, as far as there is a choice.
        """
        first = self._fleet().listed_at is None
        listed_servers = False
        if first or everything:
            listed_servers = await self.full_list(poll, targets)
            if first and not listed_servers:
                return
        listed_running = False
        if everything or self._needs_running_actions(targets, first=first):
            listed_running = await poll.running()
            # Without the running actions, only the servers themselves tell what is locked.
            blind = self._scope is PollScope.EVERYTHING and not listed_running
            full_list = full_list or (blind and limits.pages(len(self._fleet().views)) <= QUICK_PAGES)
        self._note_changes()
        followed = targets.actions - self._fleet().running.keys() if listed_running else targets.actions
        asked = [poll.actions(followed)]
        if not listed_servers:
            asked.append(self._servers(poll, targets, full_list=full_list, allowance=allowance))
        await asyncio.gather(*asked)

    async def full_list(self, poll: Poll, targets: PollTargets) -> bool:
        """The full list of servers, and by ID those that should be in it; whether the list was read."""
        missing = await poll.full_list()
        if missing is None:
            return False
        unknown = targets.servers - self._fleet().views.keys()
        await poll.servers(sorted(missing | unknown)[:CONFIRMED_AT_ONCE])
        return True

    def snapshots_due(self, refill: float, slow: float) -> bool:
        """Whether the list of snapshots is worth reading now; both in requests a second, as in `SnapshotSchedule`."""
        if self._scope is PollScope.JOBS_ONLY or self._fleet().listed_at is None:
            return False
        return self._snapshots.due(self._clock.monotonic(), refill, slow)

    async def read_snapshots(self, poll: Poll) -> None:
        """The list of snapshots."""
        self._snapshots.begun(self._clock.monotonic())
        found = await poll.snapshots()
        if found is None:
            self._snapshots.failed(self._clock.monotonic())
        else:
            self._snapshots.read(limits.pages(found))

    def _needs_running_actions(self, targets: PollTargets, *, first: bool) -> bool:
        fleet = self._fleet()
        return (first and fleet.locked > 0) or poll_rules.needs_running_actions(
            fleet, targets, self._scope, self._clock.now()
        )

    async def _servers(self, poll: Poll, targets: PollTargets, *, full_list: bool, allowance: int) -> None:
        fleet = self._fleet()
        pages = limits.pages(len(fleet.views))
        must = frozenset(targets.servers | self._pending.keys())
        small = self._scope is PollScope.EVERYTHING and pages == 1
        if small or full_list or len(must) >= max(pages, 2):
            await self.full_list(poll, targets)
            return
        spare = 0
        if self._scope is PollScope.EVERYTHING:
            spare = max(1, allowance - poll.requests.total() - len(must))
        await poll.servers([*sorted(must), *poll_rules.to_verify(fleet, must, spare)])

    def _note_changes(self) -> None:
        """Servers whose actions began or ended are to be asked; an ended `create_image` has changed the snapshots."""
        fleet, before, now = self._fleet(), self._running, self._clock.now()
        self._running = fleet.running
        if self._scope is PollScope.JOBS_ONLY:
            return
        ended = [action for key, action in before.items() if key not in fleet.running]
        begun = [action for key, action in fleet.running.items() if key not in before]
        changed = {server_id for action in ended for server_id in action.server_ids}
        changed |= {key for action in begun for key in action.server_ids if not _is_locked(fleet, key)}
        self._pending = {key: since for key, since in self._pending.items() if not _asked_since(fleet, key, since)}
        self._pending |= dict.fromkeys(changed, now)
        if any(action.command == "create_image" for action in ended):
            self._snapshots.image_ended(self._clock.monotonic())


def _is_locked(fleet: Fleet, server_id: int) -> bool:
    view = fleet.views.get(server_id)
    return view is not None and view.server.locked


def _asked_since(fleet: Fleet, server_id: int, since: datetime) -> bool:
    view = fleet.views.get(server_id)
    if view is not None:
        return view.seen >= since
    asked = max(fleet.gone.get(server_id, fleet.listed_at), fleet.listed_at) if fleet.listed_at else None
    return asked is not None and asked >= since
