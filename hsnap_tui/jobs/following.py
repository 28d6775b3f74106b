"""Watches the leader from a follower: which process it is, and whether it works or stands still."""

from __future__ import annotations

from collections.abc import Callable

from hsnap_tui.common.clock import Clock
from hsnap_tui.events import Event, LeaderResponds, LeaderStalled, Role, RoleChanged
from hsnap_tui.jobs.store.leader import BeatWatch, Leader, LeaderView

LOOK_EVERY = 0.5
"""Seconds between two checks of what other processes have written, and of which one is the leader."""


class Following:
    """Publishes who the leader is and whether it stands still. `leader` is None while none is known.

    `update` has to be called every `LOOK_EVERY` seconds.
    """

    def __init__(self, leader_lock: Leader, clock: Clock, project: str, publish: Callable[[Event], None]) -> None:
        self.leader: LeaderView | None = None
        self._leader_lock = leader_lock
        self._clock = clock
        self._project = project
        self._publish = publish
        self._watch = BeatWatch()
        self._seen_taken = 0

    def update(self, *, free: bool) -> None:
        """Takes note of whether leadership is free, and if not, of who has it.

        A process that checks whether leadership is free holds the lock for a moment: so only a lock that is seen
        twice in a row counts.
        """
        self._seen_taken = 0 if free else self._seen_taken + 1
        if free:
            self.leader, self._watch = None, BeatWatch()
        elif self._seen_taken > 1:
            self._read_heartbeat()

    def _read_heartbeat(self) -> None:
        now, before = self._clock.now(), self.leader
        beat = self._leader_lock.last_beat()
        self._watch.update(beat, self._clock.monotonic(), now)
        pid = beat.pid if beat else self._leader_lock.leader_pid()
        self.leader = LeaderView(pid, self._watch.still_since, self._watch.still_for)
        if before is None or before.pid != pid:
            self._publish(RoleChanged(now, self._project, Role.FOLLOWER, pid))
        was_stalled, stalled = before is not None and before.still_since, self.leader.still_since
        if stalled and not was_stalled:
            self._publish(LeaderStalled(now, self._project, pid, stalled))
        elif was_stalled and not stalled:
            self._publish(LeaderResponds(now, self._project, pid))
