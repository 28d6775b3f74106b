"""One server: what it is, what holds it, its jobs, snapshots and recent actions."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Static

from hsnap_tui.cloud.errors import CloudError
from hsnap_tui.events import Failure
from hsnap_tui.jobs.core.model import Job
from hsnap_tui.messages.job_messages import explain
from hsnap_tui.session.interface import SessionInterface
from hsnap_tui.tui import detail_texts, keys
from hsnap_tui.tui.screens.page import Page
from hsnap_tui.tui.tables.rows import unlisted


class DetailsScreen(Page):
    """Live while it is open; the recent actions are asked for once, and again with `r`."""

    BINDINGS = keys.bindings(keys.Scope.DETAILS)

    def __init__(self, session: SessionInterface, server_id: int) -> None:
        self._view = session.fleet.views[server_id]
        super().__init__(self._view.server.name)
        self._session = session
        self._server_id = server_id

    def body(self) -> ComposeResult:
        """A block for each thing one may want to know."""
        yield Static(id="lock", classes="apart")
        yield Static(id="facts")
        yield self.headed("Jobs")
        yield Static(id="jobs")
        yield self.headed("Snapshots")
        yield Static(id="snapshots")
        yield self.headed("Recent actions")
        yield Static(Text("asking Hetzner …", self.palette.quiet), id="actions")

    def on_mount(self) -> None:
        """Shows what is known and asks for the rest."""
        self.set_interval(1.0, self.show)
        self.show()
        self.action_reload()

    def action_reload(self) -> None:
        """Asks for the recent actions."""
        self.run_worker(self._ask(), group="actions", exclusive=True, description="recent actions of a server")

    def action_copy_id(self) -> None:
        """Copies the request ID of the newest failure."""
        request = self._request_id()
        if request:
            self.app.copy_to_clipboard(request)
            said = f"Copied {request}: it names the failed request, for Hetzner's support"
            self.app.notify(said, markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """There is something to copy only after a failure."""
        return None if action == "copy_id" and not self._request_id() else True

    def show(self) -> None:
        """Brings everything but the recent actions up to date."""
        fleet = self._session.fleet
        gone = self._server_id not in fleet.views
        self._view = fleet.views.get(self._server_id, self._view)
        pen = detail_texts.Pen(self._session.clock.now(), self.palette)
        lock = detail_texts.lock(self._view, self._server_id in self._session.watched, pen)
        missing = Text(
            "This server is gone: Hetzner no longer knows it. What follows is the last data.", pen.palette.bad
        )
        self.query_one("#lock", Static).update(missing if gone else lock)
        self.query_one("#facts", Static).update(detail_texts.facts(self._view.server, pen))
        jobs = self._jobs()
        self.query_one("#jobs", Static).update(
            detail_texts.jobs(jobs[::-1], pen) if jobs else Text("none", self.palette.quiet)
        )
        own = {made.id: made for job in jobs if (made := unlisted(job, fleet))}
        listed = {**fleet.snapshots, **own}
        found = [snapshot for snapshot in listed.values() if snapshot.server_id == self._server_id]
        table = detail_texts.snapshots(found, pen) if found else Text("none", self.palette.quiet)
        self.query_one("#snapshots", Static).update(table)

    async def _ask(self) -> None:
        block = self.query_one("#actions", Static)
        try:
            found = await self._session.server_actions(self._server_id)
        except CloudError as error:
            block.update(Text(f"✗ {explain(Failure.of(error))} r asks again.", self.palette.bad))
            return
        pen = detail_texts.Pen(self._session.clock.now(), self.palette)
        block.update(detail_texts.actions(found, pen) if found else Text("none", self.palette.quiet))

    def _jobs(self) -> list[Job]:
        return [job for job in self._session.jobs.values() if job.server_id == self._server_id]

    def _request_id(self) -> str | None:
        failures = [job.failure for job in self._jobs() if job.failure and job.failure.correlation_id]
        return failures[-1].correlation_id if failures else None
