"""A peer that stops reading in the middle of a request: the rest stays in the sender's kernel until it reads on."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading

from tests.patience import PATIENCE

SMALL_WINDOW = 4096


class HoldingPeer:
    """Takes one connection and reads nothing of its request until `read_on`; then it reads all that ever comes.

    `tunnel`: it is a proxy that is asked for a tunnel first. `tls`: what is said then is encrypted, and `received` is
    that.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, *, tunnel: bool = False) -> None:
        self._tls = tls
        self._tunnel = tunnel
        self._go = threading.Event()
        self._ended = threading.Event()
        self.connected = threading.Event()
        self.received = b""
        self.was_reset = False
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_WINDOW)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(1)
        self._listener.settimeout(PATIENCE)
        threading.Thread(target=self._work, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def read_on(self) -> None:
        """Reads until the connection ends; returns when it has."""
        self._go.set()
        assert self._ended.wait(PATIENCE), "the connection was left open"

    def close(self) -> None:
        """Ends it in any case."""
        self._go.set()
        self._listener.close()

    def _work(self) -> None:
        try:
            sock, _ = self._listener.accept()
            sock.settimeout(PATIENCE)
            if self._tunnel:
                _read_head(sock)
                sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            wire = sock.dup()
            with wire, self._tls.wrap_socket(sock, server_side=True) if self._tls else sock:
                self.connected.set()
                self._go.wait(PATIENCE)
                _await_reset(wire)
                self._read_all(wire)
        finally:
            self._ended.set()

    def _read_all(self, sock: socket.socket) -> None:
        with contextlib.suppress(TimeoutError):
            while True:
                try:
                    data = sock.recv(65536)
                except ConnectionResetError:
                    self.was_reset = True
                    return
                if not data:
                    return
                self.received += data


def _await_reset(sock: socket.socket) -> None:
    """Waits until the connection was reset: a poll tells that without reading."""
    poll = select.poll()
    poll.register(sock, select.POLLERR)
    poll.poll(PATIENCE * 1000)


def _read_head(sock: socket.socket) -> None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += sock.recv(1)
