"""The texts of the snapshot dialog: what will happen to the chosen servers (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from hsnap_tui.cloud.model import ServerStatus
from hsnap_tui.common import formatting
from hsnap_tui.fleet.state import ServerView
from hsnap_tui.jobs.core.model import IfLocked, IfStillOn, Job, SnapshotOptions
from hsnap_tui.messages import terms


def title(views: Sequence[ServerView]) -> str:
    """The title of the dialog."""
    return "Snapshot of 1 server" if len(views) == 1 else f"Snapshots of {len(views):,} servers"


def lock_note(view: ServerView) -> str:
    """The lock of one server in a few words; empty when it is not locked."""
    if not view.server.locked:
        return ""
    return (
        f"{view.lock_holder.command} {view.lock_holder.progress} %"
        if view.lock_holder
        else terms.LOCKED_CAUSE_UNKNOWN
    )


def locked_in_words(views: Sequence[ServerView]) -> str:
    """How many servers are locked, and by which actions."""
    lock_holders = Counter(
        view.lock_holder.command if view.lock_holder else terms.CAUSE_UNKNOWN for view in views if view.server.locked
    )
    if not lock_holders:
        return "Not locked." if len(views) == 1 else "None of them is locked."
    kinds = ", ".join(what if number == 1 else f"{what} ({number:,})" for what, number in lock_holders.most_common())
    if len(views) == 1:
        return f"Locked: {kinds}."
    total = sum(lock_holders.values())
    return f"{total:,} {'is' if total == 1 else 'are'} locked: {kinds}."


def warnings(views: Sequence[ServerView], busy: Mapping[int, Job], options: SnapshotOptions) -> list[str]:
    """What snapshots of these servers will not contain or guarantee."""
    warning_lines = []
    attached = [view for view in views if view.server.volumes]
    volumes = sum(len(view.server.volumes) for view in attached)
    if volumes:
        names = formatting.listed([view.server.name for view in attached], 3)
        warning_lines.append(f"Volumes are not included: {formatting.count(volumes, 'volume')} attached to {names}.")
    running = [view for view in views if view.server.status is ServerStatus.RUNNING]
    if running and not options.shut_down:
        warning_lines.append(
            "A running server's snapshot is crash-consistent, as after a power failure: what is only in memory is "
            "missing."
        )
    twice = [view.server.name for view in views if view.server.id in busy]
    if twice:
        warning_lines.append(f"A job is under way already, this adds one more: {formatting.listed(twice, 3)}.")
    return warning_lines


def at_a_time_in_words(number: int) -> str:
    """How many servers may be off at the same time."""
    return "one server at a time" if number == 1 else f"up to {number:,} servers off at the same time"


def max_downtime_in_words(limit: timedelta) -> str:
    """What happens when a server has been off for the longest time allowed."""
    return f"{formatting.roughly(limit)}, then powered on"


def intent(views: Sequence[ServerView], options: SnapshotOptions) -> str:
    """What will be done, with the names of the servers that will be shut down."""
    later = _of_the_locked(sum(view.server.locked for view in views), options.if_locked)
    if not options.shut_down:
        return f"{'Starts' if len(views) == 1 else 'All start'} now.{later}"
    running = [view for view in views if view.server.status is ServerStatus.RUNNING]
    if not running:
        who = "It is not" if len(views) == 1 else "None of them is"
        return f"{who} running: nothing is shut down.{later}"
    names = [view.server.name for view in running if not _is_skipped(view, options)]
    if not names:
        return f"All running servers are locked and skipped: nothing is shut down.{later}"
    rest = len(views) - len(running)
    untouched = f" {formatting.count(rest, 'server')} not running: not shut down." if rest else ""
    late = "stays running and its job fails" if options.if_still_on is IfStillOn.LEAVE else "is powered off"
    return (
        f"Shuts down {formatting.listed(names, 8)}, {at_a_time_in_words(options.at_a_time)}, "
        "and powers each on as soon as its lock clears. "
        f"One that has been off for {formatting.brief(options.max_downtime)} without a snapshot under way is powered "
        "on in any case, and its job needs approval. "
        f"One that has not shut down after {formatting.brief(options.off_within)} {late}.{untouched}{later}"
    )


def _is_skipped(view: ServerView, options: SnapshotOptions) -> bool:
    return view.server.locked and options.if_locked is IfLocked.SKIP


def _of_the_locked(number: int, if_locked: IfLocked) -> str:
    if not number:
        return ""
    if if_locked is IfLocked.SKIP:
        return f" {number:,} locked: skipped."
    return f" {number:,} locked: {'starts' if number == 1 else 'each starts'} by itself when the lock clears."
