"""The smallest engine that keeps the contract of the job state machine, against `Hetzner` over a hostile transport.

It commits each step before it runs the step's command, and checks on every step what must hold at any time. The
transport may carry a request out at any moment or never, lose answers, and let the effect of a lost request come
until just before `SETTLE` has passed. The process may crash at any moment; what is not committed is gone then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hsnap_tui.cloud.errors import Carried, CloudError, ErrorKind
from hsnap_tui.cloud.model import Action, ActionStatus, Server, ServerStatus, Snapshot
from hsnap_tui.events import JobEvent
from hsnap_tui.jobs.job import LOCK_SHOWS_WITHIN, step
from hsnap_tui.jobs.model import HoldReason, Job, JobState, Phase, Power, Sending, SnapshotOptions, Verb
from hsnap_tui.jobs.observations import (
    Accepted,
    ActionSeen,
    JobObservation,
    LookedUp,
    LookUp,
    LookUpFailed,
    Lost,
    Refused,
    Seen,
    Send,
    Step,
    Tick,
    Turn,
)
from hsnap_tui.jobs.resume import resume
from hsnap_tui.jobs.sending import CLOCK_MARGIN, SETTLE
from tests.jobs.hetzner import COMMAND, SERVER_ID, Hetzner, Work

START = datetime(2026, 7, 1, 12, 0, 0, 250_000, UTC)
JOB_ID = "job-1"
LATENCY = 0.05
POLL_EVERY = timedelta(seconds=3)
LATEST_EFFECT = SETTLE - timedelta(milliseconds=50)
STOPS = (Verb.SHUTDOWN, Verb.POWER_OFF)


def new_job(options: SnapshotOptions) -> Job:
    """A job as it is queued."""
    return Job(JOB_ID, "batch-1", "p", SERVER_ID, "web", "web-snapshot", options, START)


@dataclass
class Flight:
    """A request on its way; `outcome` once it was carried out or refused at Hetzner."""

    verb: Verb
    outcome: Accepted | CloudError | None = None


@dataclass(frozen=True)
class View:
    """What Hetzner would have answered at one moment."""

    server: Server | None
    holder: Action | None
    actions: tuple[Action, ...]
    snapshots: tuple[Snapshot, ...]


@dataclass
class World:
    """One job, its journal, the requests under way, and Hetzner."""

    options: SnapshotOptions = field(default_factory=SnapshotOptions)
    hetzner: Hetzner = field(default_factory=lambda: Hetzner(START))
    known_offset: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        self.job = new_job(self.options)
        self.events: list[JobEvent] = []
        self.alive = True
        self.leaving = False
        self.may_send = True
        self.may_stop = True
        self.flight: Flight | None = None
        self.look_up: tuple[Verb, datetime, View] | None = None
        self.polls: list[tuple[datetime, View]] = []
        self.late: list[tuple[Verb, datetime, datetime]] = []
        self.sent: list[Verb] = []
        self.look_ups = 0
        self.asked_off_at: datetime | None = None
        self.mistaken = False
        """Whether somebody else's action was taken for that of a request of ours whose answer was lost, as nobody can
        tell them apart. What ours does when it comes after all is then taken for somebody else's."""

    def stands(self, state: JobState, hold: HoldReason | None = None) -> bool:
        """Whether the job stands there now."""
        return self.job.state is state and self.job.hold is hold

    # -- time ---------------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """Our clock."""
        return self.hetzner.now

    def wait(self, seconds: float, *, asleep: bool = False) -> None:
        """Time passes; the process wakes when the job asked for it, unless the machine is asleep."""
        until = self.now + timedelta(seconds=seconds)
        while self.alive and not asleep and self.job.wake_at is not None and self.job.wake_at <= until:
            self._pass(max(self.now, self.job.wake_at))
            self.tell(Tick())
        self._pass(until)

    def _pass(self, until: datetime) -> None:
        """Moves the clock; effects that come late are tried from their moment on until it is too late for them."""
        while self.late and min(due for _, due, _ in self.late) <= until:
            verb, due, latest = min(self.late, key=lambda effect: effect[1])
            self.late.remove((verb, due, latest))
            self.hetzner.advance(max(self.now, due))
            again = due + timedelta(seconds=0.5)
            if isinstance(self._post(verb), CloudError) and again <= latest:
                self.late.append((verb, again, latest))
        self.hetzner.advance(until)

    # -- the engine ---------------------------------------------------------------------------------------------

    def tell(self, observation: JobObservation) -> None:
        """One step: committed, checked, and its command begun."""
        before = self.job
        turn = Turn(self.now, self.may_send, self.may_stop, self.leaving, self.known_offset)
        result = step(before, observation, turn)
        self.check_step(before, observation, result)
        self.job = result.job
        adopted = {request.action_id for request in (self.job.stop, self.job.cut, self.job.start)}
        self.mistaken |= any(work.action.id in adopted and not work.ours for work in self.hetzner.works)
        self.events.extend(result.events)
        match result.command:
            case Send(verb):
                self.flight = Flight(verb)
                self.sent.append(verb)
            case LookUp(verb):
                self.look_up = (verb, self.now, self.view())
                self.look_ups += 1

    def crash(self, late: float | None = None) -> None:
        """The process is gone; a request that was not carried out may be after `late` seconds."""
        self.alive, self.leaving = False, False
        self._has_effect_after(late)
        self.flight = self.look_up = None
        self.polls.clear()

    def come_back(self, *, own: bool = False) -> None:
        """A new process takes the job over from the journal."""
        turn = Turn(self.now, self.may_send, self.may_stop, self.leaving, self.known_offset)
        result = resume(self.job, turn, own=own)
        self.alive = True
        self.job = result.job
        self.events.extend(result.events)
        assert result.command is None
        self.tell(Tick())

    # -- the transport ------------------------------------------------------------------------------------------

    def carry_out(self) -> None:
        """The request under way reaches Hetzner."""
        if self.flight is not None and self.flight.outcome is None:
            self.flight.outcome = self._post(self.flight.verb)

    def _post(self, verb: Verb) -> Accepted | CloudError:
        try:
            return self.hetzner.post(verb, JOB_ID if verb is Verb.CREATE_IMAGE else None, ours=True)
        except CloudError as error:
            return error

    def answer(self) -> None:
        """The request under way is carried out and its answer arrives."""
        self.carry_out()
        flight = self._land()
        match flight.outcome:
            case Accepted() as accepted:
                self.tell(accepted)
            case CloudError() as error:
                self.tell(Refused(flight.verb, error))

    def refuse(self, kind: ErrorKind, retry_after: float | None = None) -> None:
        """The request under way is refused before it could have an effect."""
        flight = self._land()
        assert flight.outcome is None
        self.tell(Refused(flight.verb, CloudError(kind, kind.value, retry_after=retry_after)))

    def lose(self, late: float | None = None, kind: ErrorKind = ErrorKind.UNCLEAR) -> None:
        """The answer is lost; a request that was not carried out may be after `late` seconds."""
        self._has_effect_after(late)
        self.tell(Lost(self._land().verb, CloudError(kind, kind.value, Carried.PERHAPS)))

    def _has_effect_after(self, late: float | None) -> None:
        if late is not None and self.flight is not None and self.flight.outcome is None:
            due = self.now + timedelta(seconds=late)
            self.late.append((self.flight.verb, due, self.now + LATEST_EFFECT))

    def locked_by_itself(self) -> None:
        """Something on the way sends a request twice; the answer is that of the second one, a 423."""
        self.carry_out()
        flight = self._land()
        self.tell(Refused(flight.verb, CloudError(ErrorKind.LOCKED, "server is locked", code="locked")))

    def _land(self) -> Flight:
        flight, self.flight = self.flight, None
        assert flight is not None
        return flight

    # -- look-ups and polls -------------------------------------------------------------------------------------

    def view(self) -> View:
        """What Hetzner would answer now."""
        here = self.hetzner
        return View(here.server(), here.holder(), here.actions(), here.labelled(JOB_ID))

    def answer_look_up(self, server: bool = True, actions: bool = True, snapshots: bool = True) -> None:
        """The look-up's answers arrive, each read just now or when it was begun."""
        assert self.look_up is not None
        (verb, started, old), new = self.look_up, self.view()
        self.look_up = None
        self.tell(
            LookedUp(
                verb,
                started,
                (new if server else old).server,
                (new if actions else old).actions,
                ((new if snapshots else old).snapshots if verb is Verb.CREATE_IMAGE else ()),
            )
        )

    def fail_look_up(self, retry_after: float | None = None) -> None:
        """The look-up can't be done."""
        self.look_up = None
        self.tell(LookUpFailed(CloudError(ErrorKind.UNREACHABLE, "no network", retry_after=retry_after)))

    def begin_poll(self) -> None:
        """A poll begins; it is delivered later."""
        self.polls.append((self.now, self.view()))

    def deliver_poll(self, index: int = 0, *, stale: bool = False) -> None:
        """A poll's answer arrives, read just now or when the poll was begun."""
        started, old = self.polls.pop(index)
        view = old if stale else self.view()
        for action in view.actions:
            if action.id in (self.job.create.action_id, self.job.stop.action_id, self.job.start.action_id):
                self.tell(ActionSeen(action))
        self.tell(Seen(started, view.server, view.holder))

    def poll(self) -> None:
        """A poll that is answered at once."""
        self.begin_poll()
        self.deliver_poll(-1)

    def run(self, seconds: float, stop_at: Verb | None = None) -> None:
        """All goes well for so long, or until a request of that verb is under way: answers and polls arrive."""
        until = self.now + timedelta(seconds=seconds)
        while self._answer_all(stop_at) and self.now < until:
            if self.job.state.ended or self.job.state.needs_person:
                return
            self.begin_poll()
            self.wait(LATENCY)
            self.deliver_poll(-1)
            if self._answer_all(stop_at):
                self.wait(max(0.0, min(POLL_EVERY, until - self.now).total_seconds()))

    def _answer_all(self, stop_at: Verb | None) -> bool:
        for _ in range(20):
            if self.flight is not None:
                if self.flight.verb is stop_at:
                    return False
                self.wait(LATENCY)
                self.answer()
            elif self.look_up is not None:
                self.wait(LATENCY)
                self.answer_look_up()
            else:
                return True
        raise AssertionError("it asks again and again without letting time pass")

    # -- what must hold on every step ---------------------------------------------------------------------------

    def check_step(self, before: Job, observation: JobObservation, result: Step) -> None:
        """Everything that can be said about one step."""
        after, command = result.job, result.command
        assert after.wake_at is None or after.wake_at > self.now, "it would be woken again and again"
        assert after.busy == (command is not None or bool(self.flight or self.look_up))
        if command is None:
            return
        assert self.flight is None
        assert self.look_up is None, "nothing is sent while an answer is awaited"
        if isinstance(command, Send):
            self._check_send(before, observation, after, command.verb)

    def _check_send(self, before: Job, observation: JobObservation, after: Job, verb: Verb) -> None:
        intent = sending_of(after, verb)
        assert intent.phase is Phase.SENT, "the intent is written down with the step"
        assert isinstance(observation, Seen | LookedUp)
        if sending_of(before, verb).attempts or verb in (Verb.POWER_OFF, Verb.POWER_ON):
            assert isinstance(observation, LookedUp), "a look-up comes before every further send"
            assert observation.verb is verb
        if verb is Verb.POWER_ON:
            self._check_power_on(after, observation)
            return
        assert self.may_send
        assert not self.leaving, "nothing is started when leaving"
        assert not before.cancelled
        if verb is Verb.SHUTDOWN:
            assert observation.server is not None
            assert observation.server.status is ServerStatus.RUNNING
            assert after.power is Power.OWED, "the debt is written down with the intent"
            if before.power is not Power.OWED:
                assert self.may_stop
                self.asked_off_at = self.now
        if verb is Verb.CREATE_IMAGE and self.options.shut_down and not self._others_since(observation.started):
            assert self.hetzner.deleted or self.hetzner.status is ServerStatus.OFF
            assert not self._must_have_shown_locked(observation)

    def _must_have_shown_locked(self, observation: Seen | LookedUp) -> bool:
        here = self.hetzner
        since = here.locked_since if here.locked else None
        return since is not None and since + LOCK_SHOWS_WITHIN < observation.started

    def _check_power_on(self, after: Job, observation: Seen | LookedUp) -> None:
        here = self.hetzner
        assert not self._must_have_shown_locked(observation), "it is not switched on while something holds it"
        assert self.asked_off_at is not None, "a server that was off before us is never switched on"
        ours = [work for work in here.works if work.ours or self._perhaps_ours(after, work)]
        stopped = max((w.began for w in ours if w.action.command in map(COMMAND.get, STOPS)), default=START)
        others = [work for work in self._others_since(self.asked_off_at) if work not in ours]
        known = [work for work in others if work.began < observation.started]
        before_ours = known and known[-1].action.command == COMMAND[Verb.POWER_ON] and known[-1].began <= stopped
        assert not known or before_ours, "what somebody else has switched after us is left alone"

    def _others_since(self, moment: datetime) -> list[Work]:
        """What somebody else has switched since then, and late power-ons of ours."""
        return [
            work
            for work in self.hetzner.works
            if work.began >= moment
            and work.action.status is not ActionStatus.ERROR
            and work.action.command != COMMAND[Verb.CREATE_IMAGE]
            and (not work.ours or work.action.command == COMMAND[Verb.POWER_ON])
        ]

    def _perhaps_ours(self, job: Job, work: Work) -> bool:
        """Whether it can be taken for a request of ours whose answer was lost."""
        for request in (job.stop, job.cut, job.start):
            if work.action.command == COMMAND[request.verb] and request.doubts:
                until = request.answered or request.doubt_until
                return until is None or work.began <= until + 2 * CLOCK_MARGIN
        return False

    # -- what must hold in the end ------------------------------------------------------------------------------

    def check_images(self) -> None:
        """Never two snapshots of one job."""
        usable = [image for image in self.hetzner.images if image.job == JOB_ID and not image.failed]
        assert len(usable) <= 1, "two snapshots"

    def check_end(self) -> None:
        """What a job that has ended promises."""
        assert self.job.state.ended
        assert self.job.power is not Power.OWED
        usable = [image for image in self.hetzner.images if image.job == JOB_ID and not image.failed]
        if self.job.state is JobState.DONE:
            assert [image.snapshot.status for image in usable] == ["available"]
            assert self.job.image_id == usable[0].snapshot.id
        else:
            assert not usable, "a snapshot that the job does not know of"
        self.check_power()

    def check_power(self) -> None:
        """No server stays off because of us."""
        here = self.hetzner
        if here.deleted or here.status is not ServerStatus.OFF or not here.switched_by_us or self.mistaken:
            return
        assert self.asked_off_at is not None
        # What began within the uncertainty of the clocks may have been before us or after us.
        since = self.asked_off_at - 2 * CLOCK_MARGIN
        others = [work for work in self._others_since(since) if not work.ours]
        assert others, "left off, and nobody else has touched it"


def sending_of(job: Job, verb: Verb) -> Sending:
    """The job's sending of that verb."""
    return {
        Verb.CREATE_IMAGE: job.create,
        Verb.SHUTDOWN: job.stop,
        Verb.POWER_OFF: job.cut,
        Verb.POWER_ON: job.start,
    }[verb]


__all__ = ["LOCK_SHOWS_WITHIN", "START", "Hetzner", "World", "new_job", "sending_of"]
