"""Several projects side by side: each a session of its own, with its own journal, rate limit and connection status.

What happens to one project changes nothing for the others: a token that is refused, a journal that can't be used, or
an error that nobody expected.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from functools import partial
from types import TracebackType
from typing import Any, Self

from hsnap_tui.cloud.errors import NO_ACCESS
from hsnap_tui.common.clock import Clock, SystemClock
from hsnap_tui.config.errors import SettingsError
from hsnap_tui.config.settings import Settings
from hsnap_tui.events import Event, Notice
from hsnap_tui.fleet.poll_targets import PollScope
from hsnap_tui.jobs.interface import PendingWork, RefusedError
from hsnap_tui.session.factory import open_session
from hsnap_tui.session.session import Session


class OpenProject:
    """One project of a workspace.

    `error` is what its session has ended with, if it has ended by itself. `same_as`: it was closed because it turned
    out to be the same project as that one, by another token.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.error: BaseException | None = None
        self.same_as: OpenProject | None = None
        self._work = asyncio.create_task(session.run())

    @property
    def title(self) -> str:
        """What a person calls it: a context's name."""
        return self.session.title

    @property
    def id(self) -> str:
        """The ID that its events and jobs carry; provisional until its state folder is known."""
        return self.session.project

    @property
    def is_running(self) -> bool:
        """Whether its session still works."""
        return not self._work.done()

    def on_end(self, then: Callable[[], None]) -> None:
        """Calls `then` when its session has ended, with `error` set if that was by an error."""

        def ended(work: asyncio.Task[None]) -> None:
            self.error = None if work.cancelled() else work.exception()
            then()

        self._work.add_done_callback(ended)

    @property
    def lacks_access(self) -> bool:
        """Whether Hetzner refuses its token."""
        return self.session.failure is not None and self.session.failure.kind in NO_ACCESS

    async def identified(self) -> None:
        """Returns when its ID is known, or will not be: its journal can't be used, or its session has ended."""
        ready = asyncio.ensure_future(self.session.jobs.ready.wait())
        try:
            await asyncio.wait({ready, self._work}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()

    async def leave(self, *, cancel_waiting: bool) -> None:
        """Starts nothing more; returns when no server is off because of this process, or the session has ended."""
        leaving = asyncio.ensure_future(self.session.jobs.leave(cancel_waiting=cancel_waiting))
        try:
            await asyncio.wait({leaving, self._work}, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                leaving.result()
        finally:
            leaving.cancel()

    async def end(self) -> None:
        """Ends the session at once; what is under way is in the journal."""
        self._work.cancel()
        await asyncio.wait({self._work})


class Workspace:
    """The projects that are open, in the order in which they were opened. All of it on one event loop.

    As a context manager it ends all sessions at once when the block ends; `leave` comes before that.
    """

    def __init__(self, scope: PollScope = PollScope.EVERYTHING, clock: Clock | None = None) -> None:
        self._scope = scope
        self._clock = clock or SystemClock()
        self._projects: list[OpenProject] = []
        self._listeners: list[Callable[[OpenProject, Event], None]] = []
        self._in_background: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        for task in tuple(self._in_background):
            task.cancel()
        await asyncio.gather(*(project.end() for project in self._projects))
        self._projects.clear()

    @property
    def projects(self) -> tuple[OpenProject, ...]:
        """The projects that are open, also those whose session has ended by an error."""
        return tuple(self._projects)

    def subscribe(self, listener: Callable[[OpenProject, Event], None]) -> Callable[[], None]:
        """Calls `listener` on the event loop with each event of each project; the result unsubscribes."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def open(self, settings: Settings) -> OpenProject:
        """Opens the settings' project and starts its session. To be called on the event loop.

        Raises `SettingsError` when there is no token, and `RefusedError` when a project of that name is open.
        """
        if settings.token is None:
            raise SettingsError(f"There is no API token for {settings.project}.", "Name a context that has one.")
        if any(project.title == settings.project for project in self._projects):
            raise RefusedError(f"{settings.project} is open already.")
        session = open_session(settings, settings.token, self._scope, self._clock)
        session.publish_warnings(settings.warnings)
        project = OpenProject(session)
        session.subscribe(partial(self._publish, project))
        project.on_end(partial(self._ended, project))
        self._projects.append(project)
        self._start(self._find_same(project))
        return project

    async def close(self, project: OpenProject, *, cancel_waiting: bool = False) -> None:
        """Closes a project as soon as no server of it is off because of this process; the others go on."""
        await project.leave(cancel_waiting=cancel_waiting)
        await project.end()
        with contextlib.suppress(ValueError):
            self._projects.remove(project)

    async def leave(self, *, cancel_waiting: bool) -> None:
        """Starts nothing more, and returns when no server of any project is off because of this process.

        Projects don't wait for each other. One that can't be left, for lack of its journal, leaves the others alone:
        its `RefusedError` is raised when all others are left.
        """
        leaving = [project.leave(cancel_waiting=cancel_waiting) for project in self._projects]
        for result in await asyncio.gather(*leaving, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    def pending_work(self) -> PendingWork:
        """What is under way in all projects."""
        found = [project.session.jobs.pending_work() for project in self._projects]
        return PendingWork(
            waiting=tuple(job for work in found for job in work.waiting),
            running=tuple(job for work in found for job in work.running),
            off=tuple(job for work in found for job in work.off),
        )

    async def _find_same(self, project: OpenProject) -> None:
        """Two tokens of one project are one project: one of both is closed, the one that has no access if one has
        none, or else the one that was identified later."""
        await project.identified()
        for other in self.projects:
            if other is project or other.id != project.id or not (other.is_running and project.is_running):
                continue
            kept, closed = (project, other) if other.lacks_access else (other, project)
            closed.same_as = kept
            self._warn(closed, f"{closed.title} is closed: it is the same project as {kept.title}.")
            await self.close(closed)

    def _ended(self, project: OpenProject) -> None:
        if project.error is not None:
            self._warn(
                project,
                f"hsnap-tui has stopped working on {project.title}, by an error of its own "
                f"({type(project.error).__name__}). Its jobs are in the journal: close it and open it again to "
                "continue them. Servers of it may be off until then. The other projects continue.",
            )

    def _warn(self, project: OpenProject, text: str) -> None:
        self._publish(project, Notice(self._clock.now(), project.id, text, warning=True))

    def _publish(self, project: OpenProject, event: Event) -> None:
        for listener in tuple(self._listeners):
            listener(project, event)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._in_background.add(task)
        task.add_done_callback(self._in_background.discard)
