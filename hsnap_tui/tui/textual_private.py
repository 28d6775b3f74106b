"""All imports from Textual's private modules, and all uses of the private attributes of its app.

`driver.TerminalDriver` also overrides private methods of Textual's `LinuxDriver`. `CHECKED_ON` lists the versions for
which all of this was checked.
"""

from __future__ import annotations

from typing import Any

from rich.color import ColorSystem
from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.filter import LineFilter
from textual.widgets._footer import FooterKey
from textual.widgets._toast import ToastRack

__all__ = ["CHECKED_ON", "FooterKey", "ParseError", "ToastRack", "XTermParser", "set_colours"]

CHECKED_ON = ("8.2.8",)


def set_colours(app: App[Any], system: ColorSystem, line_filter: LineFilter | None = None) -> None:
    """Sets the colour system in which the app writes, and a filter that changes each line before it is written."""
    app.console._color_system = system
    if line_filter is not None:
        app._filters.append(line_filter)
