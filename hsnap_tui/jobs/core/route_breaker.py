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
OTHERS_FIRST = timedelta(seconds=15)
"""How much longer a job waits that has tried already, so that no job fails often because of the route alone."""


class RouteBreaker:
    """One route. Told of each attempt, which may begin with a look-up, and of what came of it."""

    def __init__(self) -> None:
        self._failed: set[str] = set()
        self._tried: set[str] = set()
        self._trying: str | None = None
        self._pause = FIRST_PAUSE
        self._next_try: datetime | None = None

    @property
    def failing(self) -> bool:
        """Whether the route fails for many."""
        return len(self._failed) >= FAILING_AFTER

    def may_try(self, job_id: str, now: datetime) -> bool:
        """Whether this job may begin an attempt now, or go on with it."""
        if not self.failing or self._trying == job_id:
            return True
        if self._trying is not None or self._next_try is None:
            return self._trying is None
        return now >= self._next_try + (OTHERS_FIRST if job_id in self._tried else timedelta())

    def pauses(self, now: datetime) -> bool:
        """Whether nobody may begin an attempt now."""
        return self.failing and (self._trying is not None or (self._next_try is not None and now < self._next_try))

    def begins(self, job_id: str) -> None:
        """The job begins an attempt, or goes on with it. While the route fails, the others wait for its end."""
        if self.failing and self._trying is None:
            self._trying = job_id

    def leaves(self, job_id: str) -> None:
        """The attempt of the job, if it has one, ended before its request was sent."""
        if self._trying == job_id:
            self._trying = None

    def failed(self, job_id: str, now: datetime) -> None:
        """Its request was refused for a reason that is not the job's, or lost."""
        was_failing = self.failing
        self._failed.add(job_id)
        if not self.failing:
            return
        if was_failing and self._trying != job_id:
            return
        if was_failing:
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
            self._tried.add(job_id)
        self._trying, self._next_try = None, now + self._pause

    def worked(self) -> None:
        """Hetzner has carried one out, or said why it does not: the route is open for all."""
        self._failed.clear()
        self._tried.clear()
        self._trying, self._next_try, self._pause = None, None, FIRST_PAUSE
