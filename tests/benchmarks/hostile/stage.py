"""What a scene is played on: a simulated cloud with a front, a person's home, and hsnap-tui as processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import Served, serve_in_thread
from tests.benchmarks import truth
from tests.benchmarks.hostile.front import HOST, Front, serve_front
from tests.benchmarks.hostile.judge import Judge
from tests.benchmarks.hostile.off_watch import OffWatch
from tests.benchmarks.hostile.screen import Screen

LOOK_EVERY = 0.1
_KEPT = ("PATH", "LANG")


def program() -> list[str]:
    """The installed command, or the package where there is none."""
    installed = Path(sys.executable).with_name("hsnap-tui")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "hsnap_tui"]


def wait_until(is_so: Callable[[], bool], within: float) -> bool:
    """Waits until something is so, at most that many seconds; tells whether it came."""
    end = time.monotonic() + within
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_EVERY / 2)
    return True


class Run:
    """One process of hsnap-tui; what it writes is kept in a file unless it is given somewhere else to write to."""

    def __init__(
        self,
        words: Sequence[str],
        env: Mapping[str, str],
        home: Path,
        *,
        stdin: int = subprocess.DEVNULL,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> None:
        self.words = words
        self.output = home / f"output-{time.monotonic_ns()}.txt"
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                words,
                env=dict(env),
                cwd=home,
                stdin=stdin,
                stdout=file if stdout is None else stdout,
                stderr=file if stderr is None else stderr,
                start_new_session=True,
            )
        self.started = time.monotonic()
        self.ended_at: float | None = None

    @property
    def pid(self) -> int:
        """The process."""
        return self.process.pid

    @property
    def text(self) -> str:
        """What it has written."""
        return self.output.read_text("utf-8", "replace")

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def wait(self, within: float) -> int | None:
        """The exit code; None when it has not ended by then."""
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            return None
        self.ended_at = self.ended_at or time.monotonic()
        return code

    def send(self, number: int) -> None:
        """Sends a signal, if there is still somebody to send it to."""
        if self.alive:
            self.process.send_signal(number)

    def cpu_seconds(self) -> float:
        """How long it has kept a processor busy so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """Ends it at once."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()


class Stage:
    """The simulated cloud, the way to it, and what runs on the person's machine."""

    def __init__(self, served: Served, front: Front, home: Path, prefix: Sequence[str]) -> None:
        self.served, self.front, self.home = served, front, home
        self.state = home / "state"
        self.watch = OffWatch(served)
        self.before = truth.statuses(served)
        self.runs: list[Run] = []
        self.screens: list[Screen] = []
        self._prefix = list(prefix)
        self._options = ""

    def environment(self, **more: str) -> dict[str, str]:
        """Surroundings with nothing of the caller's in them; `more` variables on top."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {
            **kept,
            "HOME": str(self.home),
            "HCLOUD_TOKEN": self.served.token,
            "HCLOUD_ENDPOINT": self.front.endpoint,
            "HSNAP_STATE_DIR": str(self.state),
            "PYTHONUNBUFFERED": "1",
            **more,
        }

    def start(self, *words: str, env: Mapping[str, str] | None = None, entry: Sequence[str] = (), **how: Any) -> Run:
        """Starts hsnap-tui with these words; `entry` in place of the installed command."""
        command = [*self._prefix, *(entry or program()), *words]
        run = Run(command, env or self.environment(), self.home, **how)
        self.runs.append(run)
        return run

    def run(self, *words: str, within: float, env: Mapping[str, str] | None = None) -> tuple[int | None, str]:
        """Runs it to its end; gives the exit code (None: it had to be killed) and what it wrote."""
        run = self.start(*words, env=env)
        code = run.wait(within)
        if code is None:
            run.kill()
        return code, run.text

    def console(
        self, *words: str, env: Mapping[str, str] | None = None, owns_terminal: bool = True
    ) -> tuple[Run, Screen]:
        """Starts the console in a pseudo-terminal and waits until its servers are listed."""
        screen = Screen()
        self.screens.append(screen)
        around = {**(env or self.environment()), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        entry = [sys.executable, "-m", "tests.benchmarks.hostile.own_terminal", *program()] if owns_terminal else []
        if owns_terminal:
            around["PYTHONPATH"] = str(Path(__file__).parents[3])
        run = self.start(
            *words, env=around, entry=entry, stdin=screen.slave, stdout=screen.slave, stderr=screen.slave
        )
        if not wait_until(lambda: self.leader() == run.pid, 30):
            raise RuntimeError("the console did not come to lead the project")
        return run, screen

    def leader(self) -> int | None:
        """The process that says it leads."""
        for identity in self.state.glob("projects/*/leader"):
            text = identity.read_text("utf-8").strip()
            digits = "".join(character if character.isdigit() else " " for character in text).split()
            return int(digits[0]) if digits else None
        return None

    def has_option(self, command: str, name: str) -> bool:
        """Whether a command knows an option."""
        if not self._options:
            done = subprocess.run(
                [*program(), command, "--help"], env=self.environment(), capture_output=True, text=True, check=True
            )
            self._options = done.stdout
        return name in self._options

    def option(self, command: str, *words: str) -> tuple[str, ...]:
        """The words, if the command knows the first of them: without it the scene shows what happens then."""
        return words if self.has_option(command, words[0]) else ()

    def status(self, name: str) -> str:
        """How a server is."""
        return truth.statuses(self.served)[name]

    def set_status(self, name: str, status: str) -> None:
        """Lets a server be in a status in which it stays."""

        def work(cloud: Cloud) -> None:
            cloud.server_named(name).status = status

        self.served.call(work)

    def is_off(self, name: str) -> bool:
        """Whether a server is off, as the cloud itself knows."""
        return self.status(name) == "off"

    def names(self) -> list[str]:
        """The servers that are on at the start, in order."""
        return [name for name, status in self.before.items() if status == "running"]

    def identifier(self, name: str) -> int:
        """A server's ID."""
        return self.served.call(lambda cloud: cloud.server_named(name).id)

    def call(self, work: Callable[[Cloud], Any]) -> Any:
        """Does something with the cloud."""
        return self.served.call(work)

    def snapshots(self) -> int:
        """How many usable snapshots were made since the beginning."""
        return sum(len(images) for images in truth.usable(self.served).values())

    def snapshots_begun(self) -> int:
        """How many snapshots were begun, finished or not."""
        return self.served.call(lambda cloud: len(cloud.snapshots()))

    def posts(self, what: str) -> int:
        """How many requests of a kind reached the simulated cloud, e.g. "shutdown"."""
        return self.served.count("POST", what)

    def left_off(self) -> list[str]:
        """Servers that were on before and are off now, with nobody at work on them."""
        return truth.left_off(self.served, self.before)

    def close(self) -> None:
        """Ends whatever still runs."""
        self.watch.end()
        for run in self.runs:
            if run.alive:
                run.kill()
        for screen in self.screens:
            screen.vanish()


@contextmanager
def stage(
    judge: Judge,
    *,
    servers: int = 2,
    snapshot: tuple[float, float] = (8, 8),
    shutdown: tuple[float, float] = (1, 2),
    host: str = HOST,
    prefix: Sequence[str] = (),
    tokens: Mapping[str, str] | None = None,
    **more: Any,
) -> Iterator[Stage]:
    """A calm cloud with servers that are on; what nobody promised to leave off is looked for at the end."""
    options = DemoOptions(
        servers=0,
        calm=True,
        latency=more.pop("latency", 0.02),
        snapshot_seconds=snapshot,
        shutdown_seconds=shutdown,
        power_seconds=more.pop("power_seconds", (1, 2)),
        **more,
    )
    home = Path(tempfile.mkdtemp(prefix="hsnap-tui-hostile-"))
    try:
        with (
            serve_in_thread(options=options) as served,
            serve_front(served.port, dict(tokens or {}), host) as front,
        ):
            served.call(lambda cloud: [cloud.add_server(f"web{number + 1}") for number in range(servers)])
            made = Stage(served, front, home, prefix)
            made.watch.begin()
            try:
                yield made
            finally:
                made.close()
                if kept := os.environ.get("HOSTILE_KEEP"):
                    _keep(made, Path(kept), home)
            if served.defects:
                judge.check(f"the simulated cloud failed: {served.defects[0]!r}", False)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _keep(made: Stage, kept: Path, home: Path) -> None:
    """For whoever looks into a broken promise: what the processes wrote, and the requests."""
    folder = kept / home.name
    folder.mkdir(parents=True, exist_ok=True)
    for number, run in enumerate(made.runs):
        text = f"{' '.join(map(str, run.words))}\nexit {run.process.poll()}\n\n{run.text}"
        (folder / f"run-{number}.txt").write_text(text, "utf-8")
    start = made.front.heard[0].at if made.front.heard else 0.0
    lines = (
        f"{a.at - start:8.2f} {a.method:6} {a.status or '-'} {a.path}{'?' if a.query else ''}{a.query}"
        for a in made.front.heard
    )
    (folder / "requests.txt").write_text("\n".join(lines), "utf-8")
    shutil.copytree(made.state, folder / "state", dirs_exist_ok=True)
