"""A server on a loopback socket that answers exactly the bytes that a test wants, as slowly as it wants."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Seen:
    """One request as it came over the wire."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Link:
    """The server's side of one connection, for scripts that do more than answer."""

    def __init__(self, sock: socket.socket, stopped: threading.Event) -> None:
        self._sock = sock
        self._stopped = stopped

    def send(self, data: bytes) -> None:
        """Writes bytes; silently when the other side is gone."""
        with contextlib.suppress(OSError):
            self._sock.sendall(data)

    def hang(self, seconds: float) -> bool:
        """Does nothing for a while; true when the server was stopped meanwhile."""
        return self._stopped.wait(seconds)

    def drip(self, data: bytes, pause: float) -> None:
        """Writes a byte now and then until all is written, the other side is gone or the server stops."""
        for byte in data:
            try:
                self._sock.sendall(bytes([byte]))
            except OSError:
                return
            if self.hang(pause):
                return

    def ends(self, seconds: float) -> bool:
        """Whether the other side ends the connection within that time."""
        readable, _, _ = select.select([self._sock], [], [], seconds)
        return bool(readable) and self._sock.recv(1) == b""

    def close(self) -> None:
        """Ends the connection."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """Ends the connection with a reset."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self._sock.close()


Script = Callable[[Seen, Link], bytes | None]
"""Given a request, gives the bytes of the answer, or nothing when it did what it wanted with the link."""


def answer(
    status: int = 200, body: object = None, headers: Mapping[str, str] | None = None, *, length: int | None = None
) -> bytes:
    """An HTTP answer; a body that is no bytes is sent as JSON. `length` lies about the length."""
    data = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    fields = {"Content-Type": "application/json", "Content-Length": str(len(data) if length is None else length)}
    lines += [f"{name}: {value}" for name, value in (fields | dict(headers or {})).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def failure(status: int, code: str, message: str = "no", headers: Mapping[str, str] | None = None) -> bytes:
    """An error in Hetzner's shape."""
    return answer(status, {"error": {"code": code, "message": message, "details": {}}}, headers)


class ScriptedServer:
    """Runs a script for every request, many at the same time, and remembers what came."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.script = script
        self._tls = tls
        self.requests: list[Seen] = []
        self._stopped = threading.Event()
        self._connections = 0
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                outer._serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Connections that end early are what the tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def endpoint(self) -> str:
        """What a client calls it."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/v1"

    def count(self, method: str) -> int:
        """How many requests of that method came."""
        return sum(seen.method == method for seen in self.requests)

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, sock: socket.socket) -> None:
        self._connections += 1
        number = self._connections
        with contextlib.suppress(OSError):
            self._converse(self._tls.wrap_socket(sock, server_side=True) if self._tls else sock, number)

    def _converse(self, sock: socket.socket, number: int) -> None:
        with sock, sock.makefile("rb") as stream:
            while (seen := _read(stream, number)) is not None:
                self.requests.append(seen)
                data = self.script(seen, Link(sock, self._stopped))
                if data is None:
                    return
                sock.sendall(data)


def _read(stream: Any, connection: int) -> Seen | None:
    first = stream.readline().decode("latin-1").split()
    if len(first) != 3:
        return None
    headers: dict[str, str] = {}
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", "0")))
    url = urlsplit(first[1])
    return Seen(first[0], url.path, parse_qs(url.query), headers, body, connection)
