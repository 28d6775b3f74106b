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


class ReadOnlyError(Exception):
    """`--read-only` forbids what was asked for."""

    def __init__(self) -> None:
        super().__init__("hsnap-tui was started with --read-only: nothing that changes a server is sent")
