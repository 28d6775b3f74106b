"""Runs the jobs of a project: observations in, steps, one commit, then what the steps asked for.

A turn takes everything that has arrived, writes all changed jobs down in one transaction, and only then tells what
happened and sends. Only the process that holds the project's lock has an engine.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from hsnap_tui.cloud.api import CloudApi
from hsnap_tui.cloud.errors import NO_ACCESS, CloudError, ErrorKind
from hsnap_tui.cloud.model import Action
from hsnap_tui.common.clock import Clock
from hsnap_tui.events import Event, Failure, JobEvent, JobEventKind, Notice, SendingHalted, SendingResumed
from hsnap_tui.fleet.poll_targets import PollTargets
from hsnap_tui.fleet.state import Fleet, Observation
from hsnap_tui.jobs.command_runner import CommandRunner
from hsnap_tui.jobs.core.hold_spreading import applies, hold_for_others
from hsnap_tui.jobs.core.kinds import KINDS, kind_of
from hsnap_tui.jobs.core.model import HoldReason, Job, Phase, Power, RequestKind
from hsnap_tui.jobs.core.observations import (
    AnswerLost,
    Command,
    JobObservation,
    RequestAccepted,
    RequestDone,
    RequestRefused,
    Send,
    ServerSeen,
    Step,
    StepContext,
    Tick,
)
from hsnap_tui.jobs.core.polling import actions_in, known_observations, observations_for, poll_targets
from hsnap_tui.jobs.core.route_breaker import RouteBreaker
from hsnap_tui.jobs.core.server_exclusivity import must_wait, sharing
from hsnap_tui.jobs.look_ups import LookUps
from hsnap_tui.jobs.store.errors import JournalError
from hsnap_tui.jobs.store.journal import Journal

T = TypeVar("T")

JOURNAL_RETRY = timedelta(seconds=5)
SLICE = 50
"""So many steps, commands or events are dealt with before others have the event loop: a key is never waited for."""
_FAILS_FOR_ALL = frozenset({ErrorKind.RATE_LIMITED, ErrorKind.UNREACHABLE, ErrorKind.OUTCOME_UNKNOWN})
_PASSING = frozenset({JobEventKind.PROGRESS})


class Engine:
    """The jobs that have not ended, and those that ended since it began; `jobs` is for reading."""

    def __init__(
        self, cloud: CloudApi, journal: Journal, clock: Clock, publish: Callable[[Event], None], jobs: dict[str, Job]
    ) -> None:
        self.jobs = jobs
        self.halted: Failure | None = None
        self._cloud = cloud
        self._journal = journal
        self._clock = clock
        self._publish = publish
        self._servers = 0
        self._routes = {name: RouteBreaker() for name in KINDS}
        self._requests = CommandRunner(cloud, clock, LookUps(cloud, clock, lambda: self._servers), self.receive)
        self._inbox: list[tuple[str, JobObservation]] = []
        self._observed: list[tuple[Observation, Fleet]] = []
        self._arrived = asyncio.Event()
        self._unsaved: dict[str, Job] = {}
        self._untold: list[JobEvent] = []
        self._journal_due: datetime | None = None
        self._leaving = False
        self._retiring = False
        self._turning = False
        self._off: Counter[str] = Counter()
        self._sharing: Mapping[int, tuple[str, ...]] = {}
        self._woken: dict[str, datetime] = {}
        self._at_server: dict[int, list[str]] = {}
        self._indexed = 0
        self._holds_spread: set[tuple[HoldReason, str]] = set()
        self._wanted: tuple[frozenset[str], PollTargets] | None = None

    # -- what others tell it ------------------------------------------------------------------------------------

    def receive(self, job_id: str, observation: JobObservation) -> None:
        """Hands an observation to a job; it is taken in with the next turn."""
        self._inbox.append((job_id, observation))
        self._arrived.set()

    def take(self, jobs: Iterable[Job], fleet: Fleet) -> None:
        """Takes over jobs that are in the journal, with what is known of their servers."""
        self._servers = len(fleet.views)
        for job in jobs:
            if job.id in self.jobs:
                continue
            self.jobs[job.id] = job
            self._wanted = None
            self.receive(job.id, Tick())
            for seen in known_observations(job, fleet):
                self.receive(job.id, seen)

    def begin_with(self, resumed: Iterable[Step[Job]]) -> None:
        """Takes over jobs of an earlier process; what changed in them is written with the first turn."""
        for resumption in resumed:
            job = resumption.job
            self.jobs[job.id] = job
            self._wanted = None
            self._unsaved[job.id] = job
            self._untold.extend(resumption.events)
            self.receive(job.id, Tick())

    def observe(self, observation: Observation, fleet: Fleet) -> None:
        """Hands what a poll saw to the jobs that it is about."""
        self._servers = len(fleet.views)
        self._observed.append((observation, fleet))
        self._arrived.set()

    async def _observations_of_jobs(self, observation: Observation, fleet: Fleet) -> list[tuple[str, JobObservation]]:
        """What an observation says to each job that it is about."""
        actions = actions_in(observation)
        found: list[tuple[str, JobObservation]] = []
        async for job in _sliced(list(self._concerned(observation, actions))):
            found += [(job.id, seen) for seen in observations_for(job, observation, actions, fleet)]
        return found

    def _concerned(self, observation: Observation, actions: Mapping[int, Action]) -> Iterable[Job]:
        """The open jobs that an observation can be about: most are about a few of thousands of servers."""
        named = [action.server_ids for action in actions.values()]
        if observation.lost_actions or not all(named):
            return self._open()
        about = {*observation.servers, *observation.gone, *(key for keys in named for key in keys)}
        if self._indexed != len(self.jobs):
            self._index()
        found = (self.jobs[job_id] for key in about for job_id in self._at_server.get(key, ()))
        return [job for job in found if not job.over]

    def _index(self) -> None:
        self._indexed = len(self.jobs)
        self._at_server = {}
        for job in self.jobs.values():
            self._at_server.setdefault(job.server_id, []).append(job.id)

    def allow(self) -> None:
        """A person has said to go on: access is tried again."""
        if self.halted is not None and self.halted.kind != "journal":
            self._go_on()

    @property
    def targets(self) -> PollTargets:
        """What the jobs need to know next."""
        now = self._clock.now()
        pausing = frozenset(name for name, route in self._routes.items() if self._leaving or route.pauses(now))
        if self._wanted is None or self._wanted[0] != pausing:
            self._wanted = pausing, poll_targets(self.jobs.values(), pausing=pausing)
        return self._wanted[1]

    # -- its life -----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Works until cancelled."""
        try:
            while True:
                await self._wait()
                self._turning = True
                await self._turn()
                self._turning = False
                self._wanted = None
        finally:
            self._turning = False
            self._requests.cancel_all()

    async def leave(self) -> None:
        """Starts nothing more, and returns when no server is off because of us, or is likely to go off still, and all
        that happened has been told.

        `run` must be running.
        """
        self._leaving = True
        for job in self._open():
            self.receive(job.id, Tick())
        while (
            self._inbox
            or self._observed
            or self._turning
            or any(job.power is Power.RESTORE_PENDING or job.watching for job in self._open())
        ):
            await self._clock.sleep(0.1)

    async def retire(self, within: float) -> None:
        """Starts nothing more, not even what is owed: another process goes on with all jobs.

        Returns when the answers that are under way have been written down, or after `within` seconds: what was sent
        is in the journal, so that the other process looks up what became of it. `run` must be running.
        """
        self._retiring = True
        until = self._clock.monotonic() + within
        while (
            self._inbox or self._observed or self._turning or self._awaits_answers()
        ) and self._clock.monotonic() < until:
            await self._clock.sleep(0.05)

    def _awaits_answers(self) -> bool:
        return any(request.phase is Phase.SENT for job in self._open() for request in job.requests)

    def _open(self) -> list[Job]:
        return [job for job in self.jobs.values() if not job.over]

    async def _wait(self) -> None:
        due = min((at for _, at in self._sleepers()), default=None)
        if self._journal_due is not None:
            due = min(due or self._journal_due, self._journal_due)
        seconds = None if due is None else max(0.0, (due - self._clock.now()).total_seconds())
        if self._inbox or self._observed or seconds == 0.0:
            return
        arrived = asyncio.ensure_future(self._arrived.wait())
        waits = [arrived] if seconds is None else [arrived, asyncio.ensure_future(self._clock.sleep(seconds))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _turn(self) -> None:
        self._arrived.clear()
        arrived, self._inbox = self._inbox, []
        observed, self._observed = self._observed, []
        for seen, fleet in observed:
            arrived += await self._observations_of_jobs(seen, fleet)
        if self._retiring:
            arrived = [(job_id, told) for job_id, told in arrived if not isinstance(told, Tick | ServerSeen)]
        arrived += [(job.id, Tick()) for job in self._wake()]
        events, self._untold = self._untold, []
        commands: list[tuple[Job, Command]] = []
        self._off = Counter(job.batch for job in self._open() if job.power is Power.RESTORE_PENDING)
        self._sharing = sharing(self._open())
        self._holds_spread.clear()
        async for job_id, observation in _sliced(arrived):
            result = self._step(job_id, observation)
            if result is None:
                continue
            events.extend(result.events)
            if result.command is not None:
                commands.append((result.job, result.command))
        written = await self._write(events)
        self._wanted = None
        await self._run(commands, written=written)
        async for event in _sliced(events):
            self._publish(event)

    async def _run(self, commands: Sequence[tuple[Job, Command]], *, written: bool) -> None:
        """Sends what was decided: before anything is told, so that no listener holds up a power-on."""
        async for job, command in _sliced(commands):
            if self._retiring:
                if isinstance(command, Send):
                    unsent = CloudError(ErrorKind.UNREACHABLE, "not sent: another hsnap-tui is in charge of it now")
                    self.receive(job.id, RequestRefused(command.request_kind, unsent))
            elif written or not _needs_journal(command):
                self._requests.start(self.jobs[job.id], command)
            elif isinstance(command, Send):
                unsent = CloudError(ErrorKind.UNREACHABLE, "not sent: the journal can't be written")
                self.receive(job.id, RequestRefused(command.request_kind, unsent))

    def _sleepers(self) -> list[tuple[Job, datetime]]:
        """Jobs that want to be looked at again, and when. Once told that it is time, they may wait for a sight."""
        if self._retiring:
            return []
        return [
            (job, job.wake_at)
            for job in self._open()
            if job.wake_at is not None and not job.busy and self._woken.get(job.id) != job.wake_at
        ]

    def _wake(self) -> list[Job]:
        now = self._clock.now()
        woken = [(job, at) for job, at in self._sleepers() if at <= now]
        self._woken.update((job.id, at) for job, at in woken)
        return [job for job, _ in woken]

    def _step(self, job_id: str, observation: JobObservation) -> Step[Job] | None:
        job = self.jobs.get(job_id)
        if job is None:
            return None
        if isinstance(observation, ServerSeen) and must_wait(job, observation, self._rivals(job)):
            observation = Tick()
        result: Step[Job] = kind_of(job).step(job, observation, self._circumstances(job))
        self.jobs[job_id] = result.job
        self._off[job.batch] += (result.job.power is Power.RESTORE_PENDING) - (job.power is Power.RESTORE_PENDING)
        if replace(result.job, percent=job.percent, wake_at=job.wake_at) != job:
            self._unsaved[job_id] = result.job
        self._learn_of_route(job, observation, result)
        self._spread_hold(job, result.job)
        self._judge_access(observation, result)
        return result

    def _rivals(self, job: Job) -> Iterator[Job]:
        return (self.jobs[job_id] for job_id in self._sharing.get(job.server_id, ()))

    def _circumstances(self, job: Job) -> StepContext:
        now = self._clock.now()
        may_try = self._routes[job.kind].may_try(job.id, now)
        return StepContext(
            now=now,
            may_send=self.halted is None,
            may_create=may_try or job.power is Power.RESTORE_PENDING,
            may_stop=may_try and self._off[job.batch] < job.off_at_a_time,
            leaving=self._leaving,
            clock_offset=self._cloud.clock_offset,
        )

    def _learn_of_route(self, before: Job, observation: JobObservation, result: Step[Job]) -> None:
        """What becomes of the main request of one job says whether others of its kind are worth their requests."""
        kind, route, main = kind_of(before), self._routes[before.kind], before.main_request
        was_failing = route.failing
        if result.command is not None and result.command.request_kind is main.kind:
            if isinstance(result.command, Send) or main.phase is Phase.READY:
                route.begins(before.id)
        elif isinstance(observation, RequestRefused | AnswerLost) and observation.request_kind is main.kind:
            if observation.error.kind in _FAILS_FOR_ALL:
                route.failed(before.id, self._clock.now())
            else:
                route.worked()
        elif result.job.main_request.phase is Phase.ACCEPTED and main.phase is not Phase.ACCEPTED:
            route.worked()
        if not result.job.busy:
            route.leaves(before.id)
        if route.failing != was_failing:
            text = kind.route_fails if route.failing else kind.route_works
            self._publish(Notice(self._clock.now(), self._cloud.project, text, warning=route.failing))

    def _judge_access(self, observation: JobObservation, result: Step[Job]) -> None:
        """A server that can't be powered on for lack of access needs a person; an accepted request shows access."""
        refusals = [event.failure for event in result.events if event.kind is JobEventKind.RETRYING and event.failure]
        for failure in refusals:
            if failure.kind in NO_ACCESS:
                self._halt(failure)
        if isinstance(observation, RequestAccepted | RequestDone):
            self.allow()

    def _spread_hold(self, before: Job, after: Job) -> None:
        """What stopped one job stops others; without access nothing more is sent."""
        hold = hold_for_others(before, after)
        if hold is None or (hold.reason, after.batch) in self._holds_spread:
            return
        self._holds_spread.add((hold.reason, after.batch))
        for other in self._open():
            if applies(hold, after, other):
                self.receive(other.id, hold)
        if hold.reason is HoldReason.NO_ACCESS and hold.failure is not None:
            self._halt(hold.failure)

    # -- the journal --------------------------------------------------------------------------------------------

    async def _write(self, events: Iterable[JobEvent]) -> bool:
        """Commits what changed; false when it could not be written, so that nothing new may be sent."""
        lasting = [event for event in events if event.kind not in _PASSING]
        if not (self._unsaved or lasting):
            self._journal_due = None
            return True
        unsaved, self._unsaved = self._unsaved, {}
        try:
            await self._journal.save(list(unsaved.values()), lasting)
        except JournalError as error:
            self._unsaved = {**unsaved, **self._unsaved}
            self._journal_due = self._clock.now() + JOURNAL_RETRY
            self._halt(error.failure)
            return False
        self._journal_due = None
        if self.halted is not None and self.halted.kind == "journal":
            self._go_on()
        return True

    def _halt(self, failure: Failure) -> None:
        if self.halted is None or self.halted.kind != failure.kind:
            self.halted = failure
            self._publish(SendingHalted(self._clock.now(), self._cloud.project, failure))

    def _go_on(self) -> None:
        self.halted = None
        self._publish(SendingResumed(self._clock.now(), self._cloud.project))
        for job in self._open():
            self.receive(job.id, Tick())


async def _sliced(things: Sequence[T]) -> AsyncIterator[T]:
    """One after the other, with a turn of the event loop for others after each `SLICE`."""
    for number, thing in enumerate(things, 1):
        yield thing
        if number % SLICE == 0:
            await asyncio.sleep(0)


def _needs_journal(command: Command) -> bool:
    """Whether it may only be run when the intent is written down. Switching on is right in any case."""
    return isinstance(command, Send) and command.request_kind is not RequestKind.POWER_ON
