"""Getting a `create_image` sent exactly once (pure): when it may be sent, and what a look-up says about it.

It is sent when the server was seen unlocked. A job that has ever sent looks up its label and the server's actions
before it sends again, after a plain 423 too: the lock may be that of its own first request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.cloud.model import Action, ActionStatus, ImageStatus, Snapshot
from hsnap_tui.events import Failure, JobEventKind
from hsnap_tui.jobs import sending, stopping
from hsnap_tui.jobs.draft import Draft
from hsnap_tui.jobs.model import HoldReason, IfLocked, JobState, Phase, Power, Verb
from hsnap_tui.jobs.observations import LookedUp, Seen

MOST_DOUBTS = 6
"""After so many lost answers in a row a person should look at what is wrong."""

LABEL_SHOWS_WITHIN = timedelta(seconds=10)
"""How long after a snapshot was begun the list by label may not show it yet."""

LOOKS_AFTER_END = 5
"""How often a label is looked for when the API no longer knows the action: in all longer than it may take to show."""

SAME_MOMENT = timedelta(seconds=5)
"""How far a snapshot's creation and the start of the action that makes it may be apart."""

SLOW_AFTER = timedelta(minutes=90)
"""Snapshots usually take 1 to 5 minutes; up to 90 have been seen."""

ENDLESS_AFTER = timedelta(hours=6)
"""A snapshot that is not done by then is given up on: a person has to look."""

LOOK_AT_SNAPSHOT_EVERY = timedelta(seconds=5)
"""How often a snapshot is looked at whose action is not known."""


def pursue(draft: Draft, seen: Seen | None) -> None:
    """Goes one step towards a snapshot that is being made."""
    create = draft.job.create
    if create.phase is Phase.UNCLEAR or (draft.job.cancelled and create.doubt_since):
        draft.look_up(Verb.CREATE_IMAGE)
    elif seen is not None and draft.may_start:
        _approach(draft, seen, _look_or_send)


def _approach(draft: Draft, seen: Seen, go: Callable[[Draft], None]) -> None:
    """Goes when the server allows it: unlocked, and off if that was asked for."""
    job, server = draft.job, seen.server
    in_doubt = job.create.doubt_since is not None
    if in_doubt and not (server and server.locked):
        draft.look_up(Verb.CREATE_IMAGE)
    elif server is None:
        _gone(draft)
    elif server.locked and (in_doubt or job.power is not Power.OWED):
        _locked(draft, seen)
    elif not job.options.shut_down or stopping.bring_down(draft, seen):
        if _refused_too_long(draft, seen.started):
            draft.hold(HoldReason.WAITED_TOO_LONG, job.refusal)
        else:
            go(draft)


def _gone(draft: Draft) -> None:
    draft.set(power=Power.SETTLED if draft.job.power is Power.OWED else draft.job.power)
    draft.fail(
        Failure("not_found", "the server is gone", "It was deleted before the snapshot began; there is none to make.")
    )


def _locked(draft: Draft, seen: Seen) -> None:
    job = draft.job
    holder = seen.holder.command if seen.holder else None
    if job.options.if_locked is IfLocked.SKIP and not job.create.attempts and job.power is Power.NONE:
        draft.set(result=JobState.SKIPPED, holder=holder)
        return
    newly = job.state is not JobState.WAITING or job.holder != holder
    since = job.waiting_since or draft.now
    draft.set(state=JobState.WAITING, holder=holder, waiting_since=since)
    if newly:
        draft.tell(JobEventKind.WAITING, holder=holder)
    if _waited_too_long(draft, seen.started):
        draft.hold(HoldReason.WAITED_TOO_LONG)


def _waited_too_long(draft: Draft, seen: datetime) -> bool:
    since, most = draft.job.waiting_since, draft.job.options.max_wait
    return since is not None and most is not None and seen >= since + most


def _refused_too_long(draft: Draft, seen: datetime) -> bool:
    """Whether a server that looks unlocked has refused its snapshot as locked for longer than may be waited."""
    refusal = draft.job.refusal
    return refusal is not None and refusal.kind == ErrorKind.LOCKED and _waited_too_long(draft, seen)


def _look_or_send(draft: Draft) -> None:
    if draft.job.create.attempts and draft.turn.may_create:
        draft.look_up(Verb.CREATE_IMAGE)
    else:
        send(draft)


def send(draft: Draft) -> None:
    """Asks for the snapshot, unless others find out first whether Hetzner takes any."""
    if not draft.turn.may_create:
        return
    draft.set(holder=None)
    draft.tell(JobEventKind.SENDING)
    draft.send(Verb.CREATE_IMAGE, JobState.SUBMITTING)


def looked_up(draft: Draft, found: LookedUp) -> None:
    """What a look-up of the label and of the server's actions says about the requests sent so far."""
    create, offset = draft.job.create, draft.turn.clock_offset
    labelled = _labelled(draft, found)
    own = sending.suspects(create, found.actions, create.doubt_since or create.first_intent, offset)
    if labelled:
        _adopt(draft, labelled, own, found.started)
    elif create.phase is Phase.UNCLEAR and own:
        _suspected(draft, found, own)
    elif create.phase is Phase.READY and (own := sending.perhaps_ours(create, found.actions, offset)):
        _suspected_of_lock(draft, found, own)
    elif create.phase is Phase.UNCLEAR and _may_show_yet(draft, found):
        # Its action would show at once, but tells nothing when Hetzner's clock is not known: only the label is sure.
        draft.look_again_later(Verb.CREATE_IMAGE)
    elif create.doubt_until is not None and found.started < create.doubt_until:
        draft.look_again_later(Verb.CREATE_IMAGE)
    else:
        _may_send_again(draft, found)


def _labelled(draft: Draft, found: LookedUp) -> list[Snapshot]:
    usable = (snapshot for snapshot in found.snapshots if snapshot.id not in draft.job.void_images)
    return sorted(usable, key=lambda snapshot: snapshot.id)


def _adopt(draft: Draft, labelled: list[Snapshot], own: tuple[Action, ...], looked: datetime) -> None:
    snapshot = labelled[0]
    action = _maker(snapshot, own)
    action_id = action.id if action else draft.job.create.action_id
    first_sight = draft.job.image_id != snapshot.id
    draft.put(sending.found(draft.job.create, action_id, draft.now))
    draft.set(state=JobState.CREATING, image_id=snapshot.id, size=snapshot.image_size, fresh_after=draft.now)
    draft.set(cancelled=False, hold=None, making_since=draft.job.making_since or draft.now)
    if first_sight:
        draft.tell(
            JobEventKind.FOUND, image_id=snapshot.id, action_id=action.id if action else None, note="by its label"
        )
        if len(labelled) > 1:
            _tell_duplicates(draft, labelled[1:])
    if snapshot.status is ImageStatus.AVAILABLE:
        snapshot_done(draft)
    elif snapshot.status is ImageStatus.UNAVAILABLE:
        action_failed(draft, "the snapshot is unavailable")
    elif action is not None and action.status is ActionStatus.ERROR:
        action_failed(draft, action.error_message)
    elif not _endless(draft, looked):
        _tell_when_slow(draft)
        if action_id is None:
            draft.pause(Verb.CREATE_IMAGE, LOOK_AT_SNAPSHOT_EVERY)


def _tell_duplicates(draft: Draft, others: list[Snapshot]) -> None:
    """Tells snapshots that the job does not need, once."""
    ids = tuple(snapshot.id for snapshot in others)
    draft.set(void_images=(*draft.job.void_images, *ids))
    draft.tell(JobEventKind.DUPLICATE, image_id=draft.job.image_id, note=", ".join(map(str, ids)))


def _maker(snapshot: Snapshot, own: tuple[Action, ...]) -> Action | None:
    """The action that makes this snapshot: the one that names it, or that began when it was created."""
    naming = [action for action in own if snapshot.id in action.image_ids]
    nameless = [
        action for action in own if not action.image_ids and abs(action.started - snapshot.created) <= SAME_MOMENT
    ]
    return min(naming or nameless, key=lambda action: abs(action.started - snapshot.created), default=None)


def still_made(draft: Draft, found: LookedUp) -> None:
    """How far a snapshot is whose action is not known, or not known to the API any more."""
    create = draft.job.create
    labelled = _labelled(draft, found)
    if labelled:
        own = sending.suspects(create, found.actions, create.first_intent, draft.turn.clock_offset)
        _adopt(draft, labelled, own, found.started)
    elif any(action.id == create.action_id and action.running for action in found.actions):
        if not _endless(draft, found.started):
            draft.look_again_later(Verb.CREATE_IMAGE)
    elif create.look_ups < LOOKS_AFTER_END:
        draft.look_again_later(Verb.CREATE_IMAGE)
    else:
        action_failed(draft, "Hetzner no longer knows the action, and there is no snapshot with the job's label")


def _suspected(draft: Draft, found: LookedUp, own: tuple[Action, ...]) -> None:
    """A `create_image` began since our request, but no snapshot with our label is to be seen (yet)."""
    create = draft.job.create
    running = draft.job.power is not Power.OWED and any(action.running for action in own)
    lasts = create.doubt_until is not None and found.started >= create.doubt_until + ENDLESS_AFTER
    if _may_show_yet(draft, found) or (running and not lasts):
        draft.look_again_later(Verb.CREATE_IMAGE)
    elif all(action.status is ActionStatus.ERROR for action in own):
        draft.set(state=JobState.CREATING)
        draft.put(sending.found(create, own[-1].id, draft.now))
        draft.tell(JobEventKind.FOUND, action_id=own[-1].id, note="by the server's actions")
        action_failed(draft, own[-1].error_message)
    else:
        ask(draft, own)


def _suspected_of_lock(draft: Draft, found: LookedUp, own: tuple[Action, ...]) -> None:
    """A request that was refused is only ours if its label shows: what has none in time is somebody else's."""
    if _may_show_yet(draft, found):
        draft.look_again_later(Verb.CREATE_IMAGE)
    else:
        draft.put(sending.explain(draft.job.create, *(action.id for action in own)))
        _may_send_again(draft, found)


def _may_show_yet(draft: Draft, found: LookedUp) -> bool:
    doubt_until = draft.job.create.doubt_until
    return doubt_until is not None and found.started < doubt_until + LABEL_SHOWS_WITHIN


def ask(draft: Draft, own: tuple[Action, ...]) -> None:
    """It could not be found out whether the snapshot exists: a person must look."""
    ids = ", ".join(str(action.id) for action in own)
    failure = Failure(
        "unknown",
        f"the answer was lost, and a create_image that may be ours (action {ids}) makes a snapshot without our label",
        "Look at the server's snapshots. Try again to make another one, or cancel to leave it as it is.",
    )
    draft.set(result=JobState.UNKNOWN, failure=failure)


def _may_send_again(draft: Draft, found: LookedUp) -> None:
    create = draft.job.create
    if create.phase is Phase.UNCLEAR:
        draft.tell(JobEventKind.NOT_FOUND)
        draft.set(state=JobState.WAITING)
    draft.put(sending.settled(create))
    draft.set(fresh_after=draft.now)
    if create.doubts >= MOST_DOUBTS:
        draft.hold(HoldReason.TRIED_OFTEN)
    elif draft.may_start:
        holder = next((action for action in found.actions if action.running), None)
        _approach(draft, Seen(found.started, found.server, holder), send)


def action_seen(draft: Draft, action: Action) -> None:
    """How far the snapshot is, and how it ended."""
    if action.status is ActionStatus.ERROR:
        action_failed(draft, action.error_message)
    elif action.status is ActionStatus.SUCCESS:
        snapshot_done(draft)
    else:
        _tell_when_slow(draft)
        _look_if_endless(draft)
        if action.progress > draft.job.percent:
            told = action.progress // 10 > draft.job.percent // 10
            draft.set(percent=action.progress)
            if told:
                draft.tell(JobEventKind.PROGRESS, percent=action.progress, image_id=draft.job.image_id)


def _look_if_endless(draft: Draft) -> None:
    """A sight of an action may be old when the machine has slept: only a look-up begun now says that it lasts."""
    if draft.now >= _endless_at(draft):
        draft.look_up(Verb.CREATE_IMAGE)


def _endless_at(draft: Draft) -> datetime:
    """When this process, by its own clock, has waited for the snapshot for too long."""
    return (draft.job.making_since or draft.now) + ENDLESS_AFTER


def _endless(draft: Draft, looked: datetime) -> bool:
    """Gives up on a snapshot that is still in the making after all this time."""
    job = draft.job
    if looked < _endless_at(draft):
        return False
    hours = int(ENDLESS_AFTER.total_seconds() / 3600)
    of = f"snapshot {job.image_id}" if job.image_id else "the snapshot"
    failure = Failure(
        "endless",
        f"{of} is still being made after {hours} hours",
        "Ask Hetzner's support about it. Try again to make another one, or cancel to leave it as it is.",
    )
    draft.set(result=JobState.UNKNOWN, failure=failure)
    return True


def last_look(draft: Draft) -> bool:
    """Whether the end of the job waits for a last look at its label: only if a lost request was never accounted for.

    It may arrive against all expectation, and would make a snapshot that nobody knows of.
    """
    job, lost_at = draft.job, draft.job.create.lost_at
    if lost_at is None or not job.create.missing or job.result is None or not job.result.ended:
        return False
    draft.set(state=JobState.UNCLEAR)
    if draft.now < lost_at + sending.LATE:
        draft.put(sending.paused(job.create, lost_at + sending.LATE))
    else:
        draft.look_up(Verb.CREATE_IMAGE)
    return True


def looked_last(draft: Draft, found: LookedUp) -> None:
    """What the last look found: snapshots with the job's label that it does not know of."""
    job, create = draft.job, draft.job.create
    unknown = [snapshot for snapshot in _labelled(draft, found) if snapshot.id != job.image_id]
    if job.result is JobState.DONE:
        if unknown:
            _tell_duplicates(draft, unknown)
    elif unknown:
        draft.set(result=None, failure=None)
        own = sending.suspects(create, found.actions, create.first_intent, draft.turn.clock_offset)
        _adopt(draft, unknown, own, found.started)
        return
    if create.lost_at is not None and found.started >= create.lost_at + sending.LATE:
        draft.put(replace(create, missing=0, missing_since=None))


def _tell_when_slow(draft: Draft) -> None:
    job = draft.job
    sent = job.create.last_intent or job.created
    if not job.slow_told and draft.now >= sent + SLOW_AFTER:
        draft.set(slow_told=True)
        draft.tell(
            JobEventKind.SLOW,
            seconds=(draft.now - sent).total_seconds(),
            action_id=job.create.action_id,
            image_id=job.image_id,
        )


def snapshot_done(draft: Draft) -> None:
    """The snapshot is available; the job is over when the server is on again."""
    job = draft.job
    draft.set(percent=100, snapshot_done=draft.now, result=JobState.DONE)
    seconds = (draft.now - (job.create.first_intent or job.created)).total_seconds()
    draft.tell(JobEventKind.SNAPSHOT_DONE, image_id=job.image_id, seconds=seconds, size=job.size)


def action_failed(draft: Draft, message: str | None) -> None:
    """Hetzner's action ended in error."""
    words = message or "the action failed without a reason given"
    job = draft.job
    if job.image_id is not None:
        draft.set(image_id=None, void_images=(*job.void_images, job.image_id))
    draft.fail(
        Failure(
            "action_failed",
            words,
            "No usable snapshot was made. Try again; if it fails again, ask Hetzner's support.",
        )
    )
