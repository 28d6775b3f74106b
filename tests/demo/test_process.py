"""`python -m hsnap_tui.demo` as a process of its own."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from hsnap_tui.demo.arguments import parse
from hsnap_tui.demo.model.faults import Fault
from tests.patience import PATIENCE

_COMMAND = [sys.executable, "-m", "hsnap_tui.demo"]


class Running:
    """The process, with what it printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        lines = [process.stdout.readline().strip() for _ in range(3)]
        self.lines = lines
        self.endpoint = lines[0].removeprefix("export HCLOUD_ENDPOINT=")
        self.token = lines[1].removeprefix("export HCLOUD_TOKEN=")

    def get(self, path: str, token: str = "") -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            headers = {"Authorization": f"Bearer {token or self.token}"}
            return session.get(self.endpoint + path, headers=headers, timeout=PATIENCE)


@contextmanager
def running(*words: str) -> Iterator[Running]:
    process = subprocess.Popen(
        [*_COMMAND, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield Running(process)
        finally:
            process.kill()


def test_it_prints_what_to_paste_and_serves_it() -> None:
    with running("--servers", "3", "--calm") as sim:
        assert re.fullmatch(r"export HCLOUD_ENDPOINT=http://127\.0\.0\.1:\d+/v1", sim.lines[0])
        assert re.fullmatch(r"export HCLOUD_TOKEN=[A-Za-z0-9]{64}", sim.lines[1])
        assert sim.lines[2].startswith("# ")
        assert len(sim.get("/servers").json()["servers"]) == 3
        reader = sim.lines[2].split()[-1]
        assert len(reader) == 64
        assert sim.get("/servers", reader).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "delay", [("--fault", "stall=3000:GET servers"), ("--fault", "latency=500:*"), ("--latency", "900")]
)
def test_a_signal_ends_it_well_even_while_someone_waits(number: signal.Signals, delay: tuple[str, str]) -> None:
    with running("--servers", "3", *delay) as sim:
        port = int(sim.endpoint.rpartition(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)) as waiting:
            waiting.sendall(
                f"GET /v1/servers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {sim.token}\r\n\r\n".encode()
            )
            sim.process.send_signal(number)
            _, errors = sim.process.communicate(timeout=PATIENCE)
            assert sim.process.returncode == 0
            assert errors == ""


def test_it_goes_when_its_parent_is_gone() -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            "child = subprocess.Popen([*sys.argv[1:], '--exit-with-parent'], stdin=subprocess.PIPE)\n"
            "time.sleep(1_000_000)",
            *_COMMAND,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        endpoint = parent.stdout.readline().strip().rpartition("=")[2]
        parent.kill()
        # The child holds the other end: this ends when it has gone, too.
        parent.stdout.read()
    with pytest.raises(requests.ConnectionError):
        requests.get(endpoint, timeout=PATIENCE)


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*_COMMAND, "--port", str(port)], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"cannot listen on port {port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_listens_on_loopback_only() -> None:
    with running("--servers", "0") as sim:
        port = int(sim.endpoint.rpartition(":")[2].split("/")[0])
        # All of 127.0.0.0/8 is loopback, but only one address of it is served.
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.2", port), timeout=PATIENCE)
        assert sim.process.poll() is None
        assert os.getpid() != sim.process.pid


_EVERYTHING = (
    "--port 8080 --servers 5 --seed 7 --calm --latency 50ms --snapshot-seconds 60-78 --unlock-at 5% "
    "--shutdown-seconds 3s --ignore-acpi a,b --snapshot-limit 30 --fail-rate 0.1 --fail-commands create_image "
    "--rate-limit 100 --actions-rate-limit 7200 --other-client 0.9 --speed 10 --exit-with-parent "
    "--fault 'drop-after:POST create_image:0.15' --fault 500:*:1:2"
)


def test_arguments() -> None:
    given = parse(shlex.split(_EVERYTHING))
    options = given.options
    assert (given.port, given.exit_with_parent) == (8080, True)
    assert (options.servers, options.seed, options.calm, options.speed) == (5, 7, True, 10)
    assert options.latency == pytest.approx(0.05)
    assert (options.snapshot_seconds, options.unlock_at, options.shutdown_seconds) == ((60, 78), 5, (3, 3))
    assert (options.ignore_acpi, options.snapshot_limit) == (("a", "b"), 30)
    assert (options.action_failure_rate, options.failing_commands) == (0.1, ("create_image",))
    assert (options.rate_limit, options.actions_rate_limit, options.other_client_share) == (100, 7200, 0.9)
    assert options.faults == (Fault("drop-after", "POST", "create_image", 0.15), Fault("500", times=2))
    assert parse(["--snapshot-seconds", "60"]).options.snapshot_seconds == (60, 60)
    assert parse(["--ignore-acpi", "0.2"]).options.ignore_acpi == 0.2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--fault", "drop:POST *"], "unknown fault kind 'drop'"),
        (["--fault", "500:POST create_imgae"], "no route fits POST 'create_imgae'; the words are: actions,"),
        (["--fault", "500:GET create_image"], "no route fits GET"),
        (["--fault", "500"], "KIND[=VALUE]:[METHOD ]ROUTE[:RATE[:TIMES]]"),
        (["--latency", "fast"], "is not a time"),
        (["--latency", "nan"], "is not a time"),
        (["--snapshot-seconds", "78-60"], "must not be shorter"),
        (["--fail-rate", "2"], "between 0 and 1"),
        (["--rate-limit", "0"], "must be between 1"),
        (["--port", "99999"], "is not a port"),
        (["--servers", "-1"], "is not a number of servers"),
        (["--unlock-at", "101"], "is not a percentage"),
        (["--speed", "0"], "is not a factor"),
        (["--ignore-acpi", "1.5"], "is not a share or names"),
    ],
)
def test_wrong_arguments(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parse(words)
    assert left.value.code == 2
    assert message in capsys.readouterr().err


def test_the_help_names_every_kind_of_fault(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parse(["--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    for kind in ("latency", "drop-after", "drop-then-effect", "timeout-after", "503-after", "cut-json"):
        assert f"  {kind} " in text
