"""Maps a failed request to one of our kinds of error.

What counts is the HTTP status with Hetzner's error code, or else whether the request left this machine. The
codes are those of the API description (Errors). An answered 5xx says nothing about the effect of a POST: in a
public report, a `create_image` failed with `unavailable` and had made its snapshot. Only a 4xx with a JSON code is
Hetzner's own refusal.
"""

from __future__ import annotations

import email.utils
import re
import socket
import ssl
from collections.abc import Iterator
from datetime import datetime

import hcloud
import requests
from urllib3.exceptions import NameResolutionError

from hsnap_tui.cloud.errors import CloudError, Effect, ErrorKind
from hsnap_tui.cloud.parse import MalformedError
from hsnap_tui.cloud.transport.executor import WorkerStuckError
from hsnap_tui.cloud.transport.sdk import RawResponse
from hsnap_tui.common.text import clean

LONGEST_MESSAGE = 500
LONGEST_ID = 64

KINDS: dict[str, ErrorKind] = {
    "locked": ErrorKind.LOCKED,
    "protected": ErrorKind.PROTECTED,
    "rate_limit_exceeded": ErrorKind.RATE_LIMITED,
    "unauthorized": ErrorKind.UNAUTHORIZED,
    "token_readonly": ErrorKind.READ_ONLY_TOKEN,
    "forbidden": ErrorKind.FORBIDDEN,
    "resource_limit_exceeded": ErrorKind.LIMIT_REACHED,
    "not_found": ErrorKind.NOT_FOUND,
    "conflict": ErrorKind.CONFLICT,
    "maintenance": ErrorKind.MAINTENANCE,
    "unsupported_error": ErrorKind.UNSUPPORTED,
    "invalid_input": ErrorKind.INVALID_INPUT,
    "json_error": ErrorKind.INVALID_INPUT,
    "uniqueness_error": ErrorKind.INVALID_INPUT,
    "resource_unavailable": ErrorKind.UNAVAILABLE,
    "deprecated_api_endpoint": ErrorKind.REMOVED,
}

NEVER_FORWARDED = frozenset({400, 401, 403, 404, 405, 407, 411, 413, 414, 415, 421, 431})
"""Statuses with which a proxy or gateway in between, not the API, refuses a request without passing it on."""


def map_error(method: str, raw_response: RawResponse, now: datetime) -> CloudError:
    """The error that a failed request came to. `now` is what a `Retry-After` date is measured from."""
    error = _refusal(method, raw_response)
    if error is None:
        error = _unusable(method, raw_response)
    headers = raw_response.headers or {}
    if correlation_id := headers.get("X-Correlation-Id"):
        error.correlation_id = clean(correlation_id)[:LONGEST_ID]
    error.retry_after = retry_after(headers.get("Retry-After"), now)
    return error


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks to wait, as number or as date; none when it says neither."""
    if not value:
        return None
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value.strip()):
        return float(value)
    try:
        return max(0.0, (email.utils.parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _refusal(method: str, raw_response: RawResponse) -> CloudError | None:
    """Hetzner's own refusal: a 4xx with a JSON code. None when it is something else."""
    status, failure = raw_response.status, raw_response.failure
    if status is None or not 400 <= status < 500:
        return None
    if not isinstance(failure, hcloud.APIException) or not isinstance(failure.code, str):
        return None
    code = _bounded(failure.code, LONGEST_ID)
    kind = KINDS.get(failure.code, ErrorKind.RATE_LIMITED if status == 429 else ErrorKind.REFUSED)
    conflict = kind is ErrorKind.CONFLICT and method != "GET"
    return CloudError(
        kind,
        _bounded(_words(failure), LONGEST_MESSAGE),
        effect=Effect.POSSIBLE if conflict else Effect.NONE,
        code=code,
    )


def _words(failure: hcloud.APIException) -> str:
    """Hetzner's message, with the fields that it complains about."""
    message = failure.message if isinstance(failure.message, str) and failure.message else str(failure.code)
    fields = failure.details.get("fields") if isinstance(failure.details, dict) else None
    complaints = (
        [_complaint(field) for field in fields if isinstance(field, dict)] if isinstance(fields, list) else []
    )
    missing = [complaint for complaint in complaints if complaint and complaint not in message]
    return f"{message}: {'; '.join(missing)}" if missing else message


def _complaint(field: dict[str, object]) -> str:
    messages = field.get("messages")
    reasons = ", ".join(str(entry) for entry in messages) if isinstance(messages, list) else ""
    name = str(field.get("name") or "")
    return f"{name} ({reasons})" if reasons else name


def _unusable(method: str, raw_response: RawResponse) -> CloudError:
    """No answer, or one that says nothing reliable about the request."""
    status = raw_response.status
    if status is None:
        return _outcome_unknown(method, raw_response, _transport(raw_response))
    if status == 429:
        error = _outcome_unknown(
            method, raw_response, "too many requests, says something between here and Hetzner (429)"
        )
        error.kind = ErrorKind.RATE_LIMITED
        return error
    if status >= 500:
        return _server_error(method, raw_response, status)
    if status >= 400:
        whole = isinstance(raw_response.failure, hcloud.APIException)
        problem = "does not come from the Hetzner API" if whole else "cannot be read"
        return _outcome_unknown(
            method, raw_response, f"the answer ({status}) {problem}", never_forwarded=status in NEVER_FORWARDED
        )
    if status >= 300:
        return _outcome_unknown(
            method, raw_response, f"the endpoint redirects elsewhere ({status}), which is not followed"
        )
    words = str(raw_response.failure) if isinstance(raw_response.failure, MalformedError) else "cannot be read"
    return _outcome_unknown(method, raw_response, f"the answer ({status}) {words}")


def _server_error(method: str, raw_response: RawResponse, status: int) -> CloudError:
    failure = raw_response.failure
    if not isinstance(failure, hcloud.APIException) or not isinstance(failure.code, str):
        return _outcome_unknown(method, raw_response, f"Hetzner's side failed ({status})")
    error = _outcome_unknown(
        method, raw_response, f"Hetzner's side failed: {_bounded(_words(failure), LONGEST_MESSAGE // 2)} ({status})"
    )
    error.code = _bounded(failure.code, LONGEST_ID)
    return error


def _outcome_unknown(
    method: str, raw_response: RawResponse, words: str, *, never_forwarded: bool = False
) -> CloudError:
    if method == "GET" or never_forwarded or not raw_response.request_handle.sent:
        return CloudError(ErrorKind.UNREACHABLE, words)
    return CloudError(
        ErrorKind.OUTCOME_UNKNOWN, f"{words}; it is not known whether it was carried out", Effect.POSSIBLE
    )


def _transport(raw_response: RawResponse) -> str:
    """Why no answer came, in our words only: those of the libraries may quote headers or a proxy's password."""
    if isinstance(raw_response.failure, WorkerStuckError):
        return "the request was cut off before its answer came"
    causes = tuple(_causes(raw_response.failure))
    if raw_response.request_handle.aborted:
        return (
            "no complete answer came in time"
            if raw_response.request_handle.sent
            else "it was ended before it was sent"
        )
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return "the server's certificate cannot be verified"
    if any(isinstance(cause, NameResolutionError | socket.gaierror) for cause in causes):
        return "the endpoint's name cannot be resolved"
    if any(isinstance(cause, requests.exceptions.InvalidSchema | requests.exceptions.InvalidURL) for cause in causes):
        return "the endpoint or the proxy is of a kind that cannot be used"
    if type(raw_response.failure) is OSError:
        return "the certificates to trust cannot be read"
    if any(isinstance(cause, requests.exceptions.ProxyError) for cause in causes):
        return "the proxy does not let it through"
    if any(isinstance(cause, requests.exceptions.ConnectTimeout) for cause in causes):
        return "no connection in time"
    if any(isinstance(cause, requests.exceptions.Timeout | TimeoutError) for cause in causes):
        return "no answer in time"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "the connection was refused"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "the encrypted connection failed"
    if not raw_response.request_handle.sent:
        return "no connection could be made"
    return "the connection broke before a complete answer came"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and what it was made from, down to the operating system's."""
    seen: set[int] = set()
    queue = [error]
    while queue:
        cause = queue.pop(0)
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        queue += [cause.__cause__, cause.__context__]
        reason = getattr(cause, "reason", None)
        queue += [reason] if isinstance(reason, BaseException) else []
        queue += [argument for argument in cause.args if isinstance(argument, BaseException)]


def _bounded(text: object, length: int) -> str:
    cleaned = clean(str(text))
    return cleaned if len(cleaned) <= length else cleaned[: length - 1] + "…"
