"""How a connection ends: by a reset while a request is under way on it, in order while it is idle.

When a socket is closed, the kernel goes on sending what the peer has not confirmed yet, for minutes if need be: a
request that was given up would still arrive, long after its effect was taken to be impossible. `SO_LINGER` with a
time of 0 (socket(7), tcp(7)) makes the kernel throw that away and reset the connection, whoever closes it and also
when the process is killed.
"""

from __future__ import annotations

import socket
import struct
import sys

_LINGER = struct.Struct("HH" if sys.platform == "win32" else "ii")


def reset_when_closed(sock: socket.socket) -> None:
    """From now on, closing the connection throws away what has not been delivered."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER.pack(1, 0))


def end_in_order(sock: socket.socket) -> None:
    """From now on, closing the connection delivers what was sent."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER.pack(0, 0))


def same_connection(fileno: int) -> socket.socket:
    """A second descriptor of a connection: it outlives the wrapping by TLS, which detaches the first."""
    return socket.fromfd(fileno, socket.AF_INET, socket.SOCK_STREAM)
