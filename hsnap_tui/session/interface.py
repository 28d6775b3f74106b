"""What the screens ask of the program below them, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hsnap_tui.cloud.api import RateLimitStatus
from hsnap_tui.cloud.model import Action
from hsnap_tui.common.clock import Clock
from hsnap_tui.events import Event, Failure
from hsnap_tui.fleet.state import Fleet
from hsnap_tui.jobs.interface import JobsInterface


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """How live the picture is. `stale_since` is set while polls fail, with the failure.

    `interval` is the present time between polls in seconds; `slowed_by` says in words why it is longer than it could
    be (budget, focus), or is none. `full_list` is the time between lists of all servers in seconds: between them,
    only servers are looked at that are locked, that actions run on or that jobs wait for. `next_try` is when the next
    poll is due while they fail.
    """

    interval: float
    slowed_by: str | None = None
    stale_since: datetime | None = None
    failure: Failure | None = None
    full_list: float | None = None
    next_try: datetime | None = None


class SessionInterface(Protocol):
    """One project's session: the live fleet, the jobs, and what a person may do. All on one event loop."""

    @property
    def title(self) -> str:
        """The project as the person knows it: a context's name, or "demo"."""
        ...

    @property
    def clock(self) -> Clock: ...

    @property
    def read_only(self) -> bool:
        """Whether `--read-only` forbids everything that changes a server."""
        ...

    @property
    def fleet(self) -> Fleet: ...

    @property
    def jobs(self) -> JobsInterface:
        """The project's jobs, and what may be done with them."""
        ...

    @property
    def connection(self) -> ConnectionStatus: ...

    @property
    def watched(self) -> frozenset[int]:
        """Servers that are watched until their lock clears."""
        ...

    def budget(self) -> RateLimitStatus: ...

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Calls `listener` on the event loop with each event; the result unsubscribes.

        The first listener is handed at once what was published before it came.
        """
        ...

    async def run(self) -> None:
        """Polls and works until cancelled or left."""
        ...

    def watch(self, server_id: int) -> bool:
        """Watches a server until its lock clears, or stops watching it; gives whether it is watched now."""
        ...

    async def refresh(self) -> None:
        """Reads everything anew, now."""
        ...

    async def server_actions(self, server_id: int) -> Sequence[Action]:
        """The newest actions of a server, newest first. Raises `CloudError`."""
        ...

    def set_focus(self, focused: bool) -> None:
        """Tells whether somebody looks at the screen: the terminal has the focus and was used lately."""
        ...
