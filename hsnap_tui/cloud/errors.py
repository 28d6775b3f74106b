"""Every failure of the API or of the way to it as one of our kinds, with advice a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ErrorKind(StrEnum):
    """What went wrong, as far as anything can be done about it."""

    LOCKED = "locked"
    PROTECTED = "protected"
    RATE_LIMITED = "rate_limited"
    UNAUTHORIZED = "unauthorized"
    READ_ONLY_TOKEN = "token_readonly"  # noqa: S105 - a kind of error, not a token
    FORBIDDEN = "forbidden"
    LIMIT_REACHED = "limit_reached"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    MAINTENANCE = "maintenance"
    UNSUPPORTED = "unsupported"
    INVALID_INPUT = "invalid_input"
    UNAVAILABLE = "unavailable"
    REMOVED = "removed"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    UNCLEAR = "unclear"


class Carried(StrEnum):
    """Whether the request can have had an effect."""

    NO = "no"
    """Surely not: it was refused, or never reached Hetzner."""
    PERHAPS = "perhaps"
    """The answer was lost or says nothing reliable: look before sending again."""


@dataclass(eq=False)
class CloudError(Exception):
    """A request that did not succeed.

    `message` is Hetzner's own words where there are any, cleaned for the screen; `code` Hetzner's error code;
    `correlation_id` names the request (never a lock or an action), for Hetzner's support.
    """

    kind: ErrorKind
    message: str
    carried: Carried = Carried.NO
    code: str | None = None
    correlation_id: str | None = None
    retry_after: float | None = None

    def __str__(self) -> str:
        return self.message

    @property
    def advice(self) -> str:
        """What it means for the person's servers and what to do next, in a sentence or two."""
        return ADVICE[self.kind]


ADVICE: dict[ErrorKind, str] = {}
