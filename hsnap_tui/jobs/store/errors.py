"""What can go wrong with our own state, before anything is sent."""

from __future__ import annotations

from hsnap_tui.events import Failure


class JournalError(Exception):
    """The journal cannot be read or written; nothing may be sent that was not written down before."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.failure = Failure("journal", message, advice)


class BrokenJournalError(JournalError):
    """The journal's file is no journal, or is damaged."""
