"""The types of the values on the command line. The error for a wrong value says what is allowed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import click

from hsnap_tui.common.formatting import parse_duration
from hsnap_tui.common.text import clean
from hsnap_tui.config.endpoint import checked_endpoint
from hsnap_tui.config.errors import SettingsError
from hsnap_tui.config.settings import LONGEST_TIMEOUT
from hsnap_tui.snapshots.labels import parse_labels
from hsnap_tui.snapshots.template import check


class CheckedText(click.ParamType):  # type: ignore[type-arg] # generic since click 8.5 only
    """A value that `read` makes from text. `read` raises `ValueError` or `SettingsError` with a sentence for the
    user."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value for the text. A default value has its type already and is returned unchanged."""
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except (ValueError, SettingsError) as error:
            self.fail(str(error), param, ctx)


def _server_count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"“{text}” is not a number of servers")
    return int(text)


def _image_id(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 < int(text[:20]) < 2**63:
        raise ValueError(f"“{clean(text)}” is no ID of a snapshot; hsnap-tui snapshots list shows them")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= LONGEST_TIMEOUT:
        raise ValueError(f"“{text}” is no time in seconds between 0 and {LONGEST_TIMEOUT:g}")
    return seconds


def _endpoint(text: str) -> str:
    return checked_endpoint(text.strip(), "--endpoint")


def _label(text: str) -> str:
    """Checks one label. Duplicate keys are found later, when all labels are known."""
    parse_labels([text])
    return text


def _template(text: str) -> str:
    check(text)
    return text


def _theme(text: str) -> str:
    from hsnap_tui.tui.theming.themes import names  # noqa: PLC0415 - Textual takes long to import

    if text not in names():
        raise ValueError(f"there is no theme “{clean(text)}”; there are {', '.join(names())}")
    return text


DURATION = CheckedText("duration", parse_duration)
SERVER_COUNT = CheckedText("number of servers", _server_count)
IMAGE_ID = CheckedText("image ID", _image_id)
SECONDS = CheckedText("seconds", _seconds)
ENDPOINT = CheckedText("endpoint", _endpoint)
LABEL = CheckedText("label", _label)
TEMPLATE = CheckedText("template", _template)
THEME = CheckedText("theme", _theme)
