"""A handle on the one connection that a request uses: has it left this machine, and how to end it at once.

Time-outs of sockets bound one read, not a request: a byte now and then keeps it alive without end. Shutting the
socket down from outside ends it, whatever the thread inside is waiting for. The thread then closes it, and because a
request is under way that resets the connection: nothing of a request that was given up arrives later.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ProtocolError

from hsnap_tui.cloud.transport.connection_reset import end_in_order, reset_when_closed, same_connection

LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes of an answer's body, unpacked, above which it is given up."""


class RequestHandle:
    """Watches one request from its start to its end; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None
        self._aborted = False
        self._sent = False

    @property
    def sent(self) -> bool:
        """Whether a byte of the request can have left; while false, it surely had no effect."""
        return self._sent

    @property
    def aborted(self) -> bool:
        """Whether the request was ended from outside."""
        return self._aborted

    def watch(self, fileno: int) -> None:
        """Takes a connected socket; raises `ConnectionAbortedError` when it is too late for that."""
        handle = same_connection(fileno)
        with self._lock:
            if self._handle is not None:
                self._handle.close()
            self._handle = handle
            self._refuse_if_aborted()

    def sending(self) -> None:
        """Says that the request's first byte is about to leave; raises `ConnectionAbortedError` instead."""
        with self._lock:
            self._refuse_if_aborted()
            self._sent = True

    def abort(self) -> None:
        """Ends the request now; what is not sent yet never will be, and what is not delivered yet neither."""
        with self._lock:
            self._aborted = True
            if self._handle is not None:
                with contextlib.suppress(OSError):
                    self._handle.shutdown(socket.SHUT_RDWR)

    def cancel_if_unsent(self) -> bool:
        """Ends the request unless it is sent; true when it surely never leaves."""
        with self._lock:
            if not self._sent:
                self._aborted = True
            return not self._sent

    def release(self) -> None:
        """Lets the connection go when the request has ended."""
        with self._lock:
            if self._handle is not None:
                self._handle.close()
                self._handle = None

    @contextlib.contextmanager
    def current(self) -> Iterator[None]:
        """Makes this the handle of the requests that the calling thread sends meanwhile."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)
            self.release()

    def _refuse_if_aborted(self) -> None:
        if self._aborted:
            raise ConnectionAbortedError("ended before it was sent")


_current: ContextVar[RequestHandle | None] = ContextVar("request_handle", default=None)


class _WatchedHTTPConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _watched(super()._new_conn())

    def request(self, *args: Any, **kwargs: Any) -> None:
        _announce(self)
        super().request(*args, **kwargs)


class _WatchedHTTPSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _watched(super()._new_conn())

    def request(self, *args: Any, **kwargs: Any) -> None:
        _announce(self)
        super().request(*args, **kwargs)


class _WatchedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHTTPConnection

    def _put_conn(self, conn: Any) -> None:
        _set_idle(conn)
        super()._put_conn(conn)


class _WatchedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHTTPSConnection

    def _put_conn(self, conn: Any) -> None:
        _set_idle(conn)
        super()._put_conn(conn)


_POOLS = {"http": _WatchedHTTPPool, "https": _WatchedHTTPSPool}


def _use_watched_pools(manager: urllib3.PoolManager) -> None:
    """Has the manager make watched connections, and close them when it is cleared: not when memory is short."""
    manager.pool_classes_by_scheme = _POOLS
    manager.pools.dispose_func = HTTPConnectionPool.close


def _watched(sock: socket.socket) -> socket.socket:
    request_handle = _current.get()
    if request_handle is not None:
        try:
            request_handle.watch(sock.fileno())
        except ConnectionAbortedError:
            sock.close()
            raise
    return sock


def _announce(connection: HTTPConnection) -> None:
    """Connects where that is still to be done, so that what fails until here is known as not sent."""
    if connection.sock is None:
        connection.connect()
    fileno = connection.sock.fileno()
    with same_connection(fileno) as handle:
        reset_when_closed(handle)
    request_handle = _current.get()
    if request_handle is not None:
        request_handle.watch(fileno)
        request_handle.sending()


def _set_idle(connection: HTTPConnection | None) -> None:
    """A connection whose answer has come completely, before the next request may use it."""
    if connection is not None and connection.sock is not None:
        with same_connection(connection.sock.fileno()) as handle:
            end_in_order(handle)


class WatchedAdapter(HTTPAdapter):
    """The transport of requests with watched connections and answers of bounded size."""

    def __init__(self, connections: int) -> None:
        super().__init__(pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Makes the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        _use_watched_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> urllib3.ProxyManager:
        """Makes the pools of connections through a proxy."""
        manager: urllib3.ProxyManager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            _use_watched_pools(manager)
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Sends and returns the answer, whose body raises when it is larger than `LARGEST_ANSWER`."""
        response = super().send(request, *args, **kwargs)
        response.raw = _Bounded(response.raw)
        return response


class _Bounded:
    """urllib3's answer, whose body is read no further than `LARGEST_ANSWER`."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        size = 0
        for chunk in self._raw.stream(*args, **kwargs):
            size += len(chunk)
            if size > LARGEST_ANSWER:
                self._raw.close()
                raise ProtocolError(f"the answer is larger than {LARGEST_ANSWER} bytes")
            yield chunk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)
