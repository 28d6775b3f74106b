"""What each kind of fault does between a request and its response."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.types import Send

from hsnap_tui.demo.model.errors import ApiError
from hsnap_tui.demo.model.faults import Fault
from hsnap_tui.demo.routes.call import RouteResponse


@dataclass(frozen=True, slots=True)
class Exchange:
    """What can be done with a request that has come in."""

    #: Carries it out, now or that many seconds of the cloud's clock later.
    perform: Callable[[], RouteResponse]
    perform_later: Callable[[float], None]
    #: Carries out a command (see `control`).
    run_command: Callable[[str], None]
    #: Sends a whole answer.
    answer: Callable[[Response], Awaitable[None]]
    #: Closes the connection.
    drop: Callable[[], Awaitable[None]]
    #: Waits so many seconds, but no longer than the client does; tells whether the client has given up.
    pause: Callable[[float], Awaitable[bool]]
    #: Sends parts of an answer.
    send: Send


async def play(fault: Fault | None, exchange: Exchange) -> None:
    """Answer the request, as changed by the fault if there is one."""
    kind, seconds = (fault.kind, fault.duration) if fault else ("", 0.0)
    match kind:
        case "drop-before":
            await exchange.drop()
        case "drop-after":
            exchange.perform()
            await exchange.drop()
        case "drop-then-effect":
            exchange.perform_later(seconds)
            await exchange.drop()
        case "stall":
            await exchange.pause(seconds)
            await exchange.drop()
        case "stall-then-effect":
            exchange.perform_later(seconds)
            await exchange.pause(seconds)
            await exchange.drop()
        case "timeout-after":
            exchange.perform()
            await exchange.pause(seconds)
            await exchange.drop()
        case "trickle":
            await _trickle(exchange, as_response(exchange.perform()), seconds)
        case "cut-body":
            await _cut_body(exchange, as_response(exchange.perform()))
        case "refuse" if fault is not None:
            await exchange.answer(_refuse(fault))
        case "then" if fault is not None:
            answer = exchange.perform()
            exchange.run_command(fault.text)
            await exchange.answer(as_response(answer))
        case "500" | "502" | "503" | "429" | "conflict" | "readonly":
            await exchange.answer(_REFUSALS[kind]())
        case "503-after" | "504-after":
            exchange.perform()
            await exchange.answer(_REFUSALS[kind]())
        case "cut-json" | "empty" | "null":
            response = as_response(exchange.perform())
            content = {"cut-json": bytes(response.body)[: len(response.body) // 2], "empty": b"", "null": b"null"}
            await exchange.answer(Response(content[kind], response.status_code, media_type="application/json"))
        case _:
            answer = exchange.perform()
            await exchange.pause(seconds)
            await exchange.answer(as_response(answer))


def as_response(answer: RouteResponse) -> Response:
    """Give the HTTP form of an answer."""
    headers = dict(answer.headers)
    if answer.body is None:
        return Response(status_code=answer.status, headers=headers)
    content = json.dumps(answer.body, separators=(",", ":"))
    return Response(content, answer.status, headers, media_type="application/json")


async def _trickle(exchange: Exchange, response: Response, seconds: float) -> None:
    await _start(exchange, response)
    for passed, byte in enumerate(bytes(response.body)):
        if passed >= seconds or (passed and await exchange.pause(1)):
            break
        await exchange.send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
    await exchange.drop()


async def _cut_body(exchange: Exchange, response: Response) -> None:
    await _start(exchange, response)
    half = bytes(response.body)[: len(response.body) // 2]
    await exchange.send({"type": "http.response.body", "body": half, "more_body": True})
    # Give what was written a moment to leave: closing throws away what has not.
    await exchange.pause(0.05)
    await exchange.drop()


async def _start(exchange: Exchange, response: Response) -> None:
    status = response.status_code
    await exchange.send({"type": "http.response.start", "status": status, "headers": response.raw_headers})


def _refuse(fault: Fault) -> Response:
    status, code = fault.refusal
    headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
    details: dict[str, Any] | None = {"fields": []} if code == "invalid_input" else None
    error = ApiError(status, code, _MESSAGES.get(code, code.replace("_", " ")), details)
    return as_response(RouteResponse(status, error.body(), headers))


def _refusal(status: int, code: str, message: str) -> Callable[[], Response]:
    return lambda: as_response(RouteResponse(status, ApiError(status, code, message).body()))


def _page(status: int, title: str) -> Callable[[], Response]:
    text = (
        f"<html>\r\n<head><title>{status} {title}</title></head>\r\n<body><h1>{status} {title}</h1></body></html>\r\n"
    )
    return lambda: Response(text, status, media_type="text/html")


_MESSAGES = {
    "unauthorized": "unable to authenticate",
    "token_readonly": "token is only allowed to perform GET requests",
    "locked": "cannot perform operation because server is locked",
    "rate_limit_exceeded": "rate limit exceeded",
    "invalid_input": "invalid input",
    "resource_unavailable": "resource is not available",
    "unavailable": "service is currently not available",
}

_REFUSALS: dict[str, Callable[[], Response]] = {
    "500": _refusal(500, "server_error", "internal server error"),
    "502": _page(502, "Bad Gateway"),
    "503": _page(503, "Service Temporarily Unavailable"),
    "503-after": _refusal(503, "unavailable", "service is currently not available"),
    "504-after": _refusal(504, "timeout", "the request could not be answered in time"),
    "429": _refusal(429, "rate_limit_exceeded", "rate limit exceeded"),
    "readonly": _refusal(401, "token_readonly", _MESSAGES["token_readonly"]),
    "conflict": _refusal(409, "conflict", "the resource has changed during the request, please retry"),
}
