"""Words that several texts share, so that one thing has one name everywhere."""

from __future__ import annotations

from hsnap_tui.cloud.model import Action
from hsnap_tui.jobs.core.model import JobState

CAUSE_UNKNOWN = "cause unknown"
"""Of a lock for which Hetzner lists no action."""

LOCKED_CAUSE_UNKNOWN = f"locked, {CAUSE_UNKNOWN}"


def state_in_words(state: JobState) -> str:
    """The state of a job: the word that JSON lines have, with spaces."""
    return state.value.replace("_", " ")


NEEDS_APPROVAL = state_in_words(JobState.NEEDS_APPROVAL)


def whose(ours: bool) -> str:
    """Who started an action."""
    return "by hsnap-tui" if ours else "by another client"


def lock_in_words(lock_holder: Action | None) -> str:
    """What holds a lock, and how far it is."""
    if lock_holder is None:
        return LOCKED_CAUSE_UNKNOWN
    percent = f" ({lock_holder.progress} %)" if lock_holder.progress else ""
    return f"locked by {lock_holder.command}{percent}"
