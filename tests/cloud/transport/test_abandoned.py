"""A request that was given up never arrives later, whatever of it is still in this machine's kernel."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Callable, Iterator

import pytest

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.client import HetznerCloud
from hsnap_tui.cloud.errors import CloudError, Effect
from tests.cloud.conftest import Certificate, Connect, Serve
from tests.cloud.scripted import answer
from tests.cloud.transport.holding import HoldingPeer
from tests.patience import PATIENCE

LONG = "d" * 60_000
ELSEWHERE = "api.hetzner.invalid"
ROADS = ("plain", "tls", "proxy", "tunnel")


@pytest.fixture
def peers(certificate: Certificate) -> Iterator[Callable[[str], HoldingPeer]]:
    made: list[HoldingPeer] = []

    def make(road: str) -> HoldingPeer:
        tls = certificate.context if road in ("tls", "tunnel") else None
        made.append(HoldingPeer(tls, tunnel=road == "tunnel"))
        return made[-1]

    yield make
    for peer in made:
        peer.close()


def reach(connect: Connect, peer: HoldingPeer, road: str, certificate: Certificate, read: float) -> HetznerCloud:
    proxy = f"http://127.0.0.1:{peer.port}"
    trusted = {"SSL_CERT_FILE": certificate.path}
    match road:
        case "plain":
            return connect(f"http://127.0.0.1:{peer.port}/v1", read=read, environ={})
        case "tls":
            return connect(f"https://127.0.0.1:{peer.port}/v1", read=read, environ=trusted)
        case "proxy":
            return connect(f"http://{ELSEWHERE}/v1", read=read, environ={"http_proxy": proxy})
        case _:
            return connect(f"https://{ELSEWHERE}/v1", read=read, environ={**trusted, "https_proxy": proxy})


def create(cloud: HetznerCloud) -> asyncio.Task[object]:
    return asyncio.create_task(cloud.create_snapshot(1, LONG, {}, Priority.JOB))


async def under_way(peer: HoldingPeer) -> None:
    assert await asyncio.to_thread(peer.connected.wait, PATIENCE)
    await asyncio.sleep(0.2)


async def never_arrives(peer: HoldingPeer) -> None:
    await asyncio.to_thread(peer.read_on)
    assert peer.was_reset
    assert len(peer.received) < len(LONG)


@pytest.mark.parametrize("road", ROADS)
async def test_after_a_time_out(
    peers: Callable[[str], HoldingPeer], connect: Connect, certificate: Certificate, road: str
) -> None:
    peer = peers(road)
    with pytest.raises(CloudError) as caught:
        await create(reach(connect, peer, road, certificate, 0.3))
    assert caught.value.effect is Effect.POSSIBLE
    await never_arrives(peer)


@pytest.mark.parametrize("road", ROADS)
async def test_after_the_client_was_closed(
    peers: Callable[[str], HoldingPeer], connect: Connect, certificate: Certificate, road: str
) -> None:
    peer = peers(road)
    cloud = reach(connect, peer, road, certificate, 15)
    call = create(cloud)
    await under_way(peer)
    await cloud.close()
    (error,) = await asyncio.gather(call, return_exceptions=True)
    assert isinstance(error, CloudError)
    assert error.effect is Effect.POSSIBLE
    await never_arrives(peer)


@pytest.mark.parametrize("road", ROADS)
async def test_after_a_get_was_cancelled(
    peers: Callable[[str], HoldingPeer], connect: Connect, certificate: Certificate, road: str
) -> None:
    peer = peers(road)
    cloud = reach(connect, peer, road, certificate, 15)
    call = asyncio.create_task(cloud.list_servers(Priority.POLL, LONG))
    await under_way(peer)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await never_arrives(peer)


@pytest.mark.parametrize("how", ["killed", "ended"])
async def test_after_the_process_ended(peers: Callable[[str], HoldingPeer], how: str) -> None:
    peer = peers("plain")
    program = f"""
import asyncio, os
from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.client import HetznerCloud
from hsnap_tui.config.secret import Secret

async def main():
    cloud = HetznerCloud("http://127.0.0.1:{peer.port}/v1", Secret("x"), "demo")
    call = asyncio.create_task(cloud.create_snapshot(1, "{LONG}", {{}}, Priority.JOB))
    print("begun", flush=True)
    await asyncio.to_thread(input)
    call.cancel()

asyncio.run(main())
"""
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdin=pipe, stdout=pipe)
    assert child.stdout is not None
    await child.stdout.readline()
    await under_way(peer)
    if how == "killed":
        child.kill()
    await child.communicate(b"\n")
    await never_arrives(peer)


async def test_an_idle_connection_ends_in_order(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[socket.socket] = []
    original = socket.socket.connect

    def remember(sock: socket.socket, address: object) -> None:
        original(sock, address)  # type: ignore[arg-type]
        kept.append(sock.dup())

    monkeypatch.setattr(socket.socket, "connect", remember)

    def lingers() -> bool:
        on, _seconds = struct.unpack("ii", kept[0].getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))
        return bool(on)

    during: list[bool] = []

    def script(_seen: object, _link: object) -> bytes:
        during.append(lingers())
        return answer(200, {"server": {"id": 1}})

    cloud = connect(serve(script), environ={})
    for _ in range(2):
        await cloud.get_server(1, Priority.POLL)
        assert not lingers()
    assert during == [True, True]
    assert len(kept) == 1, "the connection is used again"
    kept[0].close()
