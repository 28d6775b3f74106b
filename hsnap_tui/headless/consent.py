"""A yes given beforehand, for jobs that are held now or will be once it is known how they stand."""

from __future__ import annotations

from collections.abc import Iterable

from hsnap_tui.jobs.model import JobState
from hsnap_tui.session import Session

TAKEN_IN_WITHIN = 5.0


class Consent:
    """A yes for each of some jobs, once: what is held again afterwards is held for a new reason.

    An interrupted job is only held when its server is on again, or when a lost answer has been looked up.
    """

    def __init__(self, session: Session, job_ids: Iterable[str]) -> None:
        self._session = session
        self._open = set(job_ids)

    async def give(self) -> bool:
        """Says yes for those that are held now and waits until it is taken in; whether there were any.

        Raises `Refused`.
        """
        jobs = self._session.jobs
        held = {job_id for job_id in self._open if job_id in jobs and jobs[job_id].state is JobState.HELD}
        if not held:
            return False
        self._open -= held
        await self._session.release(held)
        clock = self._session.clock
        started = clock.monotonic()
        while clock.monotonic() - started < TAKEN_IN_WITHIN and any(jobs[i].state is JobState.HELD for i in held):
            await clock.sleep(0.1)
        return True
