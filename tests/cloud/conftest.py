"""Clients of scripted servers, closed when the test ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack

import pytest

from hsnap_tui.clock import Clock
from hsnap_tui.cloud.client import HetznerCloud
from hsnap_tui.settings import Secret
from tests.cloud.scripted import Script, ScriptedServer

TOKEN = "T0k3n" * 12 + "abcd"

Serve = Callable[[Script], ScriptedServer]
Connect = Callable[..., HetznerCloud]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a scripted server; it stops when the test ends."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(ScriptedServer(script))


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Makes a client of an endpoint, with time-outs short enough for a test."""
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
            clock,
            connect_timeout=connect,
            read_timeout=read,
            environ=environ,
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.close()
