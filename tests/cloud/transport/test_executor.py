"""Hung requests: what they hold up, what ends them, and what is known about them afterwards."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time

import pytest

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.errors import CloudError, Effect, ErrorKind
from hsnap_tui.cloud.priorities import WorkerGroup
from hsnap_tui.cloud.transport.executor import RequestExecutor, WorkerStuckError
from hsnap_tui.cloud.transport.request_handle import RequestHandle
from tests.cloud.conftest import Certificate, Connect, Serve
from tests.cloud.scripted import Link, ScriptedServer, Seen, answer
from tests.patience import FOREVER, PATIENCE, eventually, until

ACTION = {"action": {"id": 1, "command": "poweron", "status": "running"}}


def hang(_seen: Seen, link: Link) -> None:
    link.hang(FOREVER)


def hang_when_posted(seen: Seen, link: Link) -> bytes | None:
    if seen.method == "GET":
        return answer(200, {"server": {"id": 1}})
    link.hang(FOREVER)
    return None


async def check_close(server: ScriptedServer, connect: Connect, environ: dict[str, str] | None = None) -> None:
    cloud = connect(server, read=FOREVER, environ=environ)
    calls = [
        asyncio.create_task(cloud.power_on(1, Priority.POWER_ON)),
        asyncio.create_task(cloud.get_server(1, Priority.POLL)),
    ]
    await until(lambda: len(server.requests) == 2)
    await cloud.close()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    posted, got = outcomes
    assert isinstance(posted, CloudError)
    assert (posted.kind, posted.effect) == (ErrorKind.OUTCOME_UNKNOWN, Effect.POSSIBLE)
    assert isinstance(got, CloudError)
    assert got.kind is ErrorKind.UNREACHABLE


async def test_close_ends_all_requests_at_once(serve: Serve, connect: Connect) -> None:
    await check_close(serve(hang), connect)


async def test_close_ends_encrypted_requests_at_once(certificate: Certificate, connect: Connect) -> None:
    with ScriptedServer(hang, certificate.context) as server:
        await check_close(server, connect, {"SSL_CERT_FILE": certificate.path})


async def test_close_frees_the_threads(serve: Serve, connect: Connect) -> None:
    def threads() -> list[str]:
        return [thread.name for thread in threading.enumerate()]

    server = serve(hang)
    cloud = connect(server, read=FOREVER)
    call = asyncio.create_task(cloud.get_server(1, Priority.POLL))
    await until(lambda: server.requests)
    await cloud.close()
    await asyncio.gather(call, return_exceptions=True)
    await until(lambda: "hsnap-tui request" not in threads())


async def test_hung_posts_starve_nothing(serve: Serve, connect: Connect) -> None:
    server = serve(hang_when_posted)
    cloud = connect(server, read=FOREVER)
    posts = [
        asyncio.create_task(cloud.create_snapshot(number, "d", {}, Priority.JOB))
        for number in range(WorkerGroup.COMMANDS.width + 8)
    ]
    assert (await cloud.get_server(1, Priority.POLL)).id == 1
    await until(lambda: server.count("POST") == WorkerGroup.COMMANDS.width)
    for priority in Priority:
        assert (await cloud.get_server(1, priority)).id == 1
    power_on = asyncio.create_task(cloud.power_on(1, Priority.POWER_ON))
    await until(lambda: server.requests[-1].path.endswith("/poweron"))
    await cloud.close()
    outcomes = await asyncio.gather(power_on, *posts, return_exceptions=True)
    unknown = [error for error in outcomes if isinstance(error, CloudError) and error.effect is Effect.POSSIBLE]
    assert len(unknown) == WorkerGroup.COMMANDS.width + 1
    assert len(server.requests) == 1 + len(Priority) + WorkerGroup.COMMANDS.width + 1


async def test_a_cancelled_get_is_cut_off(serve: Serve, connect: Connect) -> None:
    gone = threading.Event()

    def wait_for_the_end(_seen: Seen, link: Link) -> None:
        if link.ends(PATIENCE):
            gone.set()

    server = serve(wait_for_the_end)
    call = asyncio.create_task(connect(server).get_server(1, Priority.POLL))
    await until(lambda: server.requests)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await until(gone.is_set)


async def test_a_cancelled_post_is_left_to_its_end(serve: Serve, connect: Connect) -> None:
    answered = threading.Event()
    proceed = threading.Event()

    def slow(_seen: Seen, link: Link) -> bytes:
        proceed.wait(PATIENCE)
        if not link.ends(0.05):
            answered.set()
        return answer(201, ACTION)

    server = serve(slow)
    call = asyncio.create_task(connect(server).power_on(1, Priority.POWER_ON))
    await until(lambda: server.requests)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    proceed.set()
    await until(answered.is_set)


async def test_a_post_that_did_not_leave_never_does() -> None:
    request_handle = RequestHandle()
    assert request_handle.cancel_if_unsent()
    with pytest.raises(ConnectionAbortedError):
        request_handle.sending()
    assert not request_handle.sent


async def test_an_aborted_request_takes_no_connection() -> None:
    request_handle = RequestHandle()
    request_handle.abort()
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(ConnectionAbortedError):
        request_handle.watch(ours.fileno())
    request_handle.release()


async def test_a_thread_that_never_comes_back_is_given_up() -> None:
    executor = RequestExecutor(0.05)
    stuck = threading.Event()
    with pytest.raises(WorkerStuckError):
        await executor.run(WorkerGroup.POLLS, stuck.wait, RequestHandle(), abandon=True)
    assert await executor.run(WorkerGroup.POLLS, lambda: 7, RequestHandle(), abandon=True) == 7
    stuck.set()
    executor.close()


async def test_failures_in_the_thread_reach_the_one_who_waits() -> None:
    executor = RequestExecutor(10)

    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await executor.run(WorkerGroup.POLLS, fail, RequestHandle(), abandon=True)
    executor.close()


async def test_a_worker_group_runs_as_many_requests_as_it_says() -> None:
    executor = RequestExecutor(10)
    together = 0
    most = 0
    lock = threading.Lock()

    def count() -> None:
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
        time.sleep(0.005)
        with lock:
            together -= 1

    await asyncio.gather(
        *(executor.run(WorkerGroup.LOOK_UPS, count, RequestHandle(), abandon=True) for _ in range(40))
    )
    assert most <= WorkerGroup.LOOK_UPS.width
    executor.close()


def test_the_interpreter_waits_for_no_hung_request(serve: Serve) -> None:
    server = serve(hang)
    program = f"""
import asyncio
from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.client import HetznerCloud
from hsnap_tui.config.secret import Secret

async def main():
    cloud = HetznerCloud("{server.endpoint}", Secret("x"), "demo", read_timeout={FOREVER})
    call = asyncio.create_task(cloud.power_on(1, Priority.POWER_ON))
    await asyncio.to_thread(input)
    call.cancel()

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as process:
        try:
            eventually(lambda: server.requests)
            process.communicate(b"\n", timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == 0
    assert server.count("POST") == 1
