"""The snapshot job as it becomes during one step."""

from __future__ import annotations

from dataclasses import replace

from hsnap_tui.jobs.core import tracked_request
from hsnap_tui.jobs.core.model import Power, SnapshotJob, TrackedRequest
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

        The actions of its earlier requests stay known as ours, so that none of them is taken for a later one. Where a
        shutdown may still take effect, so does all else that was sent.
        """
        job = self.job
        self.set(power_on=_begun_anew(job.power_on), off_at=None, on_at=None, odd_since=None)
        self.set(unseen_since=None, taken_over=None)
        if job.power is Power.WATCHED:
            for request in (job.shutdown, job.power_off):
                self.set_request(replace(tracked_request.again(request), unknown_count=0))
        else:
            self.set(power=Power.NONE, shutdown=_begun_anew(job.shutdown), power_off=_begun_anew(job.power_off))


def _begun_anew(request: TrackedRequest) -> TrackedRequest:
    return TrackedRequest(request.kind, ruled_out=tracked_request.again(request).ruled_out)
