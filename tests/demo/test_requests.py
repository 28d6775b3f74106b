"""Every request that the description allows is taken, and what it does not allow is refused by the name of its field.

`openapi_requests.json` holds the query parameters and bodies of Hetzner's OpenAPI description (July 2026).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.demo.support import Bench, bench

Schema = dict[str, Any]

_OPERATIONS: dict[str, Schema] = json.loads((Path(__file__).parent / "openapi_requests.json").read_text())
_QUERIES = [
    (operation, name, schema)
    for operation, parts in _OPERATIONS.items()
    for name, schema in parts.get("query", {}).items()
]
_BODIES = [(operation, parts["body"]) for operation, parts in _OPERATIONS.items() if "body" in parts]

#: Something of another type than a field's.
_WRONG: dict[str, Any] = {"string": {"a": 1}, "integer": "x", "boolean": "yes", "array": "x", "object": ["x"]}


@pytest.fixture(scope="module")
def at() -> Iterator[Bench]:
    with bench(servers=8, rate_limit=10**6) as made:
        yield made


def _path(at: Bench, template: str) -> str:
    """Give the path of something that is there."""
    kind = template.split("/")[1]
    if kind == "images":
        number = next(image.id for image in at.served.cloud.images.values() if image.type == "snapshot")
    else:
        number = next(server.id for server in at.served.cloud.servers.values() if not server.locked)
    return template.replace("{id}", str(number))


def _ask(at: Bench, operation: str, **more: Any) -> tuple[int, Any]:
    method, template = operation.split()
    needed = {"start": "2026-07-15T08:00:00Z", "end": "2026-07-15T09:00:00Z", "type": "cpu"}
    if template.endswith("/metrics"):
        more["params"] = needed | more.get("params", {})
    answer = at.ask(method, _path(at, template), **more)
    return answer.status_code, answer.json()


def _fields(body: Any) -> set[str]:
    assert body["error"]["code"] == "invalid_input"
    return {field["name"] for field in body["error"]["details"]["fields"]}


def _choices(schema: Schema) -> list[str]:
    return list(schema.get("enum") or schema.get("items", {}).get("enum") or ())


@pytest.mark.parametrize(
    ("operation", "name", "choice"),
    [
        (operation, name, choice)
        for operation, name, schema in _QUERIES
        for choice in _choices(schema) or (["1"] if name not in ("start", "end") else [])
        if operation != "GET /actions" and name not in ("label_selector",)
    ],
)
def test_every_value_of_a_parameter_is_taken(at: Bench, operation: str, name: str, choice: str) -> None:
    status, body = _ask(at, operation, params={name: choice})
    assert status == 200, body


@pytest.mark.parametrize(
    ("operation", "name"), [(operation, name) for operation, name, schema in _QUERIES if _choices(schema)]
)
def test_another_value_of_a_parameter_is_refused(at: Bench, operation: str, name: str) -> None:
    status, body = _ask(at, operation, params={name: "something-else"})
    assert (status, _fields(body)) == (422, {name})


@pytest.mark.parametrize(("operation", "body"), _BODIES)
def test_a_body_without_what_it_needs_is_refused(at: Bench, operation: str, body: Schema) -> None:
    for name in body.get("required", ()):
        status, answer = _ask(at, operation, json={})
        assert status == 422
        assert name in _fields(answer)


@pytest.mark.parametrize(
    ("operation", "name", "kind"),
    [(operation, name, schema["type"]) for operation, body in _BODIES for name, schema in body["properties"].items()],
)
def test_a_field_of_another_type_is_refused(at: Bench, operation: str, name: str, kind: str) -> None:
    status, answer = _ask(at, operation, json={name: _WRONG[kind]})
    assert status == 422
    assert name in _fields(answer)


@pytest.mark.parametrize("operation", [operation for operation, _ in _BODIES])
def test_a_field_that_is_not_described_is_refused(at: Bench, operation: str) -> None:
    status, answer = _ask(at, operation, json={"something_else": 1})
    assert status == 422
    assert "something_else" in _fields(answer)


@pytest.mark.parametrize(
    ("operation", "name", "part", "schema"),
    [
        (operation, name, part, part_schema)
        for operation, body in _BODIES
        for name, schema in body["properties"].items()
        for part, part_schema in (schema.get("properties") or schema.get("items", {}).get("properties") or {}).items()
    ],
)
def test_parts_of_a_field_are_checked_too(at: Bench, operation: str, name: str, part: str, schema: Schema) -> None:
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    wrong: Any = {part: _WRONG[kind]}
    in_list = _OPERATIONS[operation]["body"]["properties"][name]["type"] == "array"
    for content in (wrong, {"something_else": 1}, *([{}] if in_list else [])):
        status, answer = _ask(at, operation, json={name: [content] if in_list else content})
        assert status == 422
        assert name in _fields(answer)


def test_the_description_is_all_here() -> None:
    assert len(_OPERATIONS) > 40
    assert len(_QUERIES) > 60
    assert len(_BODIES) > 5
