"""Whether Hetzner accepts the token of this process, as far as its answers show (pure)."""

from __future__ import annotations

from collections.abc import Callable

from hsnap_tui.cloud.errors import NO_ACCESS, CloudError, ErrorKind
from hsnap_tui.events import Failure


class TokenAccess:
    """What is known of the token. `polls` gives why polls fail at present, if they do.

    Polls that are answered show that the token is known, and nothing about whether it may write. So what a refused
    request has shown holds until a person wants it tried again; only "unknown token" is disproved by a later poll.
    """

    def __init__(self, polls: Callable[[], CloudError | None]) -> None:
        self._polls = polls
        self._answered = False
        self._refused: Failure | None = None

    def answered(self) -> None:
        """A poll was answered."""
        self._answered = True
        if self._refused is not None and self._refused.kind == ErrorKind.UNAUTHORIZED:
            self._refused = None

    def refused(self, failure: Failure) -> None:
        """A request was refused for lack of access."""
        self._refused = failure

    def retry(self) -> None:
        """A person wants it tried again."""
        self._refused = None

    @property
    def refusal(self) -> Failure | None:
        """Why this process has no access, as far as that is known."""
        if self._refused is not None:
            return self._refused
        error = self._polls()
        return Failure.of(error) if error is not None and error.kind in NO_ACCESS else None

    @property
    def proven(self) -> bool:
        """Whether an answer has shown that the token is accepted, and none since that it is not."""
        return self._answered and self.refusal is None
