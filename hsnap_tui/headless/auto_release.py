"""A yes given beforehand, for jobs that are held now or will be once it is known how they stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

from hsnap_tui.jobs.core.model import HoldReason, Job
from hsnap_tui.session.session import Session

TAKEN_IN_WITHIN = 5.0

GONE = frozenset({HoldReason.OLD, HoldReason.SHUTS_DOWN, HoldReason.INTERRUPTED})
"""Reasons that come from the process that asked, or the one that sends, being gone."""

ALL = frozenset(HoldReason)


class AutoRelease:
    """A yes for each of the chosen jobs, so many times at most: after that it is held for a new reason.

    An interrupted job is only held when its server is on again, or when a lost answer has been looked up.
    """

    def __init__(
        self,
        session: Session,
        chosen: Callable[[], list[Job]],
        reasons: Collection[HoldReason] = ALL,
        times: int = 1,
    ) -> None:
        self._session = session
        self._chosen = chosen
        self._reasons = reasons
        self._times = times
        self._given: Counter[str] = Counter()

    async def release_held(self) -> bool:
        """Says yes for those that are held now and waits until it is taken in; whether there were any.

        Raises `Refused`.
        """
        held = {job.id for job in self._chosen() if self._counts_for(job)}
        if not held:
            return False
        self._given.update(held)
        await self._session.jobs.release(held)
        clock = self._session.clock
        started = clock.monotonic()
        while clock.monotonic() - started < TAKEN_IN_WITHIN and self._are_still(held):
            await clock.sleep(0.1)
        return True

    def _counts_for(self, job: Job) -> bool:
        return job.approvable and job.hold in self._reasons and self._given[job.id] < self._times

    def _are_still(self, held: set[str]) -> bool:
        return any(job.approvable for job in self._chosen() if job.id in held)
