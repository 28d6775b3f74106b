"""The smallest engine that keeps the contract of the job state machine, against `Hetzner` over a hostile transport.

It commits each step before it runs the step's command, and checks on every step what must hold at any time.

- The transport may carry a request out at any moment or never, and lose answers. A request that was given up has its
  connection reset, so that nothing leaves this machine any more; what has left it may be carried out until just
  before `SETTLE` has passed (proxies give up within seconds). `lose` may exceed that bound: what is promised then is
  less, see `late_snapshots` and `too_late_off`.
- The process may be killed at any moment: the journal has what was committed. It may stand still for any time:
  nothing is processed, while requests under way go on. When it starts, the machine's clock may have been set; within
  a process time is monotonic. What Hetzner's `Date` says of its clock may be wrong for a while.
- The token may lose the right to write, or all access, for a while: what was refused surely had no effect.

Times of the job are those of our clock; times of `Hetzner` are true.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hsnap_tui.cloud.errors import CloudError, Effect, ErrorKind
from hsnap_tui.jobs.core.model import Power, RequestKind
from hsnap_tui.jobs.core.observations import (
    ActionSeen,
    AnswerLost,
    JobObservation,
    LookedUp,
    LookUp,
    LookUpFailed,
    RequestAccepted,
    RequestRefused,
    Send,
    ServerSeen,
    StepContext,
    Tick,
)
from hsnap_tui.jobs.core.snapshot.late_shutdown import EXPECTED_FOR
from hsnap_tui.jobs.core.snapshot.machine import step
from hsnap_tui.jobs.core.snapshot.resume import resume
from hsnap_tui.jobs.core.tracked_request import SETTLE
from tests.jobs.core import promises
from tests.jobs.core.access import Access
from tests.jobs.core.world_state import JOB_ID, NO_TIME, START, Flight, View, WorldState, new_job

LATENCY = 0.05
POLL_EVERY = timedelta(seconds=3)
LATER = timedelta(seconds=15)
"""How often a poll comes when all goes well for more than a minute: an hour has few requests for many servers."""
SELDOM = timedelta(minutes=5)
"""How often a poll comes when nothing changes for hours."""
LATEST_EFFECT = SETTLE - timedelta(milliseconds=50)


@dataclass
class World(WorldState):
    """One job, its journal, the requests under way, and Hetzner; time passes and things happen."""

    # -- time ---------------------------------------------------------------------------------------------------

    def wait(self, seconds: float, *, asleep: bool = False) -> None:
        """Time passes; the process wakes when the job asked for it, unless the machine is asleep."""
        until = self.now + timedelta(seconds=seconds)
        while self.alive and not asleep and self.job.wake_at is not None and self.job.wake_at <= until:
            self._pass(max(self.now, self.job.wake_at))
            self.tell(Tick())
        self._pass(until)

    def _pass(self, until: datetime) -> None:
        """Moves our clock; effects that come late are tried from their moment on until it is too late for them."""
        here, until = self.hetzner, self.true(until)
        while self.late and min(due for _, due, _ in self.late) <= until:
            request_kind, due, latest = min(self.late, key=lambda effect: effect[1])
            self.late.remove((request_kind, due, latest))
            here.advance(max(here.now, due))
            again = due + timedelta(seconds=0.5)
            if not isinstance(self._post(request_kind), CloudError):
                self.happened["an effect came late"] += 1
                self._note_lateness(request_kind, latest)
            elif again <= latest:
                self.late.append((request_kind, again, latest))
        here.advance(until)

    def _note_lateness(self, request_kind: RequestKind, latest: datetime) -> None:
        if self.hetzner.now > latest:
            self.happened["an effect came later than the bound"] += 1
            self.late_snapshots += request_kind is RequestKind.CREATE_IMAGE
            self.mistaken |= request_kind is RequestKind.POWER_ON
            self.too_late_off |= (
                request_kind in (RequestKind.SHUTDOWN, RequestKind.POWER_OFF) and self.job.state.ended
            )

    # -- the engine ---------------------------------------------------------------------------------------------

    def tell(self, observation: JobObservation) -> None:
        """One step: committed, checked, and its command begun."""
        before = self.job
        context = StepContext(self.now, self.may_send, self.may_stop, self.leaving, self.known_offset)
        result = step(before, observation, context)
        promises.check_step(self, before, observation, result)
        self.job = result.job
        if before.power is Power.WATCHED and self.job.power is Power.RESTORED:
            self.forgotten |= self.clock_leapt or self.hetzner.shown_status is not self.hetzner.status
        adopted = {request.action_id for request in (self.job.shutdown, self.job.power_off, self.job.power_on)}
        self.mistaken |= any(work.action.id in adopted and not work.ours for work in self.hetzner.works)
        self.events.extend(result.events)
        match result.command:
            case Send(request_kind):
                self.flight = Flight(request_kind)
                self.sent.append(request_kind)
                if request_kind is RequestKind.POWER_ON:
                    self.off_too_long = NO_TIME
            case LookUp(request_kind):
                self.look_up = (request_kind, self.now, self.view())
                self.look_ups += 1
                self.looked_at.append(self.hetzner.now)

    def crash(self, late: float | None = None) -> None:
        """The process is gone; a request that was not carried out may be after `late` seconds."""
        self.alive, self.leaving = False, False
        self._has_effect_after(late)
        self.flight = self.look_up = None
        self.polls.clear()

    def come_back(self, *, own: bool = False, clock_set: float = 0) -> None:
        """A new process takes the job over from the journal; the clock was set meanwhile, in seconds."""
        self.set_clock(clock_set)
        self.clock_leapt |= self.job.power is Power.WATCHED and clock_set > EXPECTED_FOR.total_seconds()
        if clock_set:
            self.clock_set_at = self.hetzner.now
            self.happened["the clock was set" + (" while a server was off" if self.restore_pending else "")] += 1
        context = StepContext(self.now, self.may_send, self.may_stop, self.leaving, self.known_offset)
        result = resume(self.job, context, own=own)
        self.alive = True
        self.came_back_at.append(self.hetzner.now)
        self.job = result.job
        self.events.extend(result.events)
        assert result.command is None
        self.tell(Tick())

    # -- the transport ------------------------------------------------------------------------------------------

    def carry_out(self) -> None:
        """The request under way reaches Hetzner."""
        if self.flight is not None and self.flight.outcome is None:
            self.flight.outcome = self._post(self.flight.request_kind)

    def _post(self, request_kind: RequestKind) -> RequestAccepted | CloudError:
        if self.access is not Access.FULL:
            self.happened["a request had no access"] += 1
            kind = ErrorKind.READ_ONLY_TOKEN if self.access is Access.READ else ErrorKind.UNAUTHORIZED
            return CloudError(kind, "no access", code=kind.value)
        try:
            return self.hetzner.post(
                request_kind, JOB_ID if request_kind is RequestKind.CREATE_IMAGE else None, ours=True
            )
        except CloudError as error:
            if request_kind in self.hetzner.routes:
                self.happened[f"a route refused: {error.kind}"] += 1
            return error

    def answer(self) -> None:
        """The request under way is carried out and its answer arrives."""
        self.carry_out()
        flight = self._land()
        match flight.outcome:
            case RequestAccepted() as accepted:
                self.tell(accepted)
            case CloudError(effect=Effect.POSSIBLE) as error:
                self.tell(AnswerLost(flight.request_kind, error))
            case CloudError() as error:
                self.tell(RequestRefused(flight.request_kind, error))

    def refuse(self, kind: ErrorKind, retry_after: float | None = None) -> None:
        """The request under way is refused before it could have an effect."""
        flight = self._land()
        assert flight.outcome is None
        self.tell(RequestRefused(flight.request_kind, CloudError(kind, kind.value, retry_after=retry_after)))

    def lose(self, late: float | None = None, kind: ErrorKind = ErrorKind.OUTCOME_UNKNOWN) -> None:
        """The answer is lost; a request that was not carried out may be after `late` seconds."""
        self._has_effect_after(late)
        self.tell(AnswerLost(self._land().request_kind, CloudError(kind, kind.value, Effect.POSSIBLE)))

    def _has_effect_after(self, late: float | None) -> None:
        if late is not None and self.flight is not None and self.flight.outcome is None:
            now = self.hetzner.now
            self.late.append((self.flight.request_kind, now + timedelta(seconds=late), now + LATEST_EFFECT))

    def locked_by_itself(self) -> None:
        """Something on the way sends a request twice; the answer is that of the second one, a 423."""
        self.carry_out()
        flight = self._land()
        self.tell(
            RequestRefused(flight.request_kind, CloudError(ErrorKind.LOCKED, "server is locked", code="locked"))
        )

    def _land(self) -> Flight:
        flight, self.flight = self.flight, None
        assert flight is not None
        return flight

    # -- look-ups and polls -------------------------------------------------------------------------------------

    def answer_look_up(self, server: bool = True, actions: bool = True, snapshots: bool = True) -> None:
        """The look-up's answers arrive, each read just now or when it was begun."""
        assert self.look_up is not None
        if self.access is Access.NONE:
            self.fail_look_up(kind=ErrorKind.UNAUTHORIZED)
            return
        (request_kind, started, old), new = self.look_up, self.view()
        self.look_up = None
        self.tell(
            LookedUp(
                request_kind,
                started,
                (new if server else old).server,
                (new if actions else old).actions,
                ((new if snapshots else old).snapshots if request_kind is RequestKind.CREATE_IMAGE else ()),
            )
        )

    def fail_look_up(self, retry_after: float | None = None, kind: ErrorKind = ErrorKind.UNREACHABLE) -> None:
        """The look-up can't be done."""
        self.look_up = None
        self.tell(LookUpFailed(CloudError(kind, kind.value, retry_after=retry_after)))

    def begin_poll(self) -> None:
        """A poll begins; it is delivered later."""
        self.polls.append((self.now, self.view()))

    def deliver_poll(self, index: int = 0, *, stale: bool = False) -> None:
        """A poll's answer arrives, read just now or when the poll was begun."""
        started, old = self.polls.pop(index)
        self._see(started, old if stale else self.view())

    def _see(self, started: datetime, view: View) -> None:
        if self.access is Access.NONE:
            return
        for action in view.actions:
            if action.id in (
                self.job.create_image.action_id,
                self.job.shutdown.action_id,
                self.job.power_on.action_id,
            ):
                self.tell(ActionSeen(action))
        self.tell(ServerSeen(started, view.server, view.lock_holder))

    def poll(self) -> None:
        """A poll that is answered at once."""
        self._see(self.now, self.view())

    def run(self, seconds: float, stop_at: RequestKind | None = None, every: timedelta = POLL_EVERY) -> None:
        """All goes well for so long, or until a request of that kind is under way: answers and polls arrive."""
        until, soon = self.now + timedelta(seconds=seconds), self.now + timedelta(minutes=1)
        while self._answer_all(stop_at) and self.now < until:
            if self.job.resting and not self.job.watching:
                return
            begun = self.now
            self.wait(LATENCY)
            self._see(begun, self.view())
            pause = every if self.now < soon else LATER if self.restore_pending else max(every, LATER)
            self._rest(min(until, self.now + pause), stop_at)
            self._count_downtime(begun)

    def _rest(self, until: datetime, stop_at: RequestKind | None) -> None:
        """Until the next poll: what the job asks for meanwhile is answered."""
        while self._answer_all(stop_at) and self.now < until:
            wake_at = self.job.wake_at
            due = wake_at if wake_at is not None and self.now < wake_at < until else until
            self.wait((due - self.now).total_seconds())

    def _count_downtime(self, begun: datetime) -> None:
        """Counts the time since a poll was begun that saw the server off: what nobody has seen yet is no delay."""
        passed, off_since = self.now - begun, self.hetzner.off_since
        if not promises.off_because_of_us(self):
            self.off_while_well = self.off_too_long = NO_TIME
        elif self.can_switch_on and off_since is not None and off_since <= self.true(begun):
            self.off_while_well += passed
            allowed = self.job.options.max_downtime
            self.happened["a server was off for about as long as allowed"] += self.off_while_well > allowed - LATER
            if self.off_while_well > allowed:
                self.off_too_long += passed

    def _answer_all(self, stop_at: RequestKind | None) -> bool:
        for _ in range(20):
            if self.flight is not None:
                if self.flight.request_kind is stop_at:
                    return False
                self.wait(LATENCY)
                self.answer()
            elif self.look_up is not None:
                self.wait(LATENCY)
                self.answer_look_up()
            else:
                return True
        raise AssertionError("it asks again and again without letting time pass")

    def check_end(self) -> None:
        """What a job that has ended promises."""
        promises.ended_well(self)


__all__ = ["JOB_ID", "START", "World", "new_job"]
