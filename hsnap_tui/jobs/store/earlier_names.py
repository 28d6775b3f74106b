"""Rows that earlier versions wrote, with the names that fields and values have now (pure)."""

from __future__ import annotations

from typing import Any

_JOB_FIELDS = {"create": "create_image", "stop": "shutdown", "cut": "power_off", "start": "power_on"}
_REQUEST_FIELDS = {
    "verb": "kind",
    "explained": "ruled_out",
    "doubt_since": "unknown_since",
    "doubt_until": "unknown_until",
    "doubts": "unknown_count",
}
_FIELDS = {"holder": "lock_holder"}


def with_present_names(body: dict[str, Any]) -> dict[str, Any]:
    """The body of a job or of an event as it would be written now. What is written now stays as it is."""
    renamed = {_FIELDS.get(name, name): value for name, value in body.items()}
    for old, new in _JOB_FIELDS.items():
        if isinstance(renamed.get(old), dict):
            renamed[new] = renamed.pop(old)
    for name in _JOB_FIELDS.values():
        request = renamed.get(name)
        if isinstance(request, dict):
            renamed[name] = {_REQUEST_FIELDS.get(field, field): value for field, value in request.items()}
    return renamed
