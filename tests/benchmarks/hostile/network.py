"""A network of its own for a scene: two namespaces with a wire between them that drops everything for a while.

What travels on the wire passes through a process, so that the outage begins with the very packet of a request.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.hostile.judge import SkippedError

SERVER = "127.77.0.2"
"""hsnap-tui speaks plain http to 127.0.0.0/8 only; `route_localnet` lets the kernel send it over a wire."""

_CLIENT = "127.77.0.1"
_CLONE_NEWNET = 0x40000000
_IP = (shutil.which("ip") or "ip",)
_WIRE = (sys.executable, "-m", "tests.benchmarks.hostile.wire")


@dataclass(frozen=True, slots=True)
class Network:
    """What is there: words that start a program on the client's side, and the wire's process."""

    prefix: Sequence[str]
    wire: subprocess.Popen[str]

    def outage_began(self) -> bool:
        """Whether the wire has been cut so far."""
        return self.wire.poll() is None and Path(f"/proc/{self.wire.pid}/comm").read_text("ascii") == "cut\n"


@contextmanager
def network(first_bytes: str, seconds: float) -> Iterator[Network]:
    """Makes it, with this thread (and all that it starts) on the server's side.

    The wire drops everything for so many seconds, from the first packet of the client that has these bytes on.
    Raises SkippedError where it can't be made.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        raise SkippedError("network namespaces need root on Linux")
    if not Path(_IP[0]).is_absolute():
        raise SkippedError("iproute2 (the command ip) is missing")
    names = [f"hsnap-{os.getpid()}-{side}" for side in "scw"]
    server, client, wire = names
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    process: subprocess.Popen[str] | None = None
    try:
        for name in names:
            _ip("netns", "add", name)
        for name, address in ((server, SERVER), (client, _CLIENT)):
            _end_of_wire(name, address, wire)
        process = subprocess.Popen(
            [*_IP, "netns", "exec", wire, *_WIRE, f"w{client[-1]}", f"w{server[-1]}", first_bytes, str(seconds)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise SkippedError("raw sockets can't be had")
        _enter(f"/var/run/netns/{server}")
        yield Network((*_IP, "netns", "exec", client), process)
    finally:
        if process is not None:
            process.kill()
            process.wait()
        _set_namespace(home)
        os.close(home)
        for name in names:
            with suppress(SkippedError):
                _ip("netns", "del", name)


def _end_of_wire(name: str, address: str, wire: str) -> None:
    side = name[-1]
    _ip("link", "add", f"e{side}", "netns", name, "type", "veth", "peer", "name", f"w{side}", "netns", wire)
    _ip("-n", wire, "link", "set", f"w{side}", "up")
    # Only this one address stays on the loopback interface: the others of 127.0.0.0/8 are to leave by the wire.
    _ip("-n", name, "link", "set", "lo", "up")
    _ip("-n", name, "addr", "flush", "dev", "lo")
    _ip("-n", name, "addr", "add", "127.0.0.1/32", "dev", "lo")
    _ip("-n", name, "addr", "add", f"{address}/24", "dev", f"e{side}")
    setting = "/proc/sys/net/ipv4/conf/all/route_localnet"
    _ip("netns", "exec", name, "sh", "-c", f"echo 1 > {setting}")
    _ip("-n", name, "link", "set", f"e{side}", "up")


def _ip(*words: str) -> None:
    done = subprocess.run([*_IP, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SkippedError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def _enter(path: str) -> None:
    namespace = os.open(path, os.O_RDONLY)
    try:
        _set_namespace(namespace)
    finally:
        os.close(namespace)


def _set_namespace(descriptor: int) -> None:
    """os.setns, which Python has only since 3.12."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET):
        raise SkippedError(f"setns: {os.strerror(ctypes.get_errno())}")
