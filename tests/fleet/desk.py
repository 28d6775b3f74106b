"""A watcher at work, with the fleet and the events that came of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

from hsnap_tui.cloud.api import CloudApi
from hsnap_tui.cloud.errors import CloudError
from hsnap_tui.common.clock import Clock
from hsnap_tui.events import Event
from hsnap_tui.fleet.poll_targets import PollScope, PollTargets
from hsnap_tui.fleet.state import Fleet, Observation, apply
from hsnap_tui.fleet.watcher import Watcher
from tests.fleet.things import PROJECT

E = TypeVar("E", bound=Event)


@dataclass
class Desk:
    """What a session keeps, and when (monotonic) each event was told."""

    cloud: CloudApi
    clock: Clock
    scope: PollScope = PollScope.EVERYTHING
    fleet: Fleet = field(default_factory=lambda: Fleet(PROJECT))
    targets: PollTargets = field(default_factory=PollTargets)
    ours: set[int] = field(default_factory=set)
    seen: list[Observation] = field(default_factory=list)
    events: list[tuple[float, Event]] = field(default_factory=list)
    failures: list[CloudError] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watcher = Watcher(
            self.cloud,
            self.clock,
            scope=self.scope,
            fleet=lambda: self.fleet,
            targets=lambda: self.targets,
            on_observation=self._observe,
            on_failure=self.failures.append,
            on_recovery=self.recoveries.append,
        )

    def failed(self) -> bool:
        """Whether the picture counts as stale."""
        assert (self.watcher.failure is None) == (self.watcher.stale_since is None)
        return self.watcher.failure is not None

    def told(self, kind: type[E]) -> list[tuple[float, E]]:
        """The events of a kind and when they were told."""
        return [(at, event) for at, event in self.events if isinstance(event, kind)]

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Desk]:
        """Runs the watcher until the block is left."""
        task = asyncio.create_task(self.watcher.run())
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _observe(self, observation: Observation) -> None:
        self.seen.append(observation)
        self.fleet, events = apply(self.fleet, observation, self.ours)
        self.events += [(self.clock.monotonic(), event) for event in events]
