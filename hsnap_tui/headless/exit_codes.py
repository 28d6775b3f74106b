"""The exit codes, and which one the outcome of jobs gives."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from hsnap_tui.jobs.core.model import HoldReason, Job, JobState


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NO_ACCESS = 3
    NOTHING_MATCHED = 4
    UNFINISHED = 5
    ALL_SKIPPED = 6


MEANINGS = {
    ExitCode.DONE: "all done",
    ExitCode.FAILED: "some failed",
    ExitCode.USAGE: "wrong usage, or what was named may not be deleted",
    ExitCode.NO_ACCESS: "no access: the token or the network",
    ExitCode.NOTHING_MATCHED: "no server matched, or there is no such snapshot",
    ExitCode.UNFINISHED: "unfinished: interrupted, needs approval, waited too long, or a server is still off "
    "because of it",
    ExitCode.ALL_SKIPPED: "all skipped: their servers were locked",
}
"""The meaning of each code, for the help and the README."""


def exit_code(jobs: Iterable[Job]) -> ExitCode:
    """The exit code for the states of these jobs. Jobs that can still be finished take precedence over failed
    ones."""
    jobs = tuple(jobs)
    states = {job.state for job in jobs}
    if any(job.hold is HoldReason.NO_ACCESS and job.approvable for job in jobs):
        return ExitCode.NO_ACCESS
    if any(not job.over for job in jobs):
        return ExitCode.UNFINISHED
    if JobState.FAILED in states:
        return ExitCode.FAILED
    if JobState.CANCELLED in states:
        return ExitCode.UNFINISHED
    if states == {JobState.SKIPPED}:
        return ExitCode.ALL_SKIPPED
    return ExitCode.DONE
