"""The process that sends, as another one sees it: who it is, and whether it works or stands still."""

from __future__ import annotations

from collections.abc import Callable

from hsnap_tui.common.clock import Clock
from hsnap_tui.events import Event, LeaderResponds, LeaderStalled, Role, RoleChanged
from hsnap_tui.jobs.store.leader import BeatWatch, Leader, LeaderView

LOOK_EVERY = 0.5
"""Seconds between two looks at what other processes have written, and at whether one of them sends."""


class Following:
    """Looks again and again; `leader` is the process that sends, none as long as none is known."""

    def __init__(self, leader_lock: Leader, clock: Clock, project: str, publish: Callable[[Event], None]) -> None:
        self.leader: LeaderView | None = None
        self._leader_lock = leader_lock
        self._clock = clock
        self._project = project
        self._publish = publish
        self._watch = BeatWatch()
        self._taken = 0

    def look(self, *, free: bool) -> None:
        """Takes note of whether the right to send is free, and if not, of who has it.

        Another process may have the right for a moment only to see whether it is free: that counts when it is seen
        twice in a row.
        """
        self._taken = 0 if free else self._taken + 1
        if free:
            self.leader, self._watch = None, BeatWatch()
        elif self._taken > 1:
            self._see()

    def _see(self) -> None:
        now, before = self._clock.now(), self.leader
        beat = self._leader_lock.last_beat()
        self._watch.look(beat, self._clock.monotonic(), now)
        pid = beat.pid if beat else self._leader_lock.leader_pid()
        self.leader = LeaderView(pid, self._watch.still_since, self._watch.still_for)
        if before is None or before.pid != pid:
            self._publish(RoleChanged(now, self._project, Role.FOLLOWER, pid))
        stood, stands = before is not None and before.still_since, self.leader.still_since
        if stands and not stood:
            self._publish(LeaderStalled(now, self._project, pid, stands))
        elif stood and not stands:
            self._publish(LeaderResponds(now, self._project, pid))
