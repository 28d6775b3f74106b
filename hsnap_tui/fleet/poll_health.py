"""Whether polls get through: since when the picture is stale, why, and how soon to try again (pure)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from hsnap_tui.cloud.errors import NO_ACCESS, CloudError
from hsnap_tui.cloud.limits import LONGEST_RETRY_AFTER
from hsnap_tui.fleet.poll import Part, Poll

FAILURES_IN_A_ROW = 3
"""Times in a row that a list may fail, while other parts succeed, before the picture counts as stale."""
LONGEST_BACKOFF = 15.0
LONGEST_WITHOUT_ACCESS = 60.0
_LISTS = (Part.FULL_LIST, Part.RUNNING)


class PollHealth:
    """Keeps track of how polls went. `on_failure` is called once for each new kind of failure, `on_recovery` with
    the seconds for which the data was stale."""

    def __init__(self, on_failure: Callable[[CloudError], None], on_recovery: Callable[[float], None]) -> None:
        self._on_failure = on_failure
        self._on_recovery = on_recovery
        self._in_a_row: dict[Part, tuple[int, CloudError]] = {}
        self._failed_polls = 0
        self._last_good: datetime | None = None
        self.failure: CloudError | None = None
        self.stale_since: datetime | None = None

    def note(self, poll: Poll) -> None:
        """Counts what failed in a row, part by part."""
        for part in poll.answered:
            self._in_a_row.pop(part, None)
        for part, error in poll.errors.items():
            times, _ = self._in_a_row.get(part, (0, error))
            self._in_a_row[part] = (times + 1, error)

    def record(self, poll: Poll, began: datetime, ended: datetime) -> None:
        """Takes note of one poll as a whole. One that asked for nothing changes nothing."""
        if not poll.answered and not poll.errors:
            return
        self.note(poll)
        error = self._reason(poll)
        if error is None:
            self._succeed(began, ended)
        else:
            self._fail(error, began)

    @property
    def backoff(self) -> float:
        """Seconds to wait after failed polls, at least; 0 while polls get through."""
        if self.failure is None:
            return 0.0
        longest = LONGEST_WITHOUT_ACCESS if self.failure.kind in NO_ACCESS else LONGEST_BACKOFF
        asked = min(self.failure.retry_after or 0.0, LONGEST_RETRY_AFTER)
        return max(min(longest, 2.0 ** min(self._failed_polls, 10)), asked)

    def _reason(self, poll: Poll) -> CloudError | None:
        """The failure because of which the data counts as stale, or None."""
        errors = list(poll.errors.values())
        if not poll.answered:
            return errors[0]
        no_access = [error for error in errors if error.kind in NO_ACCESS]
        lists = [self._in_a_row[part][1] for part in _LISTS if self._in_a_row.get(part, (0,))[0] >= FAILURES_IN_A_ROW]
        return next(iter(no_access + lists), None)

    def _succeed(self, began: datetime, ended: datetime) -> None:
        stale_since, self.stale_since, self.failure, self._failed_polls = self.stale_since, None, None, 0
        self._last_good = began
        if stale_since is not None:
            self._on_recovery(max(0.0, (ended - stale_since).total_seconds()))

    def _fail(self, error: CloudError, began: datetime) -> None:
        news = self.failure is None or self.failure.kind is not error.kind
        self.failure = error
        self._failed_polls += 1
        if self.stale_since is None:
            self.stale_since = self._last_good or began
        if news:
            self._on_failure(error)
