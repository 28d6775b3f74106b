"""Getting a `create_image` sent exactly once (pure): when it may be sent, and what a look-up says about it.

It is sent when the server was seen unlocked. A job that has ever sent looks up its label and the server's actions
before it sends again, after a plain 423 too: the lock may be that of its own first request.
"""

from __future__ import annotations

from hsnap_tui.cloud.model import Action, ActionStatus, ImageStatus, Snapshot
from hsnap_tui.events import Failure, JobEventKind
from hsnap_tui.jobs import power, sending
from hsnap_tui.jobs.draft import Draft
from hsnap_tui.jobs.model import HoldReason, IfLocked, JobState, Phase, Power, Verb
from hsnap_tui.jobs.observations import LookedUp, Seen

MOST_DOUBTS = 6
"""After so many lost answers in a row a person should look at what is wrong."""

LOOKS_AFTER_END = 3
"""How often a label is looked for after the action that may be ours has succeeded, before a person is asked."""


def pursue(draft: Draft, seen: Seen | None) -> None:
    """Goes one step towards a snapshot that is being made."""
    job = draft.job
    if job.create.phase is Phase.UNCLEAR:
        if job.wake_at is None or draft.now >= job.wake_at:
            draft.look_up(Verb.CREATE_IMAGE)
        return
    if seen is None or not draft.turn.may_send or job.result is not None:
        return
    if seen.server is None:
        draft.set(power=Power.SETTLED if job.power is Power.OWED else job.power)
        draft.fail(
            Failure(
                "not_found", "the server is gone", "It was deleted before the snapshot began; there is none to make."
            )
        )
        return
    if job.stop.attempts == 0 or job.power is not Power.OWED:
        if seen.server.locked:
            _locked(draft, seen)
            return
        if not job.options.shut_down:
            _send_or_look(draft)
            return
    if power.bring_down(draft, seen):
        _send_or_look(draft)
    elif draft.job.result is None and seen.server.locked and draft.job.power is not Power.OWED:
        _locked(draft, seen)


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
    if job.options.max_wait is not None and seen.started >= since + job.options.max_wait:
        draft.hold(HoldReason.WAITED_TOO_LONG)


def _send_or_look(draft: Draft) -> None:
    if draft.job.create.attempts:
        if draft.job.wake_at is None or draft.now >= draft.job.wake_at:
            draft.look_up(Verb.CREATE_IMAGE)
        return
    send(draft)


def send(draft: Draft) -> None:
    """Asks for the snapshot."""
    draft.set(waiting_since=None, holder=None)
    draft.tell(JobEventKind.SENDING)
    draft.send(Verb.CREATE_IMAGE, JobState.SUBMITTING)


def looked_up(draft: Draft, found: LookedUp) -> None:
    """What a look-up of the label and of the server's actions says about the requests sent so far."""
    job = draft.job
    labelled = sorted(
        (snapshot for snapshot in found.snapshots if snapshot.id not in job.void_images), key=lambda image: image.id
    )
    own = sending.suspects(
        job.create, found.actions, job.create.doubt_since or job.create.first_intent, draft.turn.clock_offset
    )
    if labelled:
        _adopt(draft, labelled, own)
    elif found.server is None and job.create.doubt_since is None:
        pursue(draft, Seen(found.started, None))
    elif job.create.doubt_since is not None and own:
        _suspected(draft, own)
    elif job.create.doubt_until is not None and found.started < job.create.doubt_until:
        draft.look_again_later(Verb.CREATE_IMAGE)
    else:
        _may_send_again(draft, found)


def _adopt(draft: Draft, labelled: list[Snapshot], own: tuple[Action, ...]) -> None:
    snapshot = labelled[0]
    action = _maker(snapshot, own)
    known = draft.job.create.action_id
    first_sight = draft.job.image_id != snapshot.id
    draft.put(sending.accepted(draft.job.create, action.id if action else known))
    draft.set(state=JobState.CREATING, image_id=snapshot.id, size=snapshot.image_size, fresh_after=draft.now)
    if first_sight:
        draft.tell(
            JobEventKind.FOUND, image_id=snapshot.id, action_id=action.id if action else None, note="by its label"
        )
        if len(labelled) > 1:
            others = ", ".join(str(image.id) for image in labelled[1:])
            draft.tell(JobEventKind.DUPLICATE, image_id=snapshot.id, note=others)
    if snapshot.status is ImageStatus.AVAILABLE:
        snapshot_done(draft)
    elif snapshot.status is ImageStatus.UNAVAILABLE:
        action_failed(draft, "the snapshot is unavailable")
    elif action is not None and action.status is ActionStatus.ERROR:
        action_failed(draft, action.error_message)
    elif draft.job.create.action_id is None:
        draft.wake_in(5)


def _maker(snapshot: Snapshot, own: tuple[Action, ...]) -> Action | None:
    """The action that makes this snapshot: the one that names it, or that began when it was created."""
    naming = [action for action in own if snapshot.id in action.image_ids]
    nameless = [action for action in own if not action.image_ids]
    return min(naming or nameless, key=lambda action: abs(action.started - snapshot.created), default=None)


def still_made(draft: Draft, found: LookedUp) -> None:
    """How far a snapshot is whose action is not known, or not known to the API any more."""
    job = draft.job
    labelled = [snapshot for snapshot in found.snapshots if snapshot.id not in job.void_images]
    if labelled:
        own = sending.suspects(job.create, found.actions, job.create.first_intent, draft.turn.clock_offset)
        _adopt(draft, sorted(labelled, key=lambda image: image.id), own)
    elif job.create.look_ups < LOOKS_AFTER_END:
        draft.look_again_later(Verb.CREATE_IMAGE)
    else:
        action_failed(draft, "Hetzner no longer knows the action, and there is no snapshot with the job's label")


def _suspected(draft: Draft, own: tuple[Action, ...]) -> None:
    """A `create_image` began since our request, but no snapshot with our label is to be seen (yet)."""
    job = draft.job
    settled = job.create.doubt_until is None or draft.now >= job.create.doubt_until
    if any(action.running for action in own) or not settled:
        draft.look_again_later(Verb.CREATE_IMAGE)
    elif all(action.status is ActionStatus.ERROR for action in own):
        draft.set(state=JobState.CREATING)
        draft.put(sending.accepted(job.create, own[-1].id))
        draft.tell(JobEventKind.FOUND, action_id=own[-1].id, note="by the server's actions")
        action_failed(draft, own[-1].error_message)
    elif job.create.look_ups < LOOKS_AFTER_END:
        draft.look_again_later(Verb.CREATE_IMAGE)
    else:
        ask(draft, own)


def ask(draft: Draft, own: tuple[Action, ...]) -> None:
    """It could not be found out whether the snapshot exists: a person must look."""
    ids = ", ".join(str(action.id) for action in own)
    failure = Failure(
        "unknown",
        f"the answer was lost, and a create_image that may be ours (action {ids}) made a snapshot without our label",
        "Look at the server's snapshots. Try again to make another one, or leave it as it is.",
    )
    draft.set(result=JobState.UNKNOWN, failure=failure)


def _may_send_again(draft: Draft, found: LookedUp) -> None:
    job = draft.job
    if job.create.phase is Phase.UNCLEAR:
        draft.tell(JobEventKind.NOT_FOUND)
    draft.put(sending.settled(job.create))
    draft.set(state=JobState.WAITING, fresh_after=draft.now)
    if job.create.doubts >= MOST_DOUBTS:
        draft.hold(HoldReason.TRIED_OFTEN)
        return
    seen = Seen(found.started, found.server)
    server = found.server
    if server is None or not draft.turn.may_send or draft.turn.leaving or job.power is Power.SETTLED:
        return
    if server.locked:
        draft.set(holder=None)
        return
    if not job.options.shut_down or power.bring_down(draft, seen):
        send(draft)


def action_seen(draft: Draft, action: Action) -> None:
    """How far the snapshot is, and how it ended."""
    if action.status is ActionStatus.ERROR:
        action_failed(draft, action.error_message)
    elif action.status is ActionStatus.SUCCESS:
        snapshot_done(draft)
    elif action.progress > draft.job.percent:
        told = action.progress // 10 > draft.job.percent // 10
        draft.set(percent=action.progress)
        if told:
            draft.tell(JobEventKind.PROGRESS, percent=action.progress, image_id=draft.job.image_id)


def snapshot_done(draft: Draft) -> None:
    """The snapshot is available; the job is over when the server is on again."""
    job = draft.job
    draft.set(percent=100, snapshot_done=draft.now, result=JobState.DONE, wake_at=None)
    seconds = (draft.now - (job.create.first_intent or job.created)).total_seconds()
    draft.tell(JobEventKind.SNAPSHOT_DONE, image_id=job.image_id, seconds=seconds, size=job.size)


def action_failed(draft: Draft, message: str | None) -> None:
    """Hetzner's action ended in error."""
    words = message or "the action failed without a reason given"
    draft.fail(
        Failure(
            "action_failed",
            words,
            "No usable snapshot was made. Try again; if it fails again, ask Hetzner's support.",
        )
    )
