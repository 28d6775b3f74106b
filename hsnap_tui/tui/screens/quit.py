"""The question before quitting while jobs are under way."""

from __future__ import annotations

from enum import StrEnum

from hsnap_tui.common import formatting
from hsnap_tui.jobs.core.model import Job
from hsnap_tui.jobs.interface import PendingWork
from hsnap_tui.tui.screens.dialog import AnswerButton, Question


class Exit(StrEnum):
    """How the user quits. What is left to do is done after the screen has closed."""

    LEAVE = "leave"
    CANCEL_WAITING = "cancel-waiting"


def quit_question(pending: PendingWork) -> Question:
    """Says what happens to everything under way. Its answer is a value of `Exit`, or `stay`, or None."""
    answers = [AnswerButton("stay", "Stay"), AnswerButton(Exit.LEAVE, "Leave")]
    if pending.waiting:
        answers.append(AnswerButton(Exit.CANCEL_WAITING, "Leave, cancel the waiting", destructive=True))
    return Question("Leave hsnap-tui?", paragraphs(pending), answers)


def paragraphs(pending: PendingWork) -> list[str]:
    """What is under way and what happens to it, a paragraph each."""
    texts = []
    if pending.running:
        many = formatting.count(len(pending.running), "snapshot")
        verb = "is" if len(pending.running) == 1 else "are"
        texts.append(f"{many} {verb} under way and will go on at Hetzner: {_names(pending.running)}.")
    if pending.waiting:
        many, one = formatting.count(len(pending.waiting), "job"), len(pending.waiting) == 1
        them = "it" if one else "them"
        texts.append(
            f"{many} {'waits' if one else 'wait'}: {_names(pending.waiting)}. Leave keeps {them} in the journal; the "
            "next hsnap-tui goes on within the hour, and asks first later on, or when a server has to be shut down."
        )
    if pending.off:
        texts.append(
            f"Off, or about to be, because of a snapshot: {_names(pending.off, 12)}. The program gives the terminal "
            "back, finishes switching them on, and only then ends."
        )
    return texts


def _names(jobs: tuple[Job, ...], limit: int = 6) -> str:
    return formatting.listed([job.server_name for job in jobs], limit)
