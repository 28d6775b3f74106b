"""How urgent the requests and look-ups of a job are: a server that is off because of us comes first (pure)."""

from __future__ import annotations

from hsnap_tui.cloud.api import Priority
from hsnap_tui.jobs.core.model import Job, Power, RequestKind


def priority_of(job: Job, request_kind: RequestKind) -> Priority:
    """The priority of a request that the job sends.

    A server that we have shut down is off until its main request is accepted, so that only power-ons go before
    that one. A shutdown or power-off is not urgent: the server still runs.
    """
    if request_kind is RequestKind.POWER_ON:
        return Priority.POWER_ON
    waited_for = request_kind is job.main_request.kind and job.power is Power.RESTORE_PENDING
    return Priority.WHILE_OFF if waited_for else Priority.JOB


def priority_of_look_up(job: Job) -> Priority:
    """The priority of looking up what became of the job's requests."""
    return Priority.POWER_ON if job.power is Power.RESTORE_PENDING else Priority.LOOK_UP
