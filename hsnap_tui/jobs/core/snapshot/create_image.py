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
from hsnap_tui.jobs.core import tracked_request
from hsnap_tui.jobs.core.model import HoldReason, IfLocked, JobState, Phase, Power, RequestKind
from hsnap_tui.jobs.core.observations import LookedUp, ServerSeen
from hsnap_tui.jobs.core.snapshot import shutting_down
from hsnap_tui.jobs.core.snapshot.step_builder import SnapshotStepBuilder

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


def advance(builder: SnapshotStepBuilder, seen: ServerSeen | None) -> None:
    """Goes one step towards a snapshot that is being made."""
    create = builder.job.create_image
    if create.phase is Phase.OUTCOME_UNKNOWN or (builder.job.cancelled and create.unknown_since):
        builder.look_up(RequestKind.CREATE_IMAGE)
    elif seen is not None and builder.may_start:
        _try_send(builder, seen, _look_or_send)


def _try_send(
    builder: SnapshotStepBuilder,
    seen: ServerSeen,
    go: Callable[[SnapshotStepBuilder], None],
    *,
    locked_by_another: bool = False,
) -> None:
    """Goes when the server allows it: unlocked, and off if that was asked for.

    `locked_by_another`: a look-up that has just been made says that a lock is not that of an own request.
    """
    job, server = builder.job, seen.server
    unknown = job.create_image.unknown_since is not None
    if unknown and not (server and server.locked):
        builder.look_up(RequestKind.CREATE_IMAGE)
    elif server is None:
        _gone(builder)
    elif server.locked and (unknown or job.power is not Power.RESTORE_PENDING):
        _locked(builder, seen, by_another=locked_by_another or not job.create_image.attempts)
    elif _refused_too_long(builder, seen.started):
        builder.hold(HoldReason.WAITED_TOO_LONG, job.refusal)
    elif not job.options.shut_down or shutting_down.ensure_off(builder, seen):
        go(builder)


def _gone(builder: SnapshotStepBuilder) -> None:
    builder.set(power=Power.RESTORED if builder.job.power is Power.RESTORE_PENDING else builder.job.power)
    builder.fail(
        Failure("not_found", "the server is gone", "It was deleted before the snapshot began; there is none to make.")
    )


def _locked(builder: SnapshotStepBuilder, seen: ServerSeen, *, by_another: bool) -> None:
    job = builder.job
    lock_holder = seen.lock_holder.command if seen.lock_holder else None
    if job.options.if_locked is IfLocked.SKIP and job.power is Power.NONE and not job.create_image.missing:
        if by_another:
            builder.set(result=JobState.SKIPPED, lock_holder=lock_holder)
        else:
            builder.look_up(RequestKind.CREATE_IMAGE)
        return
    newly = job.state is not JobState.WAITING or job.lock_holder != lock_holder
    since = job.waiting_since or builder.now
    builder.set(state=JobState.WAITING, lock_holder=lock_holder, waiting_since=since)
    if newly:
        builder.tell(JobEventKind.WAITING, lock_holder=lock_holder)
    if _waited_too_long(builder, seen.started):
        builder.hold(HoldReason.WAITED_TOO_LONG)


def _waited_too_long(builder: SnapshotStepBuilder, seen: datetime) -> bool:
    since, most = builder.job.waiting_since, builder.job.options.max_wait
    return since is not None and most is not None and seen >= since + most


def _refused_too_long(builder: SnapshotStepBuilder, seen: datetime) -> bool:
    """Whether a server that looks unlocked has refused its snapshot as locked for longer than may be waited."""
    refusal = builder.job.refusal
    return refusal is not None and refusal.kind == ErrorKind.LOCKED and _waited_too_long(builder, seen)


def _look_or_send(builder: SnapshotStepBuilder) -> None:
    if builder.job.create_image.attempts and builder.context.may_create:
        builder.look_up(RequestKind.CREATE_IMAGE)
    else:
        send(builder)


def send(builder: SnapshotStepBuilder) -> None:
    """Asks for the snapshot, unless others find out first whether Hetzner takes any."""
    if not builder.context.may_create:
        return
    builder.set(lock_holder=None)
    builder.tell(JobEventKind.REQUESTING)
    builder.send(RequestKind.CREATE_IMAGE, JobState.REQUESTING)


def looked_up(builder: SnapshotStepBuilder, found: LookedUp) -> None:
    """What a look-up of the label and of the server's actions says about the requests sent so far."""
    create, offset = builder.job.create_image, builder.context.clock_offset
    labelled = _labelled(builder, found)
    own = tracked_request.candidate_actions(
        create, found.actions, create.unknown_since or create.first_intent, offset
    )
    if labelled:
        _take_found(builder, labelled, found)
    elif create.phase is Phase.OUTCOME_UNKNOWN and own:
        _possibly_created(builder, found, own)
    elif create.phase is Phase.READY and (own := tracked_request.possibly_ours(create, found.actions, offset)):
        _refused_as_locked(builder, found, own)
    elif _may_show_yet(builder, found) and (create.phase is Phase.OUTCOME_UNKNOWN or _any_listed(builder, found)):
        # Its action would show at once, but tells nothing when Hetzner's clock is not known: only the label is sure.
        builder.look_again_later(RequestKind.CREATE_IMAGE)
    elif create.unknown_until is not None and found.started < create.unknown_until:
        builder.look_again_later(RequestKind.CREATE_IMAGE)
    else:
        _may_send_again(builder, found)


def _labelled(builder: SnapshotStepBuilder, found: LookedUp) -> list[Snapshot]:
    usable = (snapshot for snapshot in found.snapshots if snapshot.id not in builder.job.void_images)
    return sorted(usable, key=lambda snapshot: snapshot.id)


def _take_found(builder: SnapshotStepBuilder, labelled: list[Snapshot], found: LookedUp) -> None:
    snapshot = labelled[0]
    action = _maker(snapshot, tracked_request.not_ruled_out(builder.job.create_image, found.actions))
    action_id = action.id if action else builder.job.create_image.action_id
    newly_found = builder.job.image_id != snapshot.id
    builder.set_request(tracked_request.found(builder.job.create_image, action_id, builder.now))
    builder.set(state=JobState.CREATING, image_id=snapshot.id, size=snapshot.image_size, fresh_after=builder.now)
    builder.set(cancelled=False, hold=None, making_since=builder.job.making_since or builder.now)
    if newly_found:
        builder.tell(
            JobEventKind.FOUND, image_id=snapshot.id, action_id=action.id if action else None, note="by its label"
        )
        if len(labelled) > 1:
            _tell_duplicates(builder, labelled[1:])
    if snapshot.status is ImageStatus.AVAILABLE:
        snapshot_done(builder)
    elif snapshot.status is ImageStatus.UNAVAILABLE:
        action_failed(builder, "the snapshot is unavailable")
    elif action is not None and action.status is ActionStatus.ERROR:
        action_failed(builder, action.error_message)
    elif not _endless(builder, found.started):
        _tell_when_slow(builder)
        if action_id is None:
            builder.pause(RequestKind.CREATE_IMAGE, LOOK_AT_SNAPSHOT_EVERY)


def _tell_duplicates(builder: SnapshotStepBuilder, others: list[Snapshot]) -> None:
    """Tells snapshots that the job does not need, once."""
    ids = tuple(snapshot.id for snapshot in others)
    builder.set(void_images=(*builder.job.void_images, *ids))
    builder.tell(JobEventKind.DUPLICATE, image_id=builder.job.image_id, note=", ".join(map(str, ids)))


def _maker(snapshot: Snapshot, actions: tuple[Action, ...]) -> Action | None:
    """The action that makes this snapshot: the one that names it, or that began when it was created.

    Both moments are of Hetzner's clock, so that it is found whatever our clock says.
    """
    naming = [action for action in actions if snapshot.id in action.image_ids]
    nameless = [
        action for action in actions if not action.image_ids and abs(action.started - snapshot.created) <= SAME_MOMENT
    ]
    return min(naming or nameless, key=lambda action: abs(action.started - snapshot.created), default=None)


def still_made(builder: SnapshotStepBuilder, found: LookedUp) -> None:
    """How far a snapshot is whose action is not known, or not known to the API any more."""
    create = builder.job.create_image
    labelled = _labelled(builder, found)
    if labelled:
        _take_found(builder, labelled, found)
    elif any(action.id == create.action_id and action.running for action in found.actions):
        if not _endless(builder, found.started):
            builder.look_again_later(RequestKind.CREATE_IMAGE)
    elif create.look_ups < LOOKS_AFTER_END:
        builder.look_again_later(RequestKind.CREATE_IMAGE)
    else:
        action_failed(builder, "Hetzner no longer knows the action, and there is no snapshot with the job's label")


def _possibly_created(builder: SnapshotStepBuilder, found: LookedUp, own: tuple[Action, ...]) -> None:
    """A `create_image` began since our request, but no snapshot with our label is to be seen (yet)."""
    create = builder.job.create_image
    running = builder.job.power is not Power.RESTORE_PENDING and any(action.running for action in own)
    lasts = create.unknown_until is not None and found.started >= create.unknown_until + ENDLESS_AFTER
    if _may_show_yet(builder, found) or (running and not lasts):
        builder.look_again_later(RequestKind.CREATE_IMAGE)
    elif all(action.status is ActionStatus.ERROR for action in own):
        builder.set(state=JobState.CREATING)
        builder.set_request(tracked_request.found(create, own[-1].id, builder.now))
        builder.tell(JobEventKind.FOUND, action_id=own[-1].id, note="by the server's actions")
        action_failed(builder, own[-1].error_message)
    else:
        ask(builder, own)


def _refused_as_locked(builder: SnapshotStepBuilder, found: LookedUp, own: tuple[Action, ...]) -> None:
    """After a 423, an action counts as ours only if our label appears in time."""
    if _may_show_yet(builder, found):
        builder.look_again_later(RequestKind.CREATE_IMAGE)
    else:
        builder.set_request(tracked_request.rule_out(builder.job.create_image, *(action.id for action in own)))
        _may_send_again(builder, found)


def _may_show_yet(builder: SnapshotStepBuilder, found: LookedUp) -> bool:
    unknown_until = builder.job.create_image.unknown_until
    return unknown_until is not None and found.started < unknown_until + LABEL_SHOWS_WITHIN


def _any_listed(builder: SnapshotStepBuilder, found: LookedUp) -> bool:
    """Whether the server has a `create_image` that may be ours if its time, or ours, is wrong."""
    return bool(tracked_request.not_ruled_out(builder.job.create_image, found.actions))


def ask(builder: SnapshotStepBuilder, own: tuple[Action, ...]) -> None:
    """It could not be found out whether the snapshot exists: a person must look."""
    ids = ", ".join(str(action.id) for action in own)
    failure = Failure(
        "unknown",
        f"no answer came, and a create_image that may be ours (action {ids}) makes a snapshot without our label",
        "Look at the server's snapshots. Try again to make another one, or cancel to leave it as it is.",
    )
    builder.set(result=JobState.UNKNOWN, failure=failure)


def _may_send_again(builder: SnapshotStepBuilder, found: LookedUp) -> None:
    create = builder.job.create_image
    if create.phase is Phase.OUTCOME_UNKNOWN:
        builder.tell(JobEventKind.NOT_FOUND)
        builder.set(state=JobState.WAITING)
    builder.set_request(tracked_request.resolved(create))
    builder.set(fresh_after=builder.now)
    if create.unknown_count >= tracked_request.MOST_UNKNOWN:
        builder.hold(HoldReason.TRIED_OFTEN)
    elif builder.may_start:
        lock_holder = next((action for action in found.actions if action.running), None)
        seen = ServerSeen(found.started, found.server, lock_holder)
        _try_send(builder, seen, send, locked_by_another=True)


def action_seen(builder: SnapshotStepBuilder, action: Action) -> None:
    """How far the snapshot is, and how it ended."""
    if action.status is ActionStatus.ERROR:
        action_failed(builder, action.error_message)
    elif action.status is ActionStatus.SUCCESS:
        snapshot_done(builder)
    else:
        _tell_when_slow(builder)
        _look_if_endless(builder)
        if action.progress > builder.job.percent:
            told = action.progress // 10 > builder.job.percent // 10
            builder.set(percent=action.progress)
            if told:
                builder.tell(JobEventKind.PROGRESS, percent=action.progress, image_id=builder.job.image_id)


def _look_if_endless(builder: SnapshotStepBuilder) -> None:
    """An action may have been seen before the machine slept: only a look-up begun now says that it lasts."""
    if builder.now >= _endless_at(builder):
        builder.look_up(RequestKind.CREATE_IMAGE)


def _endless_at(builder: SnapshotStepBuilder) -> datetime:
    """When this process, by its own clock, has waited for the snapshot for too long."""
    return (builder.job.making_since or builder.now) + ENDLESS_AFTER


def _endless(builder: SnapshotStepBuilder, looked: datetime) -> bool:
    """Gives up on a snapshot that is still in the making after all this time."""
    job = builder.job
    if looked < _endless_at(builder):
        return False
    hours = int(ENDLESS_AFTER.total_seconds() / 3600)
    of = f"snapshot {job.image_id}" if job.image_id else "the snapshot"
    failure = Failure(
        "endless",
        f"{of} is still being created after {hours} hours",
        "Ask Hetzner's support about it. Try again to make another one, or cancel to leave it as it is.",
    )
    builder.set(result=JobState.UNKNOWN, failure=failure)
    return True


def last_look(builder: SnapshotStepBuilder) -> bool:
    """Whether the end of the job waits for a last look at its label: only if a lost request was never accounted for.

    It may arrive against all expectation, and would make a snapshot that nobody knows of.
    """
    job, lost_at = builder.job, builder.job.create_image.lost_at
    if lost_at is None or not job.create_image.missing or job.result is None or not job.result.ended:
        return False
    builder.set(state=JobState.CHECKING)
    if builder.now < lost_at + tracked_request.LATE:
        builder.set_request(tracked_request.paused(job.create_image, lost_at + tracked_request.LATE))
    else:
        builder.look_up(RequestKind.CREATE_IMAGE)
    return True


def looked_last(builder: SnapshotStepBuilder, found: LookedUp) -> None:
    """What the last look found: snapshots with the job's label that it does not know of."""
    job, create = builder.job, builder.job.create_image
    unknown = [snapshot for snapshot in _labelled(builder, found) if snapshot.id != job.image_id]
    if job.result is JobState.DONE:
        if unknown:
            _tell_duplicates(builder, unknown)
    elif unknown:
        builder.set(result=None, failure=None)
        _take_found(builder, unknown, found)
        return
    if create.lost_at is not None and found.started >= create.lost_at + tracked_request.LATE:
        builder.set_request(replace(create, missing=0, missing_since=None))


def _tell_when_slow(builder: SnapshotStepBuilder) -> None:
    job = builder.job
    sent = job.create_image.last_intent or job.created
    if not job.slow_told and builder.now >= sent + SLOW_AFTER:
        builder.set(slow_told=True)
        builder.tell(
            JobEventKind.SLOW,
            seconds=(builder.now - sent).total_seconds(),
            action_id=job.create_image.action_id,
            image_id=job.image_id,
        )


def snapshot_done(builder: SnapshotStepBuilder) -> None:
    """The snapshot is available; the job is over when the server is on again."""
    job = builder.job
    builder.set(percent=100, snapshot_done=builder.now, result=JobState.DONE)
    seconds = (builder.now - (job.create_image.first_intent or job.created)).total_seconds()
    builder.tell(JobEventKind.SNAPSHOT_DONE, image_id=job.image_id, seconds=seconds, size=job.size)


def action_failed(builder: SnapshotStepBuilder, message: str | None) -> None:
    """Hetzner's action ended in error."""
    words = message or "the action failed without a reason given"
    job = builder.job
    if job.image_id is not None:
        builder.set(image_id=None, void_images=(*job.void_images, job.image_id))
    builder.fail(
        Failure(
            "action_failed",
            words,
            "No usable snapshot was made. Try again; if it fails again, ask Hetzner's support.",
        )
    )
