"""The errors with which the API answers, by Hetzner's codes (`info.description` of the published description)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_CHANGELOG = "https://docs.hetzner.cloud/changelog"

#: The status of each code; of several with one status, the usual one first.
STATUSES = {
    "json_error": 400,
    "unauthorized": 401,
    "token_readonly": 401,
    "forbidden": 403,
    "maintenance": 403,
    "resource_limit_exceeded": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "uniqueness_error": 409,
    "deprecated_api_endpoint": 410,
    "resource_unavailable": 412,
    "invalid_input": 422,
    "service_error": 422,
    "unsupported_error": 422,
    "locked": 423,
    "protected": 423,
    "rate_limit_exceeded": 429,
    "server_error": 500,
    "bad_gateway": 502,
    "unavailable": 503,
    "timeout": 504,
}


class ApiError(Exception):
    """An answer that refuses a request: HTTP status, machine-readable code, words, and details by code."""

    def __init__(self, status: int, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details

    def body(self) -> dict[str, Any]:
        """Give the JSON body of the answer."""
        details = None if self.details is None else dict(self.details)
        return {"error": {"code": self.code, "message": self.message, "details": details}}


def not_found(kind: str, identifier: object) -> ApiError:
    """Give the error for a resource that is not in this project."""
    return ApiError(404, "not_found", f"{kind} with ID '{identifier}' not found")


def locked(kind: str) -> ApiError:
    """Give the error for a resource that an action holds."""
    return ApiError(423, "locked", f"cannot perform operation because {kind} is locked")


def protected(what: str) -> ApiError:
    """Give the error for an operation that the resource's protection forbids, e.g. "server deletion"."""
    return ApiError(423, "protected", f"{what} is protected")


def invalid_input(fields: Mapping[str, Sequence[str]]) -> ApiError:
    """Give the error for a request whose fields (name → what is wrong with it) can't be taken."""
    if len(fields) == 1:
        ((name, messages),) = fields.items()
        message = f"invalid input in field '{name}': {', '.join(messages)}"
    else:
        message = "invalid input in fields " + ", ".join(f"'{name}'" for name in fields)
    details = {"fields": [{"name": name, "messages": list(messages)} for name, messages in fields.items()]}
    return ApiError(422, "invalid_input", message, details)


def not_unique(field: str, message: str) -> ApiError:
    """Give the error for a value that another resource of the project already has."""
    return ApiError(409, "uniqueness_error", message, {"fields": [{"name": field}]})


def limit_exceeded(limit: str, message: str) -> ApiError:
    """Give the error for one resource more than the account may have."""
    return ApiError(403, "resource_limit_exceeded", message, {"limits": [{"name": limit}]})


def not_simulated(operation: str) -> ApiError:
    """Give the error for an operation that Hetzner has and this cloud has not, e.g. "POST /v1/volumes"."""
    return ApiError(501, "not_simulated", f"this is a simulated cloud: Hetzner has {operation}, it has not")


def removed(anchor: str) -> ApiError:
    """Give the error of an endpoint that Hetzner has removed, with the entry of the changelog that says so."""
    details = {"announcement": f"{_CHANGELOG}#{anchor}"}
    return ApiError(410, "deprecated_api_endpoint", "API functionality was removed", details)
