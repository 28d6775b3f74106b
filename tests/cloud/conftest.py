"""Clients of scripted servers, closed when the test ends."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from hsnap_tui.cloud.client import HetznerCloud
from hsnap_tui.common.clock import Clock, ScaledClock
from hsnap_tui.config.secret import Secret
from tests.cloud.scripted import Script, ScriptedServer

TOKEN = "T0k3n" * 12 + "abcd"

Serve = Callable[[Script], ScriptedServer]
Connect = Callable[..., HetznerCloud]


@dataclass(frozen=True)
class Certificate:
    """A server's side of TLS with a certificate that vouches for itself, and the file to trust it by."""

    context: ssl.SSLContext
    path: str


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A fresh certificate for 127.0.0.1 and api.hetzner.invalid."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    key, path = folder / "key.pem", folder / "certificate.pem"
    options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:api.hetzner.invalid"]
    files = ["-keyout", str(key), "-out", str(path)]
    subprocess.run([openssl, "req", "-x509", *options, *names, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key)
    return Certificate(context, str(path))


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a scripted server; it stops when the test ends."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(ScriptedServer(script))


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Makes a client of an endpoint, with a clock whose pauses are short ones."""
    clients: list[HetznerCloud] = []

    def make(
        endpoint: str | ScriptedServer,
        clock: Clock | None = None,
        *,
        connect: float = 5.0,
        read: float = 15.0,
        environ: dict[str, str] | None = None,
    ) -> HetznerCloud:
        url = endpoint if isinstance(endpoint, str) else endpoint.endpoint
        client = HetznerCloud(
            url,
            Secret(TOKEN),
            "demo",
            clock or ScaledClock(20),
            connect_timeout=connect,
            read_timeout=read,
            environ=environ,
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.close()
