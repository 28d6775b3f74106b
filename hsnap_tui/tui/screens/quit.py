"""The question before quitting while jobs are under way."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from hsnap_tui.common import formatting
from hsnap_tui.jobs.core.model import Job
from hsnap_tui.jobs.interface import PendingWork
from hsnap_tui.messages.job_messages import counted, under_way_at_quit
from hsnap_tui.tui.screens.dialog import AnswerButton, Question


class Exit(StrEnum):
    """How the user quits. What is left to do is done after the screen has closed."""

    LEAVE = "leave"
    CANCEL_WAITING = "cancel-waiting"


def quit_question(pending: PendingWork) -> Question:
    """Says what happens to everything under way. Its answer is a value of `Exit`, or `stay`, or None."""
    answers = [AnswerButton("stay", "Back"), AnswerButton(Exit.LEAVE, "Quit")]
    if pending.waiting:
        answers.append(AnswerButton(Exit.CANCEL_WAITING, "Quit and cancel waiting", destructive=True))
    return Question("Quit hsnap-tui?", paragraphs(pending), answers)


def paragraphs(pending: PendingWork) -> list[str]:
    """What is under way and what happens to it, a paragraph each."""
    texts = []
    if pending.running:
        texts += [f"{what}: {_names(jobs)}." for what, jobs in under_way_at_quit(pending.running)]
    if pending.waiting:
        it, verb = ("It", "resumes") if len(pending.waiting) == 1 else ("They", "resume")
        texts.append(
            f"{counted(pending.waiting)} not started: {_names(pending.waiting)}. {it} {verb} at the next start; "
            "after an hour, or before a shutdown, you are asked."
        )
    if pending.off:
        them = "it" if len(pending.off) == 1 else "them"
        texts.append(
            f"Off, or about to be, because of a snapshot: {_names(pending.off, 12)}. hsnap-tui closes its screen, "
            f"powers {them} on, and only then ends."
        )
    return texts


def _names(jobs: Sequence[Job], limit: int = 6) -> str:
    return formatting.listed([job.server_name for job in jobs], limit)
