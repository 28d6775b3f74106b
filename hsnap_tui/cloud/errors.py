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
    OUTCOME_UNKNOWN = "outcome_unknown"


NO_ACCESS = frozenset({ErrorKind.UNAUTHORIZED, ErrorKind.FORBIDDEN, ErrorKind.READ_ONLY_TOKEN})
"""Kinds that say that the token may not do this: trying again with the same token is of no use."""


class Effect(StrEnum):
    """Whether the request can have had an effect."""

    NONE = "no"
    """Surely not: it was refused, or never reached Hetzner."""
    POSSIBLE = "perhaps"
    """The answer was lost or says nothing reliable: the outcome is unknown until it was looked up."""


@dataclass(eq=False)
class CloudError(Exception):
    """A request that did not succeed.

    `message` is Hetzner's own words where there are any, cleaned for the screen; `code` Hetzner's error code;
    `correlation_id` names the request (never a lock or an action), for Hetzner's support; `retry_after` is
    the wait in seconds that the answer asked for.
    """

    kind: ErrorKind
    message: str
    effect: Effect = Effect.NONE
    code: str | None = None
    correlation_id: str | None = None
    retry_after: float | None = None

    def __str__(self) -> str:
        return self.message

    @property
    def advice(self) -> str:
        """What it means for the person's servers and what to do next, in a sentence or two."""
        return ADVICE[self.kind]

    @property
    def request_id(self) -> str:
        """The correlation ID named as what it is, or an empty text."""
        return f"request {self.correlation_id}, for Hetzner's support" if self.correlation_id else ""


ADVICE: dict[ErrorKind, str] = {
    ErrorKind.LOCKED: (
        "Another action holds the server; nothing was changed. Wait until its lock clears, then try again."
    ),
    ErrorKind.PROTECTED: (
        "The resource is protected; nothing was changed. Disable its protection if you mean it, then try again."
    ),
    ErrorKind.RATE_LIMITED: (
        "The project's requests for this hour are used up, perhaps by other programs with a token of it. "
        "Nothing is lost: jobs continue by themselves as the limit refills."
    ),
    ErrorKind.UNAUTHORIZED: (
        "Hetzner does not know this token: it may be deleted or mistyped. No server was changed. "
        "Make a new token in the Hetzner Console (Security, API tokens) and start again with it."
    ),
    ErrorKind.READ_ONLY_TOKEN: (
        "The token may only read; nothing was changed. Make one with read and write permission in the "
        "Hetzner Console (Security, API tokens) and start again with it."
    ),
    ErrorKind.FORBIDDEN: (
        "The token has no permission for this; nothing was changed. Ask the project's owner for one that has."
    ),
    ErrorKind.LIMIT_REACHED: (
        "The account's limit for this resource is reached; nothing was made. Delete what is no longer needed, "
        "or ask Hetzner in the Console (Limits) for more, then approve or try again."
    ),
    ErrorKind.NOT_FOUND: (
        "Nothing was changed. Check whether the server or snapshot still exists: it may have been deleted meanwhile."
    ),
    ErrorKind.CONFLICT: (
        "Something else changed the resource at the same moment, and the request may have been carried out. Look at "
        "the server before trying again."
    ),
    ErrorKind.MAINTENANCE: (
        "Hetzner is doing maintenance on this; nothing was changed. Try again later; status.hetzner.com tells more."
    ),
    ErrorKind.UNSUPPORTED: "This server cannot do that; nothing was changed. Trying again will not help.",
    ErrorKind.INVALID_INPUT: (
        "Hetzner does not accept what was sent; nothing was changed. Correct the named field and try again."
    ),
    ErrorKind.UNAVAILABLE: ("Hetzner has no capacity for this at the moment; nothing was changed. Try again later."),
    ErrorKind.REMOVED: (
        "Hetzner has removed this part of its API; nothing was changed. A newer hsnap-tui is needed."
    ),
    ErrorKind.REFUSED: (
        "Hetzner refused the request; nothing was changed. Its words say why; with the request's ID its support "
        "can say more."
    ),
    ErrorKind.UNREACHABLE: (
        "Running snapshots continue at Hetzner. Check the network, a proxy and the endpoint; it is tried again by "
        "itself."
    ),
    ErrorKind.OUTCOME_UNKNOWN: (
        "The request may have been carried out at Hetzner, or may still be. Look at the server's actions and "
        "snapshots before doing it again."
    ),
}
