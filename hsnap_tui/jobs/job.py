"""The state machine of a job: `step(job, observation, turn)` gives the job, a command and events, without I/O.

A step first takes in what was observed, then decides what is to be done about it. Deciding looks at the whole job
and never at what happened last, so that lost, repeated and reordered observations and restarts change nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.events import Failure, JobEventKind
from hsnap_tui.jobs import power, sending, starting, stopping, submission, watching
from hsnap_tui.jobs.draft import Draft
from hsnap_tui.jobs.model import HoldReason, Job, JobState, Phase, Power, Verb
from hsnap_tui.jobs.observations import (
    Accepted,
    ActionLost,
    ActionSeen,
    Cancel,
    Hold,
    JobObservation,
    LookedUp,
    LookUpFailed,
    Lost,
    Refused,
    Release,
    Retry,
    Seen,
    Step,
    Tick,
    Turn,
)

LOCK_SHOWS_WITHIN = timedelta(seconds=1)
"""A server that seems unlocked this soon after its `create_image` was accepted may not show its lock yet."""

LOOK_UP_AGAIN_AFTER = timedelta(seconds=5)
"""How soon a look-up that could not be done is tried again."""

_NO_ACCESS = frozenset({ErrorKind.READ_ONLY_TOKEN, ErrorKind.UNAUTHORIZED, ErrorKind.FORBIDDEN})
_TRY_AGAIN = frozenset({ErrorKind.RATE_LIMITED, ErrorKind.UNREACHABLE, ErrorKind.CONFLICT, ErrorKind.UNCLEAR})


def step(job: Job, observation: JobObservation, turn: Turn) -> Step:
    """The job after an observation, with at most one command to run and the events to tell."""
    draft = Draft(job, turn)
    seen = _absorb(draft, observation)
    _decide(draft, seen)
    return draft.finish()


# -- what was observed --------------------------------------------------------------------------------------


def _absorb(draft: Draft, observation: JobObservation) -> Seen | None:
    """Takes in what was observed; gives a view of the server when it is fresh enough to act on."""
    job = draft.job
    match observation:
        case Seen():
            stale = job.fresh_after is not None and observation.started < job.fresh_after
            return None if stale else observation
        case ActionSeen(action):
            if action.id == job.create.action_id and job.create.phase is Phase.ACCEPTED and _open(job):
                submission.action_seen(draft, action)
            elif action.id == job.start.action_id and job.start.phase is Phase.ACCEPTED:
                starting.action_seen(draft, action)
            elif action.id == job.stop.action_id and job.stop.phase is Phase.ACCEPTED:
                stopping.action_seen(draft, action)
        case ActionLost(action_id):
            if action_id == job.create.action_id and job.create.phase is Phase.ACCEPTED and _open(job):
                draft.put(sending.accepted(job.create, None, draft.now))
        case Accepted():
            _accepted(draft, observation)
        case Refused(verb, error):
            _refused(draft, verb, error)
        case Lost(verb, error):
            _lost(draft, verb, error)
        case LookedUp():
            draft.set(looking=None)
            _looked_up(draft, observation)
        case LookUpFailed(error) if job.looking is not None:
            draft.set(looking=None)
            draft.pause(job.looking, sending.asked_for(error.retry_after, job.looking) or LOOK_UP_AGAIN_AFTER)
        case Cancel() if job.cancellable:
            _cancel(draft)
        case Hold(reason, failure) if _open(job) and job.create.phase is not Phase.ACCEPTED:
            draft.set(hold=reason, refusal=failure or job.refusal)
        case Release() if job.state is JobState.HELD:
            _again(draft)
        case Retry() if job.state in (JobState.FAILED, JobState.UNKNOWN):
            _retry(draft)
        case Tick() | LookUpFailed() | Cancel() | Hold() | Release() | Retry():
            pass
    return None


def _open(job: Job) -> bool:
    return job.result is None and not job.state.ended and not job.state.needs_person


def _cancel(draft: Draft) -> None:
    job = draft.job
    if job.state is JobState.UNKNOWN:
        draft.set(state=JobState.CANCELLED, ended=draft.now)
        draft.tell(JobEventKind.CANCELLED, note="left as it is")
    elif job.state.ended:
        watching.end(draft)
    else:
        draft.set(cancelled=True)
        if job.state is JobState.HELD:
            draft.set(state=JobState.QUEUED, hold=None)


def _accepted(draft: Draft, answer: Accepted) -> None:
    current = draft.sending(answer.verb)
    if current.phase is not Phase.SENT:
        return
    draft.put(sending.accepted(current, answer.action.id, draft.now))
    draft.set(fresh_after=draft.now)
    if answer.verb is Verb.CREATE_IMAGE:
        image_id = answer.snapshot.id if answer.snapshot else None
        draft.set(state=JobState.CREATING, image_id=image_id, fresh_after=draft.now + LOCK_SHOWS_WITHIN, percent=0)
        draft.set(hold=None, refusal=None, making_since=draft.now)
        draft.tell(JobEventKind.CREATING, image_id=image_id, action_id=answer.action.id)
        submission.action_seen(draft, answer.action)


def _lost(draft: Draft, verb: Verb, error: CloudError) -> None:
    current = draft.sending(verb)
    if current.phase is not Phase.SENT:
        return
    draft.put(sending.lost(current, draft.now))
    draft.set(fresh_after=draft.now)
    if verb is Verb.CREATE_IMAGE:
        draft.set(state=JobState.UNCLEAR, refusal=Failure.of(error))
    draft.tell(JobEventKind.UNCLEAR, failure=Failure.of(error), note=verb.value)


def _refused(draft: Draft, verb: Verb, error: CloudError) -> None:
    current = draft.sending(verb)
    if current.phase is not Phase.SENT:
        return
    locked = error.kind is ErrorKind.LOCKED
    refuse = sending.locked_out if locked and verb is Verb.CREATE_IMAGE else sending.refused
    draft.put(refuse(current, draft.now, error.retry_after))
    draft.set(fresh_after=draft.now)
    if verb is Verb.POWER_ON:
        _power_on_refused(draft, error)
        return
    draft.set(refusal=Failure.of(error))
    if verb is Verb.SHUTDOWN:
        stopping.refused(draft)
    if locked:
        draft.set(state=JobState.WAITING, waiting_since=draft.job.waiting_since or draft.now)
        draft.tell(JobEventKind.WAITING, failure=Failure.of(error), holder=draft.job.holder)
    elif error.kind in _TRY_AGAIN:
        draft.set(state=JobState.WAITING)
        draft.tell(JobEventKind.RETRYING, failure=Failure.of(error))
    elif error.kind in _NO_ACCESS:
        draft.hold(HoldReason.NO_ACCESS, Failure.of(error))
    elif error.kind is ErrorKind.LIMIT_REACHED:
        draft.hold(HoldReason.LIMIT, Failure.of(error))
    else:
        draft.fail(Failure.of(error))


def _power_on_refused(draft: Draft, error: CloudError) -> None:
    """Switching on is never given up: it is tried again until the server is seen running or gone."""
    if error.kind is not ErrorKind.LOCKED:
        draft.tell(JobEventKind.RETRYING, failure=Failure.of(error), note=Verb.POWER_ON.value)


def _looked_up(draft: Draft, found: LookedUp) -> None:
    job = draft.job
    if job.resting:
        return
    for verb in (Verb.SHUTDOWN, Verb.POWER_OFF):
        draft.put(sending.given_up(draft.sending(verb), found.actions, found.started, draft.turn.clock_offset))
    if found.verb is Verb.CREATE_IMAGE:
        if job.result is not None:
            submission.looked_last(draft, found)
        elif job.create.phase is Phase.ACCEPTED:
            submission.still_made(draft, found)
        elif job.create.phase in (Phase.UNCLEAR, Phase.READY) and job.create.attempts:
            submission.looked_up(draft, found)
    elif found.verb is Verb.POWER_ON:
        if job.power is Power.OWED:
            starting.looked_up(draft, found)
    else:
        stopping.looked_up(draft, found)


def _again(draft: Draft) -> None:
    draft.forget_power()
    draft.put(replace(draft.job.create, doubts=0, not_before=None))
    draft.set(
        state=JobState.QUEUED,
        hold=None,
        failure=None,
        refusal=None,
        waiting_since=None,
        holder=None,
        fresh_after=draft.now,
        ended=None,
        cancelled=False,
    )
    draft.tell(JobEventKind.RELEASED)


def _retry(draft: Draft) -> None:
    """A person has looked: what was made so far is accounted for, and the job begins again."""
    job = draft.job
    void = job.void_images if job.image_id is None else (*job.void_images, job.image_id)
    draft.put(sending.afresh(job.create))
    draft.set(void_images=void, image_id=None, percent=0, snapshot_done=None, size=None, tried=job.tried + 1)
    draft.set(making_since=None)
    _again(draft)


# -- what to do ----------------------------------------------------------------------------------------------


def _decide(draft: Draft, seen: Seen | None) -> None:
    if seen is not None and draft.job.options.shut_down:
        power.note_status(draft, seen)
    if seen is not None and draft.job.power is Power.WATCHED:
        watching.observe(draft, seen)
    if draft.job.resting and draft.job.result is None:
        return
    if draft.job.busy:
        return
    power.note_downtime(draft)
    _note_the_end_of_waiting(draft)
    if _must_be_on(draft.job, draft.turn):
        starting.settle(draft, seen)
    if draft.job.result is None and not draft.job.busy and not _off_too_long(draft.job):
        _go_on(draft, seen)
    if draft.job.power is not Power.OWED and not draft.job.busy and not submission.last_look(draft):
        draft.rest()


def _go_on(draft: Draft, seen: Seen | None) -> None:
    if draft.job.create.phase is not Phase.ACCEPTED:
        if not draft.turn.leaving:
            submission.pursue(draft, seen)
    elif draft.job.create.action_id is None:
        draft.look_up(Verb.CREATE_IMAGE)


def _note_the_end_of_waiting(draft: Draft) -> None:
    """How a job ends of which it is known that no snapshot is being made, when it may not be made any more."""
    job, turn = draft.job, draft.turn
    if job.result is not None or job.create.phase is not Phase.READY:
        return
    if job.cancelled:
        if job.create.doubt_since is None:
            draft.set(result=JobState.CANCELLED)
    elif job.hold is not None:
        draft.hold(job.hold, job.refusal)
    elif (
        job.power is Power.SETTLED
        or _ran_again(job)
        or (job.power is Power.OWED and (turn.leaving or not turn.may_send))
    ):
        draft.set(result=JobState.HELD, hold=HoldReason.INTERRUPTED)


def _must_be_on(job: Job, turn: Turn) -> bool:
    over = job.result is not None or job.cancelled or turn.leaving or _off_too_long(job)
    return job.power is Power.OWED and (over or job.create.phase is Phase.ACCEPTED or job.start.attempts > 0)


def _off_too_long(job: Job) -> bool:
    """Whether powering the server on goes before finding out what became of the request for the snapshot."""
    return job.power is Power.OWED and job.hold is HoldReason.DOWNTIME


def _ran_again(job: Job) -> bool:
    """Whether the server was off and is on again, though a lost request for a shutdown is still watched for."""
    return job.power is Power.WATCHED and job.off_at is not None
