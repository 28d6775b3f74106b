"""What the keys of the main screen do with jobs, and when they can."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hsnap_tui.cloud.errors import CloudError
from hsnap_tui.common import formatting
from hsnap_tui.events import Failure
from hsnap_tui.jobs.core.model import HoldReason, Job, JobState, SnapshotRequest
from hsnap_tui.messages.job_messages import explain
from hsnap_tui.session.interface import RefusedError
from hsnap_tui.tui.screens.dialog import Answer, Question
from hsnap_tui.tui.screens.snapshot import SnapshotDialog
from hsnap_tui.tui.tables.rows import jobs_of

if TYPE_CHECKING:
    from hsnap_tui.tui.screens.fleet import FleetScreen

_ASKED_FOR = (HoldReason.SHUTS_DOWN, HoldReason.INTERRUPTED, HoldReason.DOWNTIME)

READ_ONLY = "Read-only: hsnap-tui was started with --read-only, so it sends nothing. Start it without, to do this."


@dataclass(frozen=True, slots=True)
class _Asks:
    title: str
    told: str
    yes: str


@dataclass(frozen=True, slots=True)
class _Scope:
    """The jobs that a key acts on; `all`: neither the selection nor the cursor chose them."""

    jobs: list[Job]
    all: bool = False


def _can_cancel(job: Job) -> bool:
    return job.cancellable


def _can_retry(job: Job) -> bool:
    return job.retryable


def _can_approve(job: Job) -> bool:
    return job.approvable


def _snapshots_of(jobs: Sequence[Job]) -> str:
    many = formatting.count(len(jobs), "snapshot")
    return f"{many}: {formatting.listed([job.server_name for job in jobs], 12)}"


class Commands:
    """Acts on what the screen has chosen; everything slow runs beside the screen."""

    def __init__(self, screen: FleetScreen) -> None:
        self._screen = screen

    def available(self, action: str) -> bool:
        """Whether a key would do anything now."""
        screen = self._screen
        if not screen.is_mounted:
            return True
        views = screen.session.fleet.views
        match action:
            case "mark" | "details":
                return screen.cursor is not None
            case "mark_all":
                return bool(screen.board.shown)
            case "snapshot":
                return bool(screen.chosen)
            case "watch":
                watched = screen.session.watched
                return any(i in watched or (i in views and views[i].server.locked) for i in screen.chosen)
            case "cancel":
                return bool(self._scope(_can_cancel).jobs)
            case "retry":
                return bool(self._scope(_can_retry).jobs)
            case "release":
                return bool(self._scope(_can_approve).jobs)
        return True

    def snapshot(self) -> None:
        """Asks in the dialog, then hands the batch over."""
        session = self._screen.session
        if self._refuses():
            return
        views = [session.fleet.views[i] for i in self._screen.chosen if i in session.fleet.views]
        if not views:
            return
        busy = {job.server_id: job for job in session.jobs.values() if not job.state.ended}
        dialog = SnapshotDialog(views, session.clock.now(), busy)
        self._screen.app.push_screen(dialog, self._submit)

    def watch(self) -> None:
        """Watches the locked ones of the chosen servers, or stops it when all of those are watched."""
        session = self._screen.session
        views, watched = session.fleet.views, session.watched
        able = [i for i in self._screen.chosen if i in watched or (i in views and views[i].server.locked)]
        fresh = [i for i in able if i not in watched]
        for server_id in fresh or able:
            session.watch(server_id)
        names = formatting.listed([views[i].server.name for i in fresh or able if i in views])
        self._tell(
            f"Watching {names}: the bell rings when the lock clears" if fresh else f"No longer watching {names}"
        )
        self._screen.look(able)

    def cancel(self) -> None:
        """Cancels what has not been sent yet; asks first where neither the selection nor the cursor says which."""
        scope = self._scope(_can_cancel)
        asks = (
            _Asks("Cancel?", f"This cancels {_snapshots_of(scope.jobs)}.", "Cancel the jobs") if scope.all else None
        )
        self._run(scope.jobs, self._screen.session.cancel, "cancelled", asks)

    def retry(self) -> None:
        """Tries failed jobs again; asks first where a snapshot may exist already."""
        jobs = self._scope(_can_retry).jobs
        unknown = [job.server_name for job in jobs if job.state is JobState.UNKNOWN]
        told = (
            f"It could not be found out whether these snapshots exist: {formatting.listed(unknown, 12)}. "
            "Trying again may "
            "make a second one. Look at the snapshots in Hetzner Console first."
        )
        asks = _Asks("Try again?", told, "Try again") if unknown else None
        self._run(jobs, self._screen.session.retry, "tried again", asks)

    def release(self) -> None:
        """Approves held jobs; asks once more where servers will be shut down."""
        jobs = self._scope(_can_approve).jobs
        off = [job.server_name for job in jobs if job.hold in _ASKED_FOR and job.shuts_down]
        told = f"This shuts down, snapshots and powers on again: {formatting.listed(off, 12)}."
        asks = _Asks("Approve?", told, "Approve") if off else None
        self._run(jobs, self._screen.session.release, "approved", asks)

    def refresh(self) -> None:
        """Looks at everything now."""
        self._start(self._refresh, "refresh")

    # -- beside the screen ---------------------------------------------------------------------------------------

    def _submit(self, request: SnapshotRequest | None) -> None:
        if request is None:
            return

        async def submit() -> None:
            await self._screen.session.submit(request)
            self._screen.board.selected.clear()
            self._screen.look()

        self._start(submit, "snapshots")

    async def _refresh(self) -> None:
        await self._screen.session.refresh()
        self._screen.look()

    def _run(
        self,
        jobs: Sequence[Job],
        do: Callable[[list[str]], Awaitable[int]],
        done: str,
        asks: _Asks | None = None,
    ) -> None:
        if self._refuses() or not jobs:
            return

        async def run() -> None:
            number = await do([job.id for job in jobs])
            self._tell(f"{formatting.count(number, 'job')} {done}")
            self._screen.look()

        def answered(answer: str | None) -> None:
            if answer == "yes":
                self._start(run, done)

        if asks is None:
            self._start(run, done)
        else:
            answers = [Answer("stay", "Back"), Answer("yes", asks.yes, grave=True)]
            self._screen.app.push_screen(Question(asks.title, [asks.told], answers), answered)

    def _start(self, work: Callable[[], Awaitable[None]], what: str) -> None:
        async def guarded() -> None:
            try:
                await work()
            except CloudError as error:
                self._tell(explain(Failure.of(error)), bad=True)
            except RefusedError as error:
                self._tell(str(error), bad=True)

        self._screen.run_worker(guarded(), group=what, description=what)

    def _refuses(self) -> bool:
        if self._screen.session.read_only:
            self._tell(READ_ONLY, bad=True)
        return self._screen.session.read_only

    def _scope(self, fits: Callable[[Job], bool]) -> _Scope:
        """The selection's jobs; without a selection those of the server under the cursor, or else all that wait for
        a person."""
        screen = self._screen
        able = [job for job in screen.session.jobs.values() if fits(job)]
        if screen.board.selected:
            return _Scope(jobs_of(able, screen.board.selected))
        under_cursor = jobs_of(able, screen.chosen)
        if under_cursor:
            return _Scope(under_cursor)
        return _Scope([job for job in able if job.approvable or job.retryable], all=True)

    def _tell(self, text: str, *, bad: bool = False) -> None:
        self._screen.app.notify(text, severity="error" if bad else "information", markup=False)
