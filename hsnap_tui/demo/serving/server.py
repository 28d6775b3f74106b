"""Serving a simulated cloud on the loopback interface, in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import Scope

from hsnap_tui.demo.model.clock import SimulationClock
from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.http import PREFIX, make_app
from hsnap_tui.demo.serving.simulation import Simulation

HOST = "127.0.0.1"

#: Far longer than a client pauses, so that it does not find a kept connection closed.
_KEEP_ALIVE_SECONDS = 75
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0


class Served(Simulation):
    """A simulation that can be reached at `endpoint`."""

    def __init__(self, cloud: Cloud, port: int) -> None:
        super().__init__(cloud)
        self.port = port

    @property
    def endpoint(self) -> str:
        """Give the URL that clients take as their endpoint."""
        return f"http://{HOST}:{self.port}{PREFIX}"


@contextmanager
def serve_in_thread(
    cloud: Cloud | None = None,
    options: DemoOptions | None = None,
    *,
    clock: SimulationClock | None = None,
    port: int = 0,
) -> Iterator[Served]:
    """Serve a cloud (or one made from the options and the clock) until the block is left.

    Port 0: any free one. Raises OSError when the port can't be had. What is in flight at the end is cut off.
    """
    listener = _listen(port)
    try:
        served = Served(cloud or Cloud(options, clock), listener.getsockname()[1])
        server = _Server(served)
        thread = threading.Thread(target=server.run, args=([listener],), name="simulated-cloud", daemon=True)
        thread.start()
        try:
            if not server.ready.wait(_START_SECONDS):
                raise RuntimeError("the simulated cloud did not start")
            yield served
        finally:
            server.should_exit = True
            thread.join(_STOP_SECONDS)
    finally:
        listener.close()


def _listen(port: int) -> socket.socket:
    # The protocol is named because asyncio sends small answers without delay only on sockets that say TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
    except BaseException:
        listener.close()
        raise
    return listener


class _Server(uvicorn.Server):
    def __init__(self, simulation: Simulation) -> None:
        self.ready = threading.Event()
        super().__init__(
            uvicorn.Config(
                make_app(simulation, self._hang_up),
                http="h11",
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,  # ours is the simulated cloud's time
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=1,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in list(self.server_state.connections):
            _abort(connection)
        await super().shutdown(sockets)

    def _hang_up(self, scope: Scope) -> None:
        client = scope["client"]
        for connection in list(self.server_state.connections):
            if getattr(connection, "client", None) == client:
                _abort(connection)


def _abort(connection: object) -> None:
    transport = getattr(connection, "transport", None)
    if isinstance(transport, asyncio.Transport):
        transport.abort()
