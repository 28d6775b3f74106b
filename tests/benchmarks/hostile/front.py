"""An HTTP server in front of the simulated cloud: what goes wrong on the way, and a count of its own.

It knows nothing of the simulation's own faults, so that a scene does not depend on them.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"
_OWN_HEADERS = frozenset({"content-length", "transfer-encoding", "connection"})
_LONGEST = 120.0


class HangUpError(Exception):
    """The connection is closed without an answer."""


@dataclass(slots=True)
class Reply:
    """An answer on its way to the client."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> dict[str, Any]:
        """The body, decoded."""
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded

    def put(self, body: dict[str, Any]) -> None:
        """Another body."""
        self.body = json.dumps(body).encode()


@dataclass(slots=True)
class Asked:
    """A request; `at` in seconds of the monotonic clock, `path` below /v1 and without the query."""

    method: str
    path: str
    query: str
    token: str
    body: bytes
    at: float
    status: int | None = None

    def fits(self, method: str, pattern: str) -> bool:
        """Whether the method is that (`*`: any) and the whole path fits the regular expression."""
        return method in ("*", self.method) and re.fullmatch(pattern, self.path) is not None


Rule = Callable[[Asked, Callable[[], Reply]], Reply]
"""Gives the answer to a request, mostly by means of the function that passes it on."""


@dataclass(slots=True)
class Front:
    """The address that clients use. Rules are asked in the order in which they were added."""

    upstream: int
    tokens: dict[str, str]
    """What the token of a client stands for at the simulated cloud; others are passed on as they are."""
    heard: list[Asked] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    port: int = 0
    host: str = HOST
    gone: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: set[socket.socket] = field(default_factory=set)
    _server: ThreadingHTTPServer | None = None

    @property
    def endpoint(self) -> str:
        """What clients take as their endpoint."""
        return f"http://{self.host}:{self.port}/v1"

    def add(self, rule: Rule) -> Rule:
        """Puts a rule into force."""
        with self._lock:
            self.rules = [*self.rules, rule]
        return rule

    def remove(self, rule: Rule) -> None:
        """Takes a rule out of force."""
        with self._lock:
            self.rules = [other for other in self.rules if other is not rule]

    def go(self) -> None:
        """From now on nobody is there: connections end, and new ones are refused."""
        self.gone = True
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def count(self, method: str, pattern: str, since: float = 0.0, until: float | None = None) -> int:
        """How many such requests came."""
        end = time.monotonic() if until is None else until
        return sum(asked.fits(method, pattern) and since <= asked.at <= end for asked in self.heard)

    def serve(self, server: ThreadingHTTPServer) -> None:
        """Serves until it is told to end."""
        self._server, self.port = server, server.server_address[1]
        server.serve_forever(0.05)

    def note(self, connection: socket.socket, is_open: bool) -> None:
        """Keeps account of connections."""
        with self._lock:
            (self._open.add if is_open else self._open.discard)(connection)

    def answer(self, asked: Asked, forward: Callable[[], Reply]) -> Reply:
        """Lets all rules have their say."""
        with self._lock:
            self.heard.append(asked)
            rules = self.rules
        if self.gone:
            raise HangUpError
        for rule in reversed(rules):
            forward = _bound(rule, asked, forward)
        reply = forward()
        asked.status = reply.status
        return reply


def _bound(rule: Rule, asked: Asked, forward: Callable[[], Reply]) -> Callable[[], Reply]:
    return lambda: rule(asked, forward)


@contextmanager
def serve_front(upstream: int, tokens: dict[str, str], host: str = HOST) -> Iterator[Front]:
    """Serves in threads of its own until the block is left."""
    front = Front(upstream, tokens, host=host)
    handler = type("_Bound", (_Handler,), {"front": front})
    server = _Server((host, 0), handler)
    front.port = server.server_address[1]
    thread = threading.Thread(target=front.serve, args=(server,), name="front", daemon=True)
    thread.start()
    try:
        yield front
    finally:
        front.go()
        thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is nothing to complain of."""


class _Handler(BaseHTTPRequestHandler):
    front: Front
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.front.note(self.connection, True)
        self._upstream = http.client.HTTPConnection("127.0.0.1", self.front.upstream, timeout=_LONGEST)

    def finish(self) -> None:
        self.front.note(self.connection, False)
        self._upstream.close()
        with suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Nothing is logged."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        asked = Asked(self.command, path.removeprefix("/v1"), query, token, body, time.monotonic())
        try:
            reply = self.front.answer(asked, lambda: self._forward(asked))
        except HangUpError:
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815 - names of the base class's protocol

    def _forward(self, asked: Asked) -> Reply:
        token = self.front.tokens.get(asked.token, asked.token)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        try:
            self._upstream.request(self.command, self.path, asked.body or None, headers)
            answer = self._upstream.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._upstream.close()
            raise HangUpError from error
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in _OWN_HEADERS}
        return Reply(answer.status, body, kept)


def error_reply(
    status: int, code: str, message: str, headers: dict[str, str] | None = None, details: object = None
) -> Reply:
    """An answer as Hetzner's, with an error's code."""
    error = {"code": code, "message": message, "details": details}
    body = json.dumps({"error": error}).encode()
    return Reply(status, body, {"Content-Type": "application/json", **(headers or {})})


def refuse(method: str, pattern: str, status: int, code: str, message: str, **more: Any) -> Rule:
    """A rule that refuses all such requests without passing them on."""

    def rule(asked: Asked, forward: Callable[[], Reply]) -> Reply:
        return error_reply(status, code, message, **more) if asked.fits(method, pattern) else forward()

    return rule


def lose_answer(method: str, pattern: str, then: Callable[[], None] | None = None, times: int = 1) -> Rule:
    """A rule that passes such a request on and hangs up in place of the answer, so many times."""
    left = times

    def rule(asked: Asked, forward: Callable[[], Reply]) -> Reply:
        nonlocal left
        reply = forward()
        if left and asked.fits(method, pattern) and reply.status < 300:
            left -= 1
            if then is not None:
                then()
            raise HangUpError
        return reply

    return rule
