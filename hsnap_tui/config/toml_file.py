"""TOML files as frozen dataclasses. An error names the file, the key and what is allowed, never the value: it may be
a token."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from operator import is_
from pathlib import Path
from typing import Any, TypeVar, get_origin

from cattrs import (
    BaseValidationError,
    ClassValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationError,
)
from cattrs.cols import list_structure_factory
from cattrs.gen import make_dict_structure_fn

from hsnap_tui.common.formatting import parse_duration
from hsnap_tui.common.text import clean
from hsnap_tui.config.errors import SettingsError

T = TypeVar("T")

Hook = Callable[[Any, Any], Any]


def load_toml(path: Path, kind: type[T], *, what: str, advice: str, other_keys: bool = False) -> T:
    """The file as a dataclass of that kind; a missing file is like an empty one. Raises `SettingsError`.

    `what` is what the file is called in the error, `advice` what to do about it. A field may be a text, a number, a
    duration, `true` or `false`, a `StrEnum`, a list or another dataclass; one typed `object` is taken as it is. With
    `other_keys` the file may hold keys that the dataclass does not have.
    """
    shown = f"{what} {clean(str(path))}"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        content = {}
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SettingsError(f"{shown} cannot be read: {reason}.", advice) from None
    except (ValueError, RecursionError):
        # The parser's own message may quote a line with a token.
        raise SettingsError(f"{shown} is not valid TOML.", advice) from None
    try:
        return _converter(other_keys).structure(content, kind)
    except BaseValidationError as error:
        faults = "; ".join(_in_words(key, fault) for key, fault in _faults(error))
        raise SettingsError(f"{shown} has an error: {faults}.", advice) from None


class _NotAllowedError(ValueError):
    """A value of the wrong kind; the text says what is allowed there."""


def _converter(other_keys: bool) -> Converter:
    """Takes each TOML type for what it is: cattrs alone would turn a number into a text, or a text into a list."""
    converter = Converter(forbid_extra_keys=not other_keys)
    for kind, allowed in ((str, "a text in quotes"), (bool, "true or false"), (int, "a whole number")):
        converter.register_structure_hook(kind, _exactly(kind, allowed))
    converter.register_structure_hook_func(partial(is_, object), lambda value, _: value)
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(timedelta, _duration)
    converter.register_structure_hook(StrEnum, _choice)
    converter.register_structure_hook_factory(
        _is_list,
        lambda kind: _only(list, "a list", list_structure_factory(kind, converter)),
    )
    converter.register_structure_hook_factory(
        is_dataclass,
        lambda kind: _only(
            dict,
            "a table",
            make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=not other_keys),
        ),
    )
    return converter


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is list


def _exactly(kind: type, allowed: str) -> Hook:
    def structure(value: Any, _: Any) -> Any:
        if type(value) is not kind:  # True is an int, but not a whole number for a person
            raise _NotAllowedError(allowed)
        return value

    return structure


def _only(container: type, allowed: str, structure: Hook) -> Hook:
    def checked(value: Any, kind: Any) -> Any:
        if not isinstance(value, container):
            raise _NotAllowedError(allowed)
        return structure(value, kind)

    return checked


def _number(value: Any, _: Any) -> float:
    if type(value) not in (int, float):
        raise _NotAllowedError("a number")
    return float(value)


def _duration(value: Any, _: Any) -> timedelta:
    try:
        return parse_duration(value)
    except (ValueError, AttributeError):
        raise _NotAllowedError('a duration such as "90s", "2m", "1h30m" or "1d", a year at most') from None


def _choice(value: Any, kind: Any) -> Any:
    if value not in list(kind):
        raise _NotAllowedError("one of " + ", ".join(f'"{choice}"' for choice in kind))
    return kind(value)


def _faults(error: BaseException, key: str = "") -> Iterator[tuple[str, BaseException]]:
    """Each fault with its key, as in `contexts[0].token`."""
    if isinstance(error, ClassValidationError):
        with_names, rest = error.group_exceptions()
        for fault, note in with_names:
            yield from _faults(fault, f"{key}.{note.name}".lstrip("."))
    elif isinstance(error, IterableValidationError):
        with_places, rest = error.group_exceptions()
        for fault, place in with_places:
            yield from _faults(fault, f"{key}[{place.index}]")
    else:
        yield key, error
        return
    for fault in rest:
        yield from _faults(fault, key)


def _in_words(key: str, fault: BaseException) -> str:
    match fault:
        case _NotAllowedError():
            return f"{key} must be {fault}"
        case ForbiddenExtraKeysError(extra_fields=names, cl=kind) if is_dataclass(kind):
            where = f" in {key}" if key else ""
            unknown = ", ".join(clean(str(name)) for name in sorted(names))
            return f"there is no key {unknown}{where}, only {', '.join(part.name for part in fields(kind))}"
        case KeyError():
            return f"{key} is missing"
        case _:
            return f"{key} cannot be used"
