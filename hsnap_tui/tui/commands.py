"""The commands of the main screen: which are available, which servers or jobs they act on, and what they call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hsnap_tui.cloud.errors import CloudError
from hsnap_tui.common import formatting
from hsnap_tui.events import Failure
from hsnap_tui.jobs.core.model import HoldReason, Job, JobState, SnapshotRequest
from hsnap_tui.jobs.interface import RefusedError
from hsnap_tui.messages.failures import explain
from hsnap_tui.messages.job_messages import counted, destruction_in_words
from hsnap_tui.tui.screens.dialog import AnswerButton, Question
from hsnap_tui.tui.screens.snapshot import SnapshotDialog
from hsnap_tui.tui.tables.rows import jobs_of

if TYPE_CHECKING:
    from hsnap_tui.tui.screens.fleet import FleetScreen

_CONFIRMED_HOLDS = (HoldReason.SHUTS_DOWN, HoldReason.INTERRUPTED, HoldReason.DOWNTIME)

READ_ONLY = "Read-only: hsnap-tui was started with --read-only, so it sends nothing. Start it without, to do this."


@dataclass(frozen=True, slots=True)
class _Confirmation:
    title: str
    text: str
    yes: str


@dataclass(frozen=True, slots=True)
class _Scope:
    """The jobs that a key acts on. `all` is set when neither the selection nor the cursor chose them."""

    jobs: list[Job]
    all: bool = False


def _can_cancel(job: Job) -> bool:
    return job.cancellable


def _can_retry(job: Job) -> bool:
    return job.retryable


def _can_approve(job: Job) -> bool:
    return job.approvable


def _snapshots_of(jobs: Sequence[Job]) -> str:
    return f"{counted(jobs)}: {formatting.listed([job.server_name for job in jobs], 12)}"


class Commands:
    """Acts on the selected servers, or the one under the cursor. Calls of the session run as Textual workers, so that
    the screen goes on."""

    def __init__(self, screen: FleetScreen) -> None:
        self._screen = screen

    def available(self, action: str) -> bool:
        """Whether the action of a key would do anything now."""
        screen = self._screen
        if not screen.is_mounted:
            return True
        views = screen.session.fleet.views
        match action:
            case "select" | "details":
                return screen.cursor is not None
            case "select_all":
                return bool(screen.table_model.shown)
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
        """Opens the snapshot dialog for the chosen servers and submits its batch."""
        session = self._screen.session
        if self._refuses_read_only():
            return
        views = [session.fleet.views[i] for i in self._screen.chosen if i in session.fleet.views]
        if not views:
            return
        busy = {job.server_id: job for job in session.jobs.by_id.values() if not job.state.ended}
        dialog = SnapshotDialog(views, session.clock.now(), busy)
        self._screen.app.push_screen(dialog, self._submit)

    def watch(self) -> None:
        """Watches those of the chosen servers that are locked; when all of them are watched already, stops
        watching."""
        session = self._screen.session
        views, watched = session.fleet.views, session.watched
        candidates = [i for i in self._screen.chosen if i in watched or (i in views and views[i].server.locked)]
        unwatched = [i for i in candidates if i not in watched]
        for server_id in unwatched or candidates:
            session.watch(server_id)
        names = formatting.listed([views[i].server.name for i in unwatched or candidates if i in views])
        self._notify(
            f"Watching {names}: the bell rings when the lock clears" if unwatched else f"No longer watching {names}"
        )
        self._screen.update_view(candidates)

    def cancel(self) -> None:
        """Cancels jobs whose request has not been sent; asks first when neither selection nor cursor chose them."""
        scope = self._scope(_can_cancel)
        confirmation = (
            _Confirmation("Cancel?", f"This cancels {_snapshots_of(scope.jobs)}.", "Cancel the jobs")
            if scope.all
            else None
        )
        self._run(scope.jobs, self._screen.session.jobs.cancel, "cancelled", confirmation)

    def retry(self) -> None:
        """Retries failed jobs; asks first when one may already have made its snapshot, or deletes one."""
        jobs = self._scope(_can_retry).jobs
        unknown = [job.server_name for job in jobs if job.state is JobState.UNKNOWN]
        text = (
            f"Unknown whether these snapshots exist: {formatting.listed(unknown, 12)}. Trying again may make a "
            "second one. Look at the snapshots in the Hetzner Console first."
        )
        text = " ".join(filter(None, [text if unknown else "", destruction_in_words(jobs)]))
        confirmation = _Confirmation("Try again?", text, "Try again") if text else None
        self._run(jobs, self._screen.session.jobs.retry, "tried again", confirmation)

    def release(self) -> None:
        """Approves jobs that need it; asks once more when that shuts down servers or deletes snapshots."""
        jobs = self._scope(_can_approve).jobs
        off = [job.server_name for job in jobs if job.hold in _CONFIRMED_HOLDS and job.shuts_down]
        text = f"This shuts down, snapshots and powers on: {formatting.listed(off, 12)}." if off else ""
        text = " ".join(filter(None, [text, destruction_in_words(jobs)]))
        confirmation = _Confirmation("Approve?", text, "Approve") if text else None
        self._run(jobs, self._screen.session.jobs.release, "approved", confirmation)

    def refresh(self) -> None:
        """Polls everything now."""
        self._start(self._refresh_now, "refresh")

    # -- in the background ---------------------------------------------------------------------------------------

    def _submit(self, request: SnapshotRequest | None) -> None:
        if request is None:
            return

        async def submit() -> None:
            await self._screen.session.jobs.submit(request)
            self._screen.table_model.selected.clear()
            self._screen.update_view()

        self._start(submit, "snapshots")

    async def _refresh_now(self) -> None:
        await self._screen.session.refresh()
        self._screen.update_view()

    def _run(
        self,
        jobs: Sequence[Job],
        operation: Callable[[list[str]], Awaitable[int]],
        past_participle: str,
        confirmation: _Confirmation | None = None,
    ) -> None:
        if self._refuses_read_only() or not jobs:
            return

        async def run() -> None:
            number = await operation([job.id for job in jobs])
            self._notify(f"{formatting.count(number, 'job')} {past_participle}")
            self._screen.update_view()

        def answered(answer: str | None) -> None:
            if answer == "yes":
                self._start(run, past_participle)

        if confirmation is None:
            self._start(run, past_participle)
        else:
            answers = [AnswerButton("stay", "Back"), AnswerButton("yes", confirmation.yes, destructive=True)]
            self._screen.app.push_screen(Question(confirmation.title, [confirmation.text], answers), answered)

    def _start(self, operation: Callable[[], Awaitable[None]], description: str) -> None:
        async def guarded() -> None:
            try:
                await operation()
            except CloudError as error:
                self._notify(explain(Failure.of(error)), is_error=True)
            except RefusedError as error:
                self._notify(str(error), is_error=True)

        self._screen.run_worker(guarded(), group=description, description=description)

    def _refuses_read_only(self) -> bool:
        if self._screen.session.read_only:
            self._notify(READ_ONLY, is_error=True)
        return self._screen.session.read_only

    def _scope(self, fits: Callable[[Job], bool]) -> _Scope:
        """The selection's jobs; without a selection those of the server under the cursor, or else all that wait for
        a person."""
        screen = self._screen
        candidates = [job for job in screen.session.jobs.by_id.values() if fits(job)]
        if screen.table_model.selected:
            return _Scope(jobs_of(candidates, screen.table_model.selected))
        under_cursor = jobs_of(candidates, screen.chosen)
        if under_cursor:
            return _Scope(under_cursor)
        return _Scope([job for job in candidates if job.approvable or job.retryable], all=True)

    def _notify(self, text: str, *, is_error: bool = False) -> None:
        self._screen.app.notify(text, severity="error" if is_error else "information", markup=False)
