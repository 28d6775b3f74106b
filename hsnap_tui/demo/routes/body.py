"""Reading the JSON body of a request: every field is checked, and what is not known is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from hsnap_tui.demo.model import labels as label_rules
from hsnap_tui.demo.model.errors import ApiError, invalid_input
from hsnap_tui.demo.routes.call import Call

#: Gives the value as it is used, or raises ValueError with what is wrong with it.
Check = Callable[[Any], Any]

USER_DATA_BYTES = 32 * 1024


def read(
    call: Call, fields: Mapping[str, Check], required: tuple[str, ...] = (), nullable: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Give the body's fields, those that are null or missing left out. Raises ApiError json_error, invalid_input.

    `nullable` fields must be there, and may be null.
    """
    given = _decode(call.body)
    values: dict[str, Any] = {}
    problems: dict[str, list[str]] = {}
    for name, value in given.items():
        if name not in fields:
            problems[name] = ["unknown field"]
        elif value is not None:
            try:
                values[name] = fields[name](value)
            except ValueError as error:
                problems[name] = [str(error)]
    for name in nullable:
        if name not in given:
            problems[name] = ["missing data for required field"]
        values.setdefault(name, None)
    for name in required:
        if given.get(name) is None:
            problems[name] = ["missing data for required field"]
    if problems:
        raise invalid_input(problems)
    return values


def _decode(raw: bytes) -> dict[str, Any]:
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ApiError(400, "json_error", "invalid JSON in request body") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ApiError(400, "json_error", "request body must be a JSON object")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def text(value: Any) -> str:
    """Check for a string."""
    if not isinstance(value, str):
        raise ValueError("must be a string")  # noqa: TRY004 - the reader of the body catches one kind
    return value


def name(value: Any) -> str:
    """Check for a name that a resource without rules of its own may have."""
    if not text(value).strip():
        raise ValueError("must not be empty")
    return str(value)


def boolean(value: Any) -> bool:
    """Check for true or false."""
    if not isinstance(value, bool):
        raise ValueError("must be a boolean")  # noqa: TRY004
    return value


def number(value: Any) -> int:
    """Check for an ID."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("must be a valid ID")
    return value


def id_or_name(value: Any) -> int | str:
    """Check for an ID (as a number or in a string) or a name."""
    return number(value) if isinstance(value, int) else text(value)


def one_of(*allowed: str) -> Check:
    """Check for one of these words."""

    def check(value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of: {', '.join(allowed)}")
        return str(value)

    return check


def list_of(item: Check) -> Check:
    """Check for a list of such items."""

    def check(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ValueError("must be an array")  # noqa: TRY004
        return [item(entry) for entry in value]

    return check


def record(*required: str, **fields: Check) -> Check:
    """Check for an object with no other fields than these, and with those that are required."""

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError("must be an object")  # noqa: TRY004
        unknown = sorted(set(value) - set(fields))
        if unknown:
            raise ValueError(f"unknown field '{unknown[0]}'")
        missing = [name for name in required if value.get(name) is None]
        if missing:
            raise ValueError(f"missing data for required field '{missing[0]}'")
        return {name: fields[name](entry) for name, entry in value.items() if entry is not None}

    return check


def hostname(value: Any) -> str:
    """Check for a name that a server may have."""
    if not label_rules.is_hostname(text(value)):
        raise ValueError("must be a valid hostname as per RFC 1123")
    return str(value)


def user_data(value: Any) -> str:
    """Check for Cloud-Init data that is not too long."""
    if len(text(value).encode("utf-8", "surrogatepass")) > USER_DATA_BYTES:
        raise ValueError("is too long (maximum 32KiB)")
    return str(value)


def labels(value: Any) -> dict[str, str]:
    """Check for labels that a client may set."""
    if not isinstance(value, dict):
        raise ValueError("must be an object")  # noqa: TRY004
    for key, content in value.items():
        problem = label_rules.problem_with(key, content)
        if problem is not None:
            raise ValueError(problem)
    return dict(value)


#: The fields of every change_dns_ptr.
POINTER: Mapping[str, Check] = {"ip": text, "dns_ptr": text}
