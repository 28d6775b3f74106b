"""The errors of the journal."""

from __future__ import annotations

from hsnap_tui.events import Failure


class JournalError(Exception):
    """The journal can't be read or written. Then nothing is sent: each request must be in the journal first."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.failure = Failure("journal", message, advice)


class BrokenJournalError(JournalError):
    """The file is not a journal, or it is damaged."""
