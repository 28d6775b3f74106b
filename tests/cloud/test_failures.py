"""Every way in which a request fails, over real sockets: our kind of it, and how often it was sent."""

from __future__ import annotations

import gzip
import json
import socket
from contextlib import ExitStack

import pytest

from hsnap_tui.cloud.api import Priority
from hsnap_tui.cloud.client import HetznerCloud
from hsnap_tui.cloud.errors import ADVICE, CloudError, Effect, ErrorKind
from hsnap_tui.cloud.transport import request_handle
from tests.cloud.conftest import TOKEN, Certificate, Connect, Serve
from tests.cloud.scripted import Link, Script, ScriptedServer, Seen, answer, failure
from tests.patience import FOREVER

K = ErrorKind
HTML = b"<html><h1>Bad gateway</h1></html>"
AS_HTML = {"Content-Type": "text/html"}
ACTION = {"action": {"id": 1, "command": "poweron", "status": "running"}}


def says(data: bytes) -> Script:
    return lambda _seen, _link: data


def drop(_seen: Seen, _link: Link) -> None:
    return None


def reset(_seen: Seen, link: Link) -> None:
    link.reset()


def stall(_seen: Seen, link: Link) -> None:
    link.hang(FOREVER)


def stall_in_body(_seen: Seen, link: Link) -> None:
    link.send(answer(201, ACTION)[:-5])
    link.hang(FOREVER)


def drip_headers(_seen: Seen, link: Link) -> None:
    link.drip(b"HTTP/1.1 201 Created\r\nX-Filler: " + b"x" * 10_000, 0.1)


def drip_body(_seen: Seen, link: Link) -> None:
    link.send(answer(201, b"", length=10_000))
    link.drip(b" " * 10_000, 0.1)


def drip_body_to_its_close(_seen: Seen, link: Link) -> None:
    link.send(b"HTTP/1.1 201 Created\r\nConnection: close\r\n\r\n")
    link.drip(b" " * 10_000, 0.1)


def endless_body(_seen: Seen, link: Link) -> None:
    link.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    for _ in range(40):
        link.send(chunk)
    link.close()


NO_ANSWER = [
    pytest.param(drop, id="closed without an answer"),
    pytest.param(reset, id="reset"),
    pytest.param(stall, id="no answer in time"),
    pytest.param(stall_in_body, id="stall inside the body"),
    pytest.param(says(answer(201, ACTION, length=1000)[:-1]), id="hangs on a body that is too short"),
    pytest.param(drip_headers, id="headers drip"),
    pytest.param(drip_body, id="body drips"),
    pytest.param(drip_body_to_its_close, id="body without a length drips"),
    pytest.param(endless_body, id="body without an end"),
]

UNUSABLE = [
    pytest.param(says(answer(status, body, headers)), id=f"{status} {what}")
    for status in (200, 201, 500, 502, 503, 504)
    for what, body, headers in (
        ("html", HTML, AS_HTML),
        ("empty", b"", None),
        ("null", b"null", None),
        ("truncated json", json.dumps(ACTION).encode()[:-9], None),
        ("a list", b"[]", None),
        ("a number", b"17", None),
        ("an error without a code", {"error": {"message": "x"}}, None),
        ("nested too deep", b"[" * 100_000, None),
    )
] + [
    pytest.param(says(failure(500, "server_error")), id="500 server_error"),
    pytest.param(says(failure(502, "bad_gateway")), id="502 bad_gateway"),
    pytest.param(says(failure(503, "unavailable")), id="503 unavailable"),
    pytest.param(says(failure(504, "timeout")), id="504 timeout"),
    pytest.param(says(failure(500, "locked")), id="500 that calls itself locked"),
    pytest.param(says(answer(302, b"", {"Location": "/v1/elsewhere"})), id="302"),
    pytest.param(says(answer(307, b"", {"Location": "/v1/elsewhere"})), id="307"),
    pytest.param(says(answer(201, {"action": {"id": "x"}})), id="action without a usable ID"),
]

GATEWAYS = [
    pytest.param(status, effect, id=f"{status} html")
    for status, effect in (
        (400, Effect.NONE),
        (401, Effect.NONE),
        (403, Effect.NONE),
        (404, Effect.NONE),
        (405, Effect.NONE),
        (407, Effect.NONE),
        (408, Effect.POSSIBLE),
        (409, Effect.POSSIBLE),
        (410, Effect.POSSIBLE),
        (423, Effect.POSSIBLE),
    )
]

REFUSALS = [
    pytest.param(status, code, kind, id=f"{status} {code}")
    for status, code, kind in (
        (400, "json_error", K.INVALID_INPUT),
        (401, "unauthorized", K.UNAUTHORIZED),
        (401, "token_readonly", K.READ_ONLY_TOKEN),
        (403, "forbidden", K.FORBIDDEN),
        (403, "maintenance", K.MAINTENANCE),
        (403, "resource_limit_exceeded", K.LIMIT_REACHED),
        (404, "not_found", K.NOT_FOUND),
        (405, "method_not_allowed", K.REFUSED),
        (409, "conflict", K.CONFLICT),
        (409, "uniqueness_error", K.INVALID_INPUT),
        (410, "deprecated_api_endpoint", K.REMOVED),
        (412, "resource_unavailable", K.UNAVAILABLE),
        (422, "invalid_input", K.INVALID_INPUT),
        (422, "service_error", K.REFUSED),
        (422, "unsupported_error", K.UNSUPPORTED),
        (423, "locked", K.LOCKED),
        (423, "protected", K.PROTECTED),
        (418, "brand_new_code", K.REFUSED),
    )
]


async def get(cloud: HetznerCloud) -> CloudError:
    with pytest.raises(CloudError) as caught:
        await cloud.get_server(1, Priority.KEYPRESS)
    return caught.value


async def post(cloud: HetznerCloud) -> CloudError:
    with pytest.raises(CloudError) as caught:
        await cloud.power_on(1, Priority.POWER_ON)
    return caught.value


def check(error: CloudError, kind: ErrorKind, effect: Effect) -> None:
    assert (error.kind, error.effect) == (kind, effect), error
    assert error.message.isprintable()
    assert len(error.message) <= 500
    assert error.advice
    assert TOKEN not in f"{error!s}{error!r}"
    assert error.__cause__ is None
    assert error.__context__ is None or TOKEN not in repr(error.__context__)


@pytest.mark.parametrize("script", NO_ANSWER)
async def test_no_answer(serve: Serve, connect: Connect, script: Script) -> None:
    server = serve(script)
    cloud = connect(server, connect=0.3, read=0.3)
    check(await post(cloud), K.OUTCOME_UNKNOWN, Effect.POSSIBLE)
    assert server.count("POST") == 1
    check(await get(cloud), K.UNREACHABLE, Effect.NONE)
    assert 1 <= server.count("GET") <= 2


@pytest.mark.parametrize("script", UNUSABLE)
async def test_answers_that_say_nothing_reliable(serve: Serve, connect: Connect, script: Script) -> None:
    server = serve(script)
    cloud = connect(server)
    check(await post(cloud), K.OUTCOME_UNKNOWN, Effect.POSSIBLE)
    assert server.count("POST") == 1
    check(await get(cloud), K.UNREACHABLE, Effect.NONE)
    assert server.count("GET") == 2
    assert {seen.path for seen in server.requests} == {"/v1/servers/1", "/v1/servers/1/actions/poweron"}


@pytest.mark.parametrize(("status", "effect"), GATEWAYS)
async def test_refusals_that_are_not_from_the_api(
    serve: Serve, connect: Connect, status: int, effect: Effect
) -> None:
    server = serve(says(answer(status, HTML, AS_HTML)))
    cloud = connect(server)
    kind = K.OUTCOME_UNKNOWN if effect is Effect.POSSIBLE else K.UNREACHABLE
    check(await post(cloud), kind, effect)
    check(await get(cloud), K.UNREACHABLE, Effect.NONE)
    assert server.count("POST") == 1


@pytest.mark.parametrize(("status", "code", "kind"), REFUSALS)
async def test_refusals_of_the_api(serve: Serve, connect: Connect, status: int, code: str, kind: ErrorKind) -> None:
    headers = {"X-Correlation-Id": "f21b9dc9d1535310"}
    if status == 418:
        headers["Retry-After"] = "17"
    server = serve(says(failure(status, code, "words \x1b[2J of Hetzner's", headers)))
    cloud = connect(server)
    for method, error in (("POST", await post(cloud)), ("GET", await get(cloud))):
        possible = kind is K.CONFLICT and method == "POST"
        check(error, kind, Effect.POSSIBLE if possible else Effect.NONE)
        assert error.code == code
        assert error.message.startswith("words ")
        assert error.correlation_id == "f21b9dc9d1535310"
        assert "f21b9dc9d1535310" not in error.message
        assert error.request_id.startswith("request f21b9dc9d1535310")
        assert error.retry_after == (17 if status == 418 else None)
    assert server.count("POST") == 1
    assert server.count("GET") == (2 if kind is K.CONFLICT else 1)


async def test_invalid_input_names_the_fields(serve: Serve, connect: Connect) -> None:
    fields = [{"name": "labels", "messages": ["key too long", "bad\x00byte"]}, {"name": "description"}, 3]
    body = {"error": {"code": "invalid_input", "message": "invalid input", "details": {"fields": fields}}}
    error = await post(connect(serve(says(answer(422, body)))))
    check(error, K.INVALID_INPUT, Effect.NONE)
    assert error.message == "invalid input: labels (key too long, bad\ufffdbyte); description"


async def test_long_messages_are_cut(serve: Serve, connect: Connect) -> None:
    error = await post(connect(serve(says(failure(422, "service_error", "x" * 100_000)))))
    check(error, K.REFUSED, Effect.NONE)
    assert len(error.message) == 500


async def test_an_echoed_token_is_not_passed_on(serve: Serve, connect: Connect) -> None:
    error = await post(connect(serve(says(failure(401, "unauthorized", f"token {TOKEN} unknown")))))
    check(error, K.UNAUTHORIZED, Effect.NONE)


async def test_too_many_requests(serve: Serve, connect: Connect) -> None:
    server = serve(says(failure(429, "rate_limit_exceeded", headers={"Retry-After": "7"})))
    error = await post(connect(server))
    check(error, K.RATE_LIMITED, Effect.NONE)
    assert error.retry_after == 7
    assert server.count("POST") == 1


async def test_too_many_requests_says_a_gateway(serve: Serve, connect: Connect) -> None:
    server = serve(says(answer(429, HTML, AS_HTML)))
    check(await post(connect(server)), K.RATE_LIMITED, Effect.POSSIBLE)
    assert server.count("POST") == 1


async def test_a_get_is_tried_again(serve: Serve, connect: Connect) -> None:
    server = serve(
        lambda _seen, _link: answer(502) if server.count("GET") < 3 else answer(200, {"server": {"id": 1}})
    )
    assert (await connect(server).get_server(1, Priority.POLL)).id == 1
    assert server.count("GET") == 3


@pytest.mark.parametrize("packed", [False, True])
async def test_an_answer_too_large_is_given_up(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    data = json.dumps({**ACTION, "filler": " " * 100_000}).encode()
    headers = {"Content-Encoding": "gzip"} if packed else {}
    cloud = connect(serve(says(answer(201, gzip.compress(data) if packed else data, headers))))
    assert (await cloud.power_on(1, Priority.POWER_ON)).id == 1
    monkeypatch.setattr(request_handle, "LARGEST_ANSWER", 50_000)
    check(await post(cloud), K.OUTCOME_UNKNOWN, Effect.POSSIBLE)


async def test_refused(connect: Connect) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        cloud = connect(f"http://127.0.0.1:{unused.getsockname()[1]}/v1")
        for error in (await post(cloud), await get(cloud)):
            check(error, K.UNREACHABLE, Effect.NONE)
            assert "refused" in error.message


async def test_connect_time_out(connect: Connect) -> None:
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        cloud = connect(f"http://127.0.0.1:{full.getsockname()[1]}/v1", connect=0.2, read=0.2)
        check(await post(cloud), K.UNREACHABLE, Effect.NONE)


async def test_unknown_host(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = await post(connect("https://api.hetzner.invalid/v1", environ={}))
    check(error, K.UNREACHABLE, Effect.NONE)
    assert "name" in error.message


async def test_no_tls_at_the_other_end(serve: Serve, connect: Connect) -> None:
    server = serve(says(answer(200)))
    check(await post(connect(f"https://127.0.0.1:{server.port}/v1")), K.UNREACHABLE, Effect.NONE)


async def test_certificate_that_cannot_be_verified(certificate: Certificate, connect: Connect) -> None:
    with ScriptedServer(says(answer(200)), certificate.context) as server:
        error = await post(connect(server))
    check(error, K.UNREACHABLE, Effect.NONE)
    assert "certificate" in error.message


def test_every_kind_has_advice() -> None:
    assert set(ADVICE) == set(ErrorKind)
