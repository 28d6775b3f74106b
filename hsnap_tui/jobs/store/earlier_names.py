"""Converts rows of earlier versions to the present names of fields and values (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_JOB_FIELDS = {"create": "create_image", "stop": "shutdown", "cut": "power_off", "start": "power_on"}
_REQUEST_FIELDS = {
    "verb": "kind",
    "explained": "ruled_out",
    "doubt_since": "unknown_since",
    "doubt_until": "unknown_until",
    "doubts": "unknown_count",
}
_FIELDS = {"holder": "lock_holder", "debt_until": "expected_until"}

_UNKNOWN = {"unclear": "outcome_unknown"}
_STATES = {"held": "needs_approval", "unclear": "checking", "submitting": "requesting"}
_HOLDS = {"switches_off": "shuts_down"}
_VALUES: Mapping[str, Mapping[str, str]] = {
    "state": _STATES,
    "result": _STATES,
    "hold": _HOLDS,
    "power": {"owed": "restore_pending", "settled": "restored"},
    "kind": {**_UNKNOWN, "held": "needs_approval", "released": "approved", "sending": "requesting"},
}
"""New values of a job's or an event's own fields; no kind of job has the name of an earlier kind of event."""

_NOTES: Mapping[str, Mapping[str, str]] = {
    "resumed": {**_UNKNOWN, "owed": "restore_pending"},
    "needs_approval": _HOLDS,
}
"""New values of the note of events of this kind; the notes of others are sentences."""

_FAILURES = ("failure", "refusal")


def with_present_names(body: dict[str, Any]) -> dict[str, Any]:
    """The body of a job or an event with present names. A body of the present version is returned unchanged."""
    renamed = _with_names(body, _FIELDS)
    for old, new in _JOB_FIELDS.items():
        if isinstance(renamed.get(old), dict):
            renamed[new] = renamed.pop(old)
    for name in _JOB_FIELDS.values():
        request = renamed.get(name)
        if isinstance(request, dict):
            renamed[name] = _with_values(_with_names(request, _REQUEST_FIELDS), {"phase": _UNKNOWN})
    for name in _FAILURES:
        if isinstance(renamed.get(name), dict):
            renamed[name] = _with_values(renamed[name], {"kind": _UNKNOWN})
    renamed = _with_values(renamed, _VALUES)
    kind = renamed.get("kind")
    return _with_values(renamed, {"note": _NOTES[kind]}) if isinstance(kind, str) and kind in _NOTES else renamed


def _with_names(fields: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in fields.items()}


def _with_values(fields: dict[str, Any], values: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The fields with the present values; what is no text is left as it is."""
    return {
        name: values[name].get(value, value) if name in values and isinstance(value, str) else value
        for name, value in fields.items()
    }
