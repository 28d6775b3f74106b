"""A wire between two network interfaces, which is cut for a while when it has seen certain bytes.

python -m tests.benchmarks.hostile.wire CLIENT_SIDE SERVER_SIDE BYTES SECONDS
"""

from __future__ import annotations

import select
import socket
import struct
import sys
import time
from pathlib import Path

_SOL_PACKET, _ADD_MEMBERSHIP, _VNET_HDR = 263, 1, 15
_PROMISCUOUS, _OUTGOING, _EVERYTHING = 1, 4, 3


def main() -> None:
    """Carries packets until it is killed."""
    client, server = _open(sys.argv[1]), _open(sys.argv[2])
    wanted, seconds = sys.argv[3].encode(), float(sys.argv[4])
    cut_until: float | None = None
    print("ready", flush=True)
    while True:
        for end in select.select([client, server], [], [])[0]:
            packet, address = end.recvfrom(131072)
            if address[2] == _OUTGOING:
                continue
            if cut_until is None and end is client and wanted in packet:
                cut_until = time.monotonic() + seconds
                Path("/proc/self/comm").write_text("cut", "ascii")
            if cut_until is not None and time.monotonic() < cut_until:
                continue
            (server if end is client else client).send(packet)


def _open(interface: str) -> socket.socket:
    """A socket for whole packets. The header that comes with each says what the kernel has not computed yet."""
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERYTHING))
    opened.setsockopt(_SOL_PACKET, _VNET_HDR, 1)
    opened.bind((interface, _EVERYTHING))
    number = socket.if_nametoindex(interface)
    opened.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, struct.pack("IHH8s", number, _PROMISCUOUS, 0, b""))
    return opened


if __name__ == "__main__":
    main()
