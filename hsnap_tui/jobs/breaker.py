"""A route of the API that fails for many jobs is tried by one at a time, with growing pauses, until it works (pure).

What is refused or lost for several jobs in a row is refused or lost for the others too, and every attempt costs
requests of a limit that others share.
"""

from __future__ import annotations

from datetime import datetime, timedelta

FAILING_AFTER = 3
"""Different jobs whose requests failed since one last got through."""
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=1)


class Breaker:
    """One route. Told of each request that was sent, got through or failed; asked before the next is sent."""

    def __init__(self) -> None:
        self._failed: set[str] = set()
        self._trying: str | None = None
        self._pause = FIRST_PAUSE
        self._next_try: datetime | None = None

    @property
    def failing(self) -> bool:
        """Whether the route fails for many."""
        return len(self._failed) >= FAILING_AFTER

    def may_try(self, job_id: str, now: datetime) -> bool:
        """Whether this job may send now."""
        if not self.failing:
            return True
        return self._trying in (None, job_id) and (self._next_try is None or now >= self._next_try)

    def pauses(self, now: datetime) -> bool:
        """Whether nobody may try now."""
        return self.failing and (self._trying is not None or (self._next_try is not None and now < self._next_try))

    def sent(self, job_id: str) -> None:
        """A request of the job is on its way. While the route fails, the others wait for what comes of it."""
        if self.failing and self._trying is None:
            self._trying = job_id

    def failed(self, job_id: str, now: datetime) -> None:
        """It was refused for a reason that is not the job's, or lost."""
        was_failing = self.failing
        self._failed.add(job_id)
        if not self.failing:
            return
        if was_failing and self._trying == job_id:
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        if not was_failing or self._trying == job_id:
            self._next_try = now + self._pause
            self._trying = None

    def worked(self) -> None:
        """Hetzner has carried one out, or said why it does not: the route is open for all."""
        self._failed.clear()
        self._trying, self._next_try, self._pause = None, None, FIRST_PAUSE
