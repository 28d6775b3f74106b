"""The published description of the API, cut down to what responses look like, with the project's corrections.

What it leaves out is in `beyond`.

`openapi_responses.json` holds the response schemas of Hetzner's OpenAPI description (July 2026) without prose and
examples, equal parts shared under `$defs`. Keys are "METHOD /template STATUS"; null: no body; "error": all errors.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from tests.demo import beyond

#: What the description leaves open and clients rely on, or what is known to be otherwise:
#: where (a response's key, then the path in its schema), the keywords to change there, and why.
CORRECTIONS: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("POST /servers/{id}/actions/create_image 201", "", {"required": ["image", "action"]}, "the SDK reads both"),
    ("POST /servers/{id}/actions/rebuild 201", "", {"required": ["action", "root_password"]}, "the SDK reads both"),
    ("DELETE /servers/{id} 200", "", {"required": ["action"]}, "the SDK reads it"),
    ("GET /servers/{id} 200", "", {"required": ["server"]}, "the SDK reads it"),
    ("PUT /servers/{id} 200", "", {"required": ["server"]}, "the SDK reads it"),
    ("GET /images/{id} 200", "", {"required": ["image"]}, "the SDK reads it"),
    ("PUT /images/{id} 200", "", {"required": ["image"]}, "the SDK reads it"),
    (
        "GET /servers 200",
        "server public_net ipv4",
        {"required": ["id", "ip", "blocked", "dns_ptr"]},
        "read by the SDK",
    ),
    (
        "GET /servers 200",
        "server public_net ipv6",
        {"required": ["id", "ip", "blocked", "dns_ptr"]},
        "read by the SDK",
    ),
)

#: Where images are described: they carry `deprecation` as server types do (Hetzner's changelog, 2026-09-08).
_DEPRECATABLE = (("GET /images 200", "image"), ("GET /servers 200", "server image"))

#: Single resources that the official command line asks for and the description at hand leaves out: they look like
#: an entry of the list.
_SINGLE = ("ssh_key", "network", "firewall", "volume", "placement_group")

_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or (value.endswith("Z") and datetime.fromisoformat(value).tzinfo is not None)


@_FORMATS.checks("decimal")
def _is_decimal(value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(r"-?\d+(\.\d+)?", value) is not None


class Description:
    """Says for an answer whether the description allows it."""

    def __init__(self) -> None:
        data = json.loads((Path(__file__).parent / "openapi_responses.json").read_text())
        self._definitions: dict[str, Any] = data["$defs"]
        self.responses: dict[str, Any] = data["responses"]
        for key, place, change, _why in CORRECTIONS:
            self._at(key, place).update(change)
        for key, place in _DEPRECATABLE:
            image = self._at(key, place)
            image["properties"]["deprecation"] = self._at("GET /server_types 200", "server_type deprecation")
            image["required"].append("deprecation")
        for kind in _SINGLE:
            listed = self.responses[f"GET /{kind}s 200"]["properties"][f"{kind}s"]["items"]
            self.responses[f"GET /{kind}s/{{id}} 200"] = {"properties": {kind: listed}, "required": [kind]}
        #: Those of `beyond`.
        self.beyond = beyond.responses(
            self.responses,
            self._at("GET /locations 200", "location"),
            self._at("GET /servers 200", "server iso"),
            self._at("GET /server_types 200", "server_type deprecation"),
        )
        self.responses |= self.beyond
        for schema in (*self.responses.values(), *self._definitions.values()):
            _close(schema)
        templates = {key.split()[1] for key in self.responses if key != "error"}
        # Fixed words before placeholders: /servers/actions is not /servers/{id}.
        self._templates = sorted(templates, key=lambda template: (template.count("{"), template))

    def key_of(self, method: str, path: str, status: int) -> str:
        """Name the response in the description."""
        for template in self._templates:
            if re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", template), path):
                return f"{method} {template} {status}"
        raise KeyError(path)

    def problems(self, key: str, body: Any) -> list[str]:
        """Say what about a body is not as described; fields that are not described count too."""
        schema = self.responses[key] | {"$defs": self._definitions}
        validator = Draft202012Validator(schema, format_checker=_FORMATS)
        return [f"{key}: {error.json_path}: {error.message}" for error in validator.iter_errors(body)]

    def _at(self, key: str, place: str) -> dict[str, Any]:
        schema = self.responses[key]
        for word in place.split():
            properties = self._resolve(schema)["properties"]
            schema = self._resolve(properties[f"{word}s"])["items"] if f"{word}s" in properties else properties[word]
        return self._resolve(schema)

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self._definitions[schema["$ref"].rpartition("/")[2]]
        return schema


def _close(schema: Any) -> None:
    """Allow no fields but the described ones, everywhere in a schema."""
    if isinstance(schema, list):
        for part in schema:
            _close(part)
    elif isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            schema.setdefault("additionalProperties", False)
            for part in schema["properties"].values():
                _close(part)
        for word, part in schema.items():
            if word != "properties":
                _close(part)
