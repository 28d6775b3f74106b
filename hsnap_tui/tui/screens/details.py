"""The screen of one server: its lock, data, jobs, snapshots and recent actions."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Static

from hsnap_tui.cloud.errors import CloudError
from hsnap_tui.events import Failure
from hsnap_tui.jobs.core.model import Job
from hsnap_tui.messages.failures import explain
from hsnap_tui.session.interface import SessionInterface
from hsnap_tui.tui import detail_texts, keys
from hsnap_tui.tui.screens.page import PageScreen
from hsnap_tui.tui.tables.rows import own_unlisted_snapshot


class DetailsScreen(PageScreen):
    """Kept up to date while it is open, except for the recent actions: those are requested when it opens, and again
    with `r`."""

    BINDINGS = keys.bindings(keys.Scope.DETAILS)

    def __init__(self, session: SessionInterface, server_id: int) -> None:
        self._view = session.fleet.views[server_id]
        super().__init__(self._view.server.name)
        self._session = session
        self._server_id = server_id

    def body(self) -> ComposeResult:
        """A block each for lock, data, jobs, snapshots and recent actions."""
        yield Static(id="lock", classes="apart")
        yield Static(id="facts")
        yield self.headed("Jobs")
        yield Static(id="jobs")
        yield self.headed("Snapshots")
        yield Static(id="snapshots")
        yield self.headed("Recent actions")
        yield Static(Text("asking Hetzner …", self.palette.quiet), id="actions")

    def on_mount(self) -> None:
        """Shows what is known and requests the recent actions."""
        self.set_interval(1.0, self.show)
        self.show()
        self.action_reload()

    def action_reload(self) -> None:
        """Requests the recent actions."""
        self.run_worker(
            self._load_actions(), group="actions", exclusive=True, description="recent actions of a server"
        )

    def action_copy_id(self) -> None:
        """Copies the request ID of the newest failure."""
        request = self._request_id()
        if request:
            self.app.copy_to_clipboard(request)
            text = f"Copied {request}: it names the failed request, for Hetzner's support"
            self.app.notify(text, markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Greys `C` out while no job of the server has failed with a request ID."""
        return None if action == "copy_id" and not self._request_id() else True

    def show(self) -> None:
        """Updates everything except the recent actions."""
        fleet = self._session.fleet
        gone = self._server_id not in fleet.views
        self._view = fleet.views.get(self._server_id, self._view)
        context = detail_texts.render_context(self._session.clock.now(), self.palette)
        lock = detail_texts.lock(self._view, self._server_id in self._session.watched, context)
        missing = Text(
            "This server is gone: Hetzner no longer knows it. What follows is the last data.", context.palette.bad
        )
        self.query_one("#lock", Static).update(missing if gone else lock)
        self.query_one("#facts", Static).update(detail_texts.facts(self._view.server, context))
        jobs = self._jobs()
        self.query_one("#jobs", Static).update(
            detail_texts.jobs(jobs[::-1], context) if jobs else Text("none", self.palette.quiet)
        )
        own = {snapshot.id: snapshot for job in jobs if (snapshot := own_unlisted_snapshot(job, fleet))}
        listed = {**fleet.snapshots, **own}
        found = [snapshot for snapshot in listed.values() if snapshot.server_id == self._server_id]
        table = detail_texts.snapshots(found, context) if found else Text("none", self.palette.quiet)
        self.query_one("#snapshots", Static).update(table)

    async def _load_actions(self) -> None:
        block = self.query_one("#actions", Static)
        try:
            found = await self._session.server_actions(self._server_id)
        except CloudError as error:
            block.update(Text(f"✗ {explain(Failure.of(error))} r asks again.", self.palette.bad))
            return
        context = detail_texts.render_context(self._session.clock.now(), self.palette)
        block.update(detail_texts.actions(found, context) if found else Text("none", self.palette.quiet))

    def _jobs(self) -> list[Job]:
        return [job for job in self._session.jobs.by_id.values() if job.server_id == self._server_id]

    def _request_id(self) -> str | None:
        failures = [job.failure for job in self._jobs() if job.failure and job.failure.correlation_id]
        return failures[-1].correlation_id if failures else None
