"""One project's session: client, watcher, fleet and jobs wired together, with one stream of events. No screen.

It fits `interface.SessionInterface`, and serves the screen and the commands without one alike. What a person asks of
jobs is asked of `jobs` itself: the session owns the picture of the fleet, the job service owns the jobs and who sends
for them, and the engine owns the turns while this process sends. None of them hands on what another one owns.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hsnap_tui.cloud.api import CloudApi, Priority, RateLimitStatus
from hsnap_tui.cloud.errors import CloudError
from hsnap_tui.cloud.model import Action, Server
from hsnap_tui.cloud.ratelimit.long_waits import LongWaits
from hsnap_tui.common.clock import Clock
from hsnap_tui.events import (
    ConnectionLost,
    ConnectionRestored,
    Event,
    Failure,
    FleetUpdated,
    Notice,
    ServerGone,
    WatchEnded,
)
from hsnap_tui.fleet.poll_targets import PollScope, PollTargets
from hsnap_tui.fleet.state import Fleet, Observation, apply, with_project
from hsnap_tui.fleet.watcher import Watcher
from hsnap_tui.jobs.service import JobService
from hsnap_tui.jobs.store.errors import JournalError
from hsnap_tui.jobs.store.project_identity import (
    ProjectIdentity,
    find,
    find_or_make,
    merged_identity_text,
    project_id,
)
from hsnap_tui.session.event_listeners import EventListeners
from hsnap_tui.session.interface import ConnectionStatus

FIND_FOLDER_WITHIN = 3.0
"""Seconds that the first poll waits for the disk to tell whose token this is; a disk that hangs holds nothing up."""
LOOK_FOR_WAITS_EVERY = 2.0
"""Seconds between two looks at what waits for the rate limit."""


class Session:
    """The live fleet of one project; `jobs` are its jobs. All of it on one event loop."""

    def __init__(
        self,
        cloud: CloudApi,
        clock: Clock,
        *,
        title: str,
        identity: ProjectIdentity,
        state_dir: Path,
        scope: PollScope = PollScope.EVERYTHING,
        read_only: bool = False,
    ) -> None:
        self._cloud = cloud
        self._clock = clock
        self._title = title
        self._identity = identity
        self._state_dir = state_dir
        self._read_only = read_only
        self._listeners = EventListeners()
        self._startup_warnings: tuple[str, ...] = ()
        self._fleet = Fleet(cloud.project)
        self._watched: frozenset[int] = frozenset()
        self._listed = asyncio.Event()
        self._looked_up = asyncio.Event()
        self.jobs = JobService(
            cloud, clock, self._publish, lambda: self._fleet, polls=lambda: self.failure, read_only=read_only
        )
        self._watcher = Watcher(
            cloud,
            clock,
            scope=scope,
            fleet=lambda: self._fleet,
            targets=lambda: self._targets,
            on_observation=self._observe,
            on_failure=lambda error: self._publish(ConnectionLost(clock.now(), cloud.project, error)),
            on_recovery=lambda seconds: self._publish(ConnectionRestored(clock.now(), cloud.project, seconds)),
        )

    # -- what there is to see -----------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """The project as the person knows it."""
        return self._title

    @property
    def project(self) -> str:
        """The ID of the project: that of its state folder, or a provisional one until that is known.

        The folder of a token that was used before is known at once, that of a new token when all servers have been
        listed. All that is told of jobs comes after it is known.
        """
        return self._cloud.project

    @property
    def clock(self) -> Clock:
        """The session's time."""
        return self._clock

    @property
    def read_only(self) -> bool:
        """Whether everything that changes a server is refused."""
        return self._read_only

    @property
    def fleet(self) -> Fleet:
        """The servers as they were last seen."""
        return self._fleet

    @property
    def connection(self) -> ConnectionStatus:
        """How live the picture is."""
        interval, failure = self._watcher.interval, self._watcher.failure
        return ConnectionStatus(
            interval.interval,
            interval.slowed_by,
            self._watcher.stale_since,
            Failure.of(failure) if failure else None,
            self._watcher.full_list_every,
            self._clock.now() + timedelta(seconds=self._watcher.next_poll_in) if failure else None,
        )

    @property
    def watched(self) -> frozenset[int]:
        """Servers that are watched until their lock clears."""
        return self._watched

    @property
    def failure(self) -> CloudError | None:
        """Why polls fail at present, if they do."""
        return self._watcher.failure

    def budget(self) -> RateLimitStatus:
        """The rate limit as it stands."""
        return self._cloud.budget()

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Calls the listener with each event; the result unsubscribes it.

        The first listener is handed at once what was published before it came.
        """
        return self._listeners.subscribe(listener)

    def publish_warnings(self, warnings: Iterable[str]) -> None:
        """Tells hints about the settings as soon as somebody listens."""
        self._startup_warnings = tuple(warnings)

    async def listed(self) -> None:
        """Returns when all servers have been listed once."""
        await self._listed.wait()

    # -- what a person may do -----------------------------------------------------------------------------------

    def watch(self, server_id: int) -> bool:
        """Watches a server until its lock clears, or stops watching it; gives whether it is watched now."""
        self._watched ^= {server_id}
        self._watcher.wake()
        return server_id in self._watched

    async def refresh(self) -> None:
        """Reads everything anew, now."""
        await self._watcher.refresh()

    async def server_actions(self, server_id: int) -> Sequence[Action]:
        """The newest actions of a server, newest first. Raises `CloudError`."""
        return await self._cloud.list_server_actions(server_id, Priority.KEYPRESS)

    async def matching(self, label_selector: str) -> Sequence[int]:
        """The IDs of the servers that Hetzner finds for a label selector. Raises `CloudError`."""
        found = await self._cloud.list_servers(Priority.KEYPRESS, label_selector)
        return [server.id for server in found]

    def set_focus(self, focused: bool) -> None:
        """Tells whether a person looks."""
        self._watcher.set_focus(focused)

    # -- running ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Polls and works until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._run_service())
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(FIND_FOLDER_WITHIN):
                        await self._looked_up.wait()
                for text in self._startup_warnings:
                    self._warn(text)
                group.create_task(self._watcher.run())
                group.create_task(self._tell_long_waits())
        finally:
            await self._cloud.close()

    async def _tell_long_waits(self) -> None:
        """Tells what waits long for the rate limit: a server may be off meanwhile, and a person has to know why."""
        waits = LongWaits()
        while True:
            text = waits.note(self._cloud.budget(), self._clock.now())
            if text is not None:
                self._warn(text)
            await self._clock.sleep(LOOK_FOR_WAITS_EVERY)

    async def _run_service(self) -> None:
        """The journal belongs to the project: a known token tells which it is, or else the servers do."""
        warned: list[str] = []
        try:
            folder = await asyncio.to_thread(find, self._state_dir, self._identity, warned.append)
            if folder is not None:
                self._identify(folder)
            self._looked_up.set()
            if folder is None:
                await self._listed.wait()
                warned.clear()
                folder = await asyncio.to_thread(self._folder_by_servers, self._present_identity(), warned.append)
            known = await asyncio.to_thread(merged_identity_text, folder, self._identity) if folder else None
        except JournalError as error:
            self.jobs.fail(error)
            return
        finally:
            self._looked_up.set()
            for text in warned:
                self._warn(text)
        if folder is None:
            self.jobs.ready.set()
            return
        self._identify(folder)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.jobs.run(folder, known))
            group.create_task(self._remember_servers(folder))

    def _identify(self, folder: Path) -> None:
        if self._cloud.project != project_id(folder):
            self._cloud.project = project_id(folder)
            self._fleet = with_project(self._fleet, self._cloud.project)

    def _folder_by_servers(self, identity: ProjectIdentity, warn: Callable[[str], None]) -> Path | None:
        return (find if self._read_only else find_or_make)(self._state_dir, identity, warn)

    async def _remember_servers(self, folder: Path) -> None:
        """Keeps what the project is known by up to date, so that a new token finds its journal."""
        if self._read_only:
            return
        known: ProjectIdentity | None = None
        await self._listed.wait()
        while True:
            identity = self._present_identity()
            if identity != known:
                known = identity
                try:
                    await asyncio.to_thread(find_or_make, self._state_dir, identity)
                    await self.jobs.remember(await asyncio.to_thread(merged_identity_text, folder, identity))
                except JournalError:
                    # The journal in the same folder says so itself, in words, as soon as it matters.
                    known = None
            await self._clock.sleep(60)

    def _present_identity(self) -> ProjectIdentity:
        return ProjectIdentity(self._identity.endpoint, self._identity.fingerprints, tuple(sorted(self._fleet.views)))

    @property
    def _targets(self) -> PollTargets:
        jobs = self.jobs.targets
        return replace(jobs, servers=jobs.servers | (self._watched - jobs.off))

    def _observe(self, observation: Observation) -> None:
        self._fleet, events = apply(self._fleet, observation, self._own_actions())
        for event in events:
            self._publish(event)
        self.jobs.observe(observation)
        if observation.complete:
            self._listed.set()
        self._end_watches(observation, events)

    def _own_actions(self) -> set[int]:
        jobs = self.jobs.by_id.values()
        ids = {sending.action_id for job in jobs for sending in job.requests}
        return {action_id for action_id in ids if action_id is not None}

    def _end_watches(self, observation: Observation, events: Iterable[Event]) -> None:
        if not self._watched:
            return
        for server_id in self._watched & observation.servers.keys():
            view = self._fleet.views.get(server_id)
            if view is not None and not observation.servers[server_id].locked:
                self._end_watch(view.server, gone=False)
        for event in events:
            if isinstance(event, ServerGone) and event.server.id in self._watched:
                self._end_watch(event.server, gone=True)

    def _end_watch(self, server: Server, *, gone: bool) -> None:
        self._watched -= {server.id}
        self._publish(WatchEnded(self._clock.now(), self._cloud.project, server, gone))

    def _warn(self, text: str) -> None:
        self._publish(Notice(self._clock.now(), self._cloud.project, text, warning=True))

    def _publish(self, event: Event) -> None:
        self._listeners.publish(event)
        if not isinstance(event, FleetUpdated):
            self._watcher.wake()
