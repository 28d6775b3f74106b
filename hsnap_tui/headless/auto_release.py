"""Approves held jobs without a person, for `resume --yes` and for batches whose options were given on the command
line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

from hsnap_tui.jobs.core.model import HoldReason, Job
from hsnap_tui.session.session import Session

APPLIED_WITHIN = 5.0
"""Seconds to wait until approved jobs go on, before looking for others that are held."""

PROCESS_ENDED = frozenset({HoldReason.OLD, HoldReason.SHUTS_DOWN, HoldReason.INTERRUPTED})
"""Hold reasons that arise when the process that started the jobs, or the leader, has ended."""

ALL_REASONS = frozenset(HoldReason)


class AutoRelease:
    """Approves each of the chosen jobs at most `times` times, and only if it is held for one of `reasons`.

    A job can be held some time after the start: an interrupted one only once its server is on again, or once a lost
    answer has been looked up. So `release_held` has to be called repeatedly.
    """

    def __init__(
        self,
        session: Session,
        chosen: Callable[[], list[Job]],
        reasons: Collection[HoldReason] = ALL_REASONS,
        times: int = 1,
    ) -> None:
        self._session = session
        self._chosen = chosen
        self._reasons = reasons
        self._times = times
        self._releases: Counter[str] = Counter()

    async def release_held(self) -> bool:
        """Approves the jobs that are held now, and waits a few seconds until they go on. Returns whether there
        were any.

        Raises `RefusedError`.
        """
        held = {job.id for job in self._chosen() if self._may_release(job)}
        if not held:
            return False
        self._releases.update(held)
        await self._session.jobs.release(held)
        clock = self._session.clock
        started = clock.monotonic()
        while clock.monotonic() - started < APPLIED_WITHIN and self._any_still_held(held):
            await clock.sleep(0.1)
        return True

    def _may_release(self, job: Job) -> bool:
        return job.approvable and job.hold in self._reasons and self._releases[job.id] < self._times

    def _any_still_held(self, held: set[str]) -> bool:
        return any(job.approvable for job in self._chosen() if job.id in held)
