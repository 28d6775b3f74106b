"""The snapshot job as it becomes during one step."""

from __future__ import annotations

from dataclasses import replace

from hsnap_tui.jobs.core import tracked_request
from hsnap_tui.jobs.core.model import Power, RequestKind, SnapshotJob, TrackedRequest
from hsnap_tui.jobs.core.step_builder import StepBuilder


class SnapshotStepBuilder(StepBuilder[SnapshotJob]):
    """Knows what the job has done to the power of its server."""

    @property
    def may_start(self) -> bool:
        """Whether anything new may be begun: a shutdown, a power-off, a snapshot. Powering on may be at any time."""
        job = self.job
        was_off = job.power is Power.WATCHED and job.off_at is not None
        untouched = job.power is not Power.RESTORED and not was_off and not job.power_on.attempts
        return untouched and super().may_start

    def forget_power(self) -> None:
        """A job that starts over, with a server that is on again, has asked for nothing.

        Unless a shutdown may still take effect: then what was sent stays known as ours.
        """
        job = self.job
        self.set(
            power_on=TrackedRequest(RequestKind.POWER_ON), off_at=None, on_at=None, odd_since=None, unseen_since=None
        )
        if job.power is Power.WATCHED:
            for request in (job.shutdown, job.power_off):
                self.set_request(replace(tracked_request.again(request), unknown_count=0))
        else:
            self.set(
                power=Power.NONE,
                shutdown=TrackedRequest(RequestKind.SHUTDOWN),
                power_off=TrackedRequest(RequestKind.POWER_OFF),
            )
