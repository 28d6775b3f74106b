"""The job as it becomes during one step: what changes, what is told, and the one command that comes out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hsnap_tui.events import Failure, JobEvent, JobEventKind
from hsnap_tui.jobs import sending
from hsnap_tui.jobs.model import HoldReason, Job, JobState, Power, Sending, Verb
from hsnap_tui.jobs.observations import Command, LookUp, Send, Step, Turn

_FIELD = {Verb.CREATE_IMAGE: "create", Verb.SHUTDOWN: "stop", Verb.POWER_OFF: "cut", Verb.POWER_ON: "start"}


class Draft:
    """Mutable within a step only; `finish` gives the immutable result."""

    def __init__(self, job: Job, turn: Turn) -> None:
        self.job = job
        self.turn = turn
        self._command: Command | None = None
        self._events: list[JobEvent] = []

    @property
    def now(self) -> datetime:
        """The time of this step, UTC by our clock."""
        return self.turn.now

    @property
    def may_start(self) -> bool:
        """Whether anything new may be begun: a shutdown, a power-off, a snapshot. Switching on may be at any time."""
        job = self.job
        wanted = job.result is None and job.hold is None and not job.cancelled
        was_off = job.power is Power.WATCHED and job.off_at is not None
        untouched = job.power is not Power.SETTLED and not was_off and not job.start.attempts
        return wanted and untouched and self.turn.may_send and not self.turn.leaving

    def set(self, **changes: Any) -> None:
        """Changes fields of the job."""
        self.job = replace(self.job, **changes)

    def sending(self, verb: Verb) -> Sending:
        """The job's sending of that verb."""
        found: Sending = getattr(self.job, _FIELD[verb])
        return found

    def put(self, changed: Sending) -> None:
        """Replaces the job's sending of that verb."""
        self.set(**{_FIELD[changed.verb]: changed})

    def tell(self, kind: JobEventKind, **fields: Any) -> None:
        """Adds a milestone about this job."""
        job = self.job
        self._events.append(
            JobEvent(self.now, job.project, kind, job.batch, job.id, job.server_id, job.server_name, **fields)
        )

    def due(self, verb: Verb) -> bool:
        """Whether requests and look-ups of that verb need to wait no longer."""
        not_before = self.sending(verb).not_before
        return not_before is None or self.now >= not_before

    def pause(self, verb: Verb, duration: timedelta) -> None:
        """Neither looks up nor sends that verb for so long."""
        self.put(sending.paused(self.sending(verb), self.now + duration))

    def send(self, verb: Verb, state: JobState) -> None:
        """Writes down the intent and asks for the request."""
        self.put(sending.intend(self.sending(verb), self.now))
        self.set(state=state)
        self._command = Send(verb)

    def look_up(self, verb: Verb) -> None:
        """Asks for a look-up, when it is time for one."""
        if self.due(verb):
            self.set(looking=verb)
            self._command = LookUp(verb)

    def look_again_later(self, verb: Verb) -> None:
        """Counts a look-up that told nothing and plans the next."""
        self.put(sending.looked(self.sending(verb), self.now))

    def fail(self, failure: Failure) -> None:
        """The job will end as failed, once the server is switched on again if we owe that."""
        self.set(result=JobState.FAILED, failure=failure, ended=None)
        self.tell(JobEventKind.FAILED, failure=failure, image_id=self.job.image_id)

    def hold(self, reason: HoldReason, failure: Failure | None = None) -> None:
        """The job will wait for a person, once the server is switched on again if we owe that."""
        self.set(result=JobState.HELD, hold=reason, failure=failure)
        if self.job.power is not Power.OWED:
            self.rest()

    def rest(self) -> None:
        """Lets the job stand in its result: held and unknown ones wait for a person, all others have ended."""
        job = self.job
        if job.result is None:
            return
        again = job.ended is not None
        ended = (job.ended or self.now) if job.result.ended else None
        hold = job.hold if job.result is JobState.HELD else None
        self.set(state=job.result, result=None, ended=ended, hold=hold)
        if again:
            return
        match job.result:
            case JobState.HELD:
                self.tell(JobEventKind.HELD, note=job.hold.value if job.hold else None, failure=job.failure)
            case JobState.UNKNOWN:
                self.tell(JobEventKind.UNKNOWN, failure=job.failure)
            case JobState.DONE:
                seconds = (self.now - job.created).total_seconds()
                self.tell(JobEventKind.DONE, seconds=seconds, image_id=job.image_id, size=job.size)
            case JobState.CANCELLED:
                self.tell(JobEventKind.CANCELLED)
            case JobState.SKIPPED:
                self.tell(JobEventKind.SKIPPED, holder=job.holder)
            case _:
                pass

    def forget_power(self) -> None:
        """A job that starts over, with a server that is on again, has asked for nothing.

        Unless a shutdown may still take effect: then what was sent stays known as ours.
        """
        job = self.job
        self.set(start=Sending(Verb.POWER_ON), off_at=None, on_at=None, odd_since=None, unseen_since=None)
        if job.power is Power.WATCHED:
            self.set(stop=sending.again(job.stop), cut=sending.again(job.cut))
        else:
            self.set(power=Power.NONE, stop=Sending(Verb.SHUTDOWN), cut=Sending(Verb.POWER_OFF))

    def finish(self) -> Step:
        """What the step gives."""
        self.set(wake_at=self._next_wake())
        return Step(self.job, self._command, tuple(self._events))

    def _next_wake(self) -> datetime | None:
        """The next moment at which something may be done that must wait now."""
        if self.job.resting:
            return None
        planned = [self.job.must_be_on_by, *(self.sending(verb).not_before for verb in Verb)]
        return min((moment for moment in planned if moment is not None and moment > self.now), default=None)
