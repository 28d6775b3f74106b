"""Failures as text."""

from __future__ import annotations

from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.events import Failure, JobEvent


def explain(failure: Failure) -> str:
    """A failure in full: what happened, what to do, and the request's ID for Hetzner's support."""
    message = f"Hetzner refused {failure.request}: {failure.message}" if failure.request else failure.message
    told = " ".join(_sentence(part) for part in (message, failure.advice) if part)
    return f"{told} {_request_id(failure)}".strip()


def unreachable(failure: Failure) -> str:
    """Why polls fail: that Hetzner can't be reached, or else its refusal in full."""
    if failure.kind == ErrorKind.UNREACHABLE:
        return f"Can't reach Hetzner ({failure.message}); running snapshots continue."
    return capital(explain(failure))


def capital(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def because(text: str, event: JobEvent) -> str:
    """The text, followed by the event's failure if it has one."""
    return f"{text}: {explain(event.failure)}" if event.failure else text


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _request_id(failure: Failure) -> str:
    return f"(request ID {failure.correlation_id}, for Hetzner's support)" if failure.correlation_id else ""
