"""Converts jobs and events to and from JSON, for the journal and for other programs."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, TypeVar

from cattrs.preconf.json import make_converter

T = TypeVar("T")

_converter = make_converter(omit_if_default=True)
_converter.register_unstructure_hook(timedelta, lambda value: value.total_seconds())
_converter.register_structure_hook(timedelta, lambda value, _: timedelta(seconds=value))


def to_plain(thing: object) -> dict[str, Any]:
    """A frozen dataclass as plain data; fields that have their default are left out."""
    plain: dict[str, Any] = _converter.unstructure(thing)
    return plain


def to_text(thing: object) -> str:
    """A frozen dataclass as one line of JSON."""
    return json.dumps(to_plain(thing), ensure_ascii=False, separators=(",", ":"))


def from_text(text: str, kind: type[T]) -> T:
    """The dataclass that `to_text` wrote. Raises `ValueError` or a `cattrs` error when it did not."""
    return from_plain(json.loads(text), kind)


def from_plain(plain: object, kind: type[T]) -> T:
    """The dataclass of plain data. Raises `ValueError` or a `cattrs` error when it does not fit."""
    return _converter.structure(plain, kind)
