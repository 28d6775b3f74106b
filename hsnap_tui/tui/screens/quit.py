"""The question before the program is left while something is under way."""

from __future__ import annotations

from enum import StrEnum

from hsnap_tui.common import formatting
from hsnap_tui.jobs.core.model import Job
from hsnap_tui.session.interface import PendingWork
from hsnap_tui.tui.screens.dialog import Answer, Question


class Exit(StrEnum):
    """How the program is left; the caller finishes it without a screen."""

    LEAVE = "leave"
    CANCEL_WAITING = "cancel-waiting"


def quit_question(leaving: PendingWork) -> Question:
    """Says what becomes of everything under way. Its answer is an `Exit` value, or `stay`, or none."""
    answers = [Answer("stay", "Stay"), Answer(Exit.LEAVE, "Leave")]
    if leaving.waiting:
        answers.append(Answer(Exit.CANCEL_WAITING, "Leave, cancel the waiting", grave=True))
    return Question("Leave hsnap-tui?", paragraphs(leaving), answers)


def paragraphs(leaving: PendingWork) -> list[str]:
    """What is under way and what becomes of it, a paragraph each."""
    told = []
    if leaving.running:
        many = formatting.count(len(leaving.running), "snapshot")
        verb = "is" if len(leaving.running) == 1 else "are"
        told.append(f"{many} {verb} under way and will go on at Hetzner: {_names(leaving.running)}.")
    if leaving.waiting:
        many, one = formatting.count(len(leaving.waiting), "job"), len(leaving.waiting) == 1
        them = "it" if one else "them"
        told.append(
            f"{many} {'waits' if one else 'wait'}: {_names(leaving.waiting)}. Leave keeps {them} in the journal; the "
            "next hsnap-tui goes on within the hour, and asks first later on, or when a server has to be shut down."
        )
    if leaving.off:
        told.append(
            f"Off, or about to be, because of a snapshot: {_names(leaving.off, 12)}. The program gives the terminal "
            "back, finishes switching them on, and only then ends."
        )
    return told


def _names(jobs: tuple[Job, ...], limit: int = 6) -> str:
    return formatting.listed([job.server_name for job in jobs], limit)
