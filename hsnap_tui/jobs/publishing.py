"""Publishes the events of a project's jobs, and warnings about unreadable jobs and servers that are left off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from hsnap_tui.common import formatting
from hsnap_tui.common.clock import Clock
from hsnap_tui.events import (
    BatchQueued,
    Event,
    Failure,
    JobEvent,
    Notice,
    Role,
    RoleChanged,
    SendingHalted,
    SendingResumed,
)
from hsnap_tui.jobs.batch_ends import BatchEnds
from hsnap_tui.jobs.core.groups import servers_off
from hsnap_tui.jobs.core.model import Job
from hsnap_tui.jobs.store.rows import UnreadableJob


class Publisher:
    """What listeners are told about the jobs that this process knows of, which are in `jobs`.

    `project` gives the project's ID as far as it is known.
    """

    def __init__(
        self, clock: Clock, project: Callable[[], str], publish: Callable[[Event], None], jobs: dict[str, Job]
    ) -> None:
        self.jobs = jobs
        self.unreadable: dict[str, UnreadableJob] = {}
        self._clock = clock
        self._project = project
        self._publish = publish
        self._ends = BatchEnds(self.jobs, project, clock.now)

    def event(self, event: Event) -> None:
        """Publishes an event; after the last event of a batch also the end of the batch."""
        self._publish(event)
        if isinstance(event, JobEvent) and (end := self._ends.after(event)) is not None:
            self._publish(end)

    def publish_all(self, events: Iterable[JobEvent]) -> None:
        """Publishes events that another process has written to the journal."""
        for event in events:
            self.event(replace(event, project=self._project()))

    def of_this_project(self, job: Job) -> Job:
        """The job under the project's present ID: when it was written, the ID may have been a provisional one."""
        return replace(job, project=self._project())

    def warn(self, text: str) -> None:
        """Publishes a warning for the user that is about no job."""
        self._publish(Notice(self._clock.now(), self._project(), text, warning=True))

    def role(self, role: Role) -> None:
        """Publishes the role of this process: leader, follower or read-only."""
        self._publish(RoleChanged(self._clock.now(), self._project(), role))

    def queued(self, batch: str, jobs: Sequence[Job]) -> None:
        """Tells that these jobs, which are a batch, are in the journal."""
        kind = next((job.kind for job in jobs), "")
        self._publish(BatchQueued(self._clock.now(), self._project(), batch, len(jobs), kind))

    def halted(self, failure: Failure) -> None:
        """Publishes that nothing is sent, and why."""
        self._publish(SendingHalted(self._clock.now(), self._project(), failure))

    def resumed(self) -> None:
        """Publishes that requests are sent again."""
        self._publish(SendingResumed(self._clock.now(), self._project()))

    def report_unreadable(self, found: Iterable[UnreadableJob]) -> None:
        """Warns of jobs that can't be read, once for each."""
        for job in found:
            if job.id not in self.unreadable:
                self.unreadable[job.id] = job
                off = f"{job.server} may be off because of it: look at it. " if job.may_be_off else ""
                self.warn(
                    f"Job {job.id} ({job.server}) can't be read in the journal: {job.reason}. {off}"
                    "It is left as it is; all other jobs continue."
                )

    def warn_of_servers_off(self) -> None:
        """Warns which servers may stay off because this process has no access."""
        off = servers_off(self.jobs.values())
        if off:
            names = formatting.listed(list(dict.fromkeys(job.server_name for job in off)), 20)
            self.warn(
                f"Off because of hsnap-tui, or may be: {names}. Without access this hsnap-tui can't power them "
                "on: another one with a token that is accepted does, or hsnap-tui resume with one."
            )
