"""The whole program as a process of its own, against a simulated cloud in this one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import Served, serve_in_thread
from tests.clocks.quick import COMMAND, SINCE, QuickClock
from tests.patience import PATIENCE, eventually

PROGRAM = (sys.executable, "-m", "hsnap_tui")


def environment(home: Path, **more: str) -> dict[str, str]:
    """A person's surroundings with nothing of Hetzner's in them."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in os.environ}
    return {**kept, "HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "PYTHONWARNINGS": "error", **more}


def heed_signals() -> None:
    """For a process before it begins: it ignores no signal, though the tests may run in the background or after
    nohup, where SIGINT or SIGHUP are ignored."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


@dataclass
class Ended:
    """What a run left: exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """Standard output, when all of it is JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    def events(self, name: str) -> list[dict[str, Any]]:
        """The lines of one kind."""
        return [record for record in self.records if record["event"] == name]


class Run:
    """One process; whatever it says is read when it has ended, or line by line, unless it goes to `out`."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], cwd: Path, out: int | IO[str] = subprocess.PIPE
    ) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            text=True,
            encoding="utf-8",
            env=env,
            cwd=cwd,
            preexec_fn=heed_signals,  # noqa: PLW1509 - it only sets a signal's handler
        )
        self._read = ""

    def until(self, text: str) -> str:
        """Reads standard output up to the first line with that text; kills the run when it does not come."""
        assert self.process.stdout is not None
        patience = threading.Timer(PATIENCE, self.process.kill)
        patience.start()
        try:
            for line in self.process.stdout:
                self._read += line
                if text in line:
                    return line
        finally:
            patience.cancel()
        raise AssertionError(f"{text!r} never came: {self._read} {self.ended().err}")

    def send(self, number: int) -> None:
        """Sends a signal."""
        self.process.send_signal(number)

    def ended(self) -> Ended:
        """Waits for the end; a run that takes too long is a failure."""
        try:
            out, err = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(f"still running: {self._read}{out}\n{err}") from None
        return Ended(self.process.returncode, self._read + (out or ""), err or "")

    def kill(self) -> None:
        """Ends it in any case and reads what is left."""
        if self.process.poll() is None:
            self.process.kill()
        with suppress(ValueError):  # a test has closed its side
            self.process.communicate()


@dataclass
class Machine:
    """A person's computer with a simulated Hetzner Cloud in reach."""

    served: Served
    home: Path
    env: dict[str, str]
    runs: list[Run] = field(default_factory=list)

    @property
    def state(self) -> Path:
        """Where the journals are."""
        return self.home / "journals"

    def start(self, *words: str, out: int | IO[str] = subprocess.PIPE, **more: str) -> Run:
        """Starts hsnap-tui; `out` is where it writes, `more` are variables."""
        return self.start_command([*COMMAND, *words], out, more)

    def start_command(
        self, command: Sequence[str], out: int | IO[str] = subprocess.PIPE, more: Mapping[str, str] | None = None
    ) -> Run:
        """Starts any command on this machine; it has ended when the test has."""
        run = Run(command, {**self.env, **(more or {})}, self.home, out)
        self.runs.append(run)
        return run

    def run(self, *words: str, **more: str) -> Ended:
        """Runs hsnap-tui to its end."""
        return self.start_command([*COMMAND, *words], more=more).ended()

    def leave_off(self, name: str) -> None:
        """Kills a run in the middle of a snapshot, with the server shut down and locked by the snapshot."""
        run = self.start("snapshot", name, "--shut-down")
        run.until("creating snapshot")
        run.send(signal.SIGKILL)
        run.ended()
        assert self.status(name) == "off"

    def posts(self) -> int:
        """How many requests came that change something."""
        return sum(request.method != "GET" for request in self.served.requests)

    def add(self, *names: str) -> None:
        """Puts servers into the project."""
        self.served.call(lambda cloud: [cloud.add_server(name) for name in names])

    def remove(self, *names: str) -> None:
        """Takes servers out of the project."""

        def work(cloud: Cloud) -> None:
            for name in names:
                cloud.remove_server(cloud.server_named(name))

        self.served.call(work)

    def lock(self, name: str, seconds: float) -> None:
        """Lets somebody else hold a server."""
        self.served.call(lambda cloud: cloud.lock(cloud.server_named(name).id, seconds=seconds))

    def unlock(self, *names: str) -> None:
        """Lets the locks of servers clear."""

        def work(cloud: Cloud) -> None:
            for name in names:
                cloud.unlock(cloud.server_named(name).id)

        self.served.call(work)

    def status(self, name: str) -> str:
        """Whether a server is on."""
        return self.served.call(lambda cloud: cloud.server_named(name).status)

    def snapshots(self) -> list[str]:
        """The descriptions of all snapshots there ever were."""
        return [str(image.description) for image in self.served.call(lambda cloud: cloud.snapshots())]

    def eventually(self, is_so: Callable[[], object]) -> None:
        """Waits until something is so."""
        eventually(is_so)


@contextmanager
def machine(**options: Any) -> Iterator[Machine]:
    """A machine with a calm cloud, by default without servers, where all is done within seconds of quick time."""
    quick = {"snapshot_seconds": (2, 2), "power_seconds": (0.5, 0.5), "shutdown_seconds": (0.5, 0.5)}
    chosen = {"servers": 0, "calm": True, **quick, **options}
    since = time.time()
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_in_thread(Cloud(DemoOptions(**chosen), QuickClock(since))) as served,
    ):
        home = Path(folder)
        env = environment(
            home,
            HCLOUD_TOKEN=served.token,
            HCLOUD_ENDPOINT=served.endpoint,
            HSNAP_STATE_DIR=str(home / "journals"),
            **{SINCE: str(since)},
        )
        made = Machine(served, home, env)
        try:
            yield made
        finally:
            for run in made.runs:
                run.kill()
            assert not served.defects
            assert still_running(folder) == []


def still_running(folder: str) -> list[str]:
    """The command lines of all processes that were started with this folder among their variables (on Linux)."""
    found = []
    for variables in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it has ended in between, or is somebody else's
            if folder.encode() in variables.read_bytes():
                found.append(variables.with_name("cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found
