"""The private parts of Textual that our driver needs are those that it was written for."""

from __future__ import annotations

import inspect
import sys

import pytest
import textual

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Textual has another driver there")


def test_the_driver_was_checked_on_this_version_of_textual() -> None:
    from hsnap_tui.tui.textual_private import CHECKED_ON  # noqa: PLC0415

    assert textual.__version__ in CHECKED_ON, "read what has changed in LinuxDriver, run the tests, and add it"


def test_textual_still_has_what_the_driver_replaces() -> None:
    from textual.drivers.linux_driver import LinuxDriver  # noqa: PLC0415

    for name in ("write", "run_input_thread", "start_application_mode", "stop_application_mode"):
        assert inspect.isfunction(getattr(LinuxDriver, name))
    source = inspect.getsource(LinuxDriver)
    for name in (
        "self.exit_event",
        "self._key_thread",
        "self.fileno",
        "_sigtstp_application",
        "_sigcont_application",
    ):
        assert name in source
    assert "self.run_input_thread()" in inspect.getsource(LinuxDriver._run_input_thread)
