"""Makes the description of a snapshot from a template. Its fields are a fixed list; it is never a format string."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from hsnap_tui.cloud.model import Server

DEFAULT_TEMPLATE = "{name}-snapshot"

FIELDS: dict[str, Callable[[Server, datetime], str]] = {
    "name": lambda server, _now: server.name,
    "id": lambda server, _now: str(server.id),
    "date": lambda _server, now: now.strftime("%Y-%m-%d"),
    "time": lambda _server, now: now.strftime("%H%M"),
    "datetime": lambda _server, now: now.strftime("%Y-%m-%dT%H%MZ"),
    "type": lambda server, _now: server.type,
    "location": lambda server, _now: server.location,
    "status": lambda server, _now: server.status.value,
}
"""The fields by name, written `{name}` in a template; dates and times are in UTC."""

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
_NAME = re.compile(r"[A-Za-z_]\w*")


class TemplateError(ValueError):
    """A template that can't be used; the text says what is wrong and how to write it."""


def render(template: str, server: Server, now: datetime) -> str:
    """The description for a server at `now`. Raises `TemplateError`."""
    moment = now.astimezone(UTC)
    text = "".join(part if isinstance(part, str) else part(server, moment) for part in _parse(template)).strip()
    if not text:
        raise TemplateError("the description is empty: Hetzner would make one up, so write something")
    return text


def check(template: str) -> None:
    """Raises `TemplateError` when the template is wrong for every server."""
    if not _parse(template):
        raise TemplateError("the description is empty: Hetzner would make one up, so write something")


def fields_in_words() -> str:
    """All fields as they are written in a template: `{name} {id} …`."""
    return " ".join(f"{{{name}}}" for name in FIELDS)


def _parse(template: str) -> list[str | Callable[[Server, datetime], str]]:
    parts: list[str | Callable[[Server, datetime], str]] = []
    for match in _TOKEN.finditer(template.strip()):
        token, name = match.group(0), match.group(1)
        if token in ("{{", "}}"):
            parts.append(token[0])
        elif token in ("{", "}"):
            raise TemplateError(f"a single {token} has no partner: write {token}{token} for the character itself")
        elif name is None:
            parts.append(_printable(token))
        else:
            parts.append(_field(name))
    return parts


def _field(name: str) -> Callable[[Server, datetime], str]:
    if name in FIELDS:
        return FIELDS[name]
    if not name:
        raise TemplateError(f"{{}} names no field; there are {fields_in_words()}")
    known = _NAME.match(name)
    if known and known.group(0) in FIELDS:
        raise TemplateError(
            f"{{{name}}}: a field is only its name here, without format or index: {{{known.group(0)}}}"
        )
    raise TemplateError(f"there is no field {{{name}}}; there are {fields_in_words()}")


def _printable(text: str) -> str:
    if not text.isprintable():
        raise TemplateError("the description has a character that cannot be shown, such as a line break")
    return text
