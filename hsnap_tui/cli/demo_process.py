"""The simulated cloud as a child process, which ends together with the program and whose files are then removed."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hsnap_tui.config.errors import SettingsError
from hsnap_tui.config.secret import Secret
from hsnap_tui.config.settings import Settings


@dataclass(frozen=True, slots=True)
class _Answer:
    endpoint: str
    token: str


class DemoProcess:
    """The running process. The constructor starts it and `settings` waits until it listens; both raise
    `SettingsError` when it does not start."""

    def __init__(self, options: Sequence[str] = ()) -> None:
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="hsnap-tui-demo-"))
            self._process = _start(self._folder, options)
        except OSError as error:
            raise _not_started(str(error)) from error

    def settings(self, *, read_only: bool = False) -> Settings:
        """The settings to connect to it; none of the user's own settings are read."""
        answer = self._read()
        return Settings.for_demo(answer.endpoint, Secret(answer.token), self._folder, read_only=read_only)

    def _read(self) -> _Answer:
        found: dict[str, str] = {}
        for line in self._process.stdout or ():
            name, _, value = line.removeprefix("export ").strip().partition("=")
            found[name] = value
            if "HCLOUD_TOKEN" in found and "HCLOUD_ENDPOINT" in found:
                return _Answer(found["HCLOUD_ENDPOINT"], found["HCLOUD_TOKEN"])
        told = self._process.stderr.read().split("\n") if self._process.stderr else []
        raise _not_started(next((line for line in reversed(told) if line), ""))

    def stop(self) -> None:
        """Kills the process and removes its files: it has nothing to save."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _start(folder: Path, options: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        [sys.executable, "-m", "hsnap_tui.demo.child", str(folder), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a Ctrl-C is the app's; the end of its standard input tells the child
    )


def _not_started(reason: str) -> SettingsError:
    return SettingsError("The simulated cloud did not start.", reason or "Try again.")
