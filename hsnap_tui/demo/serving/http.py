"""The HTTP side: rate limit, tokens, routing, headers, and the faults that happen on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hsnap_tui.demo.model.errors import ApiError, invalid_input
from hsnap_tui.demo.model.faults import route_word
from hsnap_tui.demo.routes.call import Call, Endpoint, RouteResponse
from hsnap_tui.demo.routes.table import ROUTES
from hsnap_tui.demo.serving import fault_play, headers
from hsnap_tui.demo.serving.control import CommandError
from hsnap_tui.demo.serving.fault_play import as_response
from hsnap_tui.demo.serving.simulation import Recorded, Simulation, refusal

PREFIX = "/v1"
#: Where commands are taken (see `control`); it is not part of the API.
CONTROL = "/control"

#: Closes the connection of the request with this scope at once, without an answer.
HangUp = Callable[[Scope], None]

_RECORD = "hsnap_tui.demo.record"


def make_app(simulation: Simulation, hang_up: HangUp) -> ASGIApp:
    """Give the whole API as an ASGI application."""
    routes = [
        Route(PREFIX + endpoint.template, _RouteApp(simulation, endpoint, hang_up), methods=[endpoint.method])
        for endpoint in ROUTES
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: partial(_unknown_route, routes)})
    app.router.redirect_slashes = False
    return _RequestFilter(simulation, app)


async def _unknown_route(routes: list[Route], request: Request, _error: Exception) -> Response:
    here = [route.methods or () for route in routes if route.path_regex.match(request.url.path)]
    allowed = sorted({method for methods in here for method in methods})
    if allowed:
        answer = refusal(ApiError(405, "method_not_allowed", "method not allowed"))
        return as_response(RouteResponse(405, answer.body, {"Allow": ", ".join(allowed)}))
    return as_response(refusal(ApiError(404, "not_found", "not found")))


async def _control(simulation: Simulation, request: Request) -> Response:
    """Carry out a command. The first token always opens this, also when the API no longer takes it."""
    if request.headers.get("authorization") != f"Bearer {simulation.token}":
        return as_response(refusal(ApiError(401, "unauthorized", "unable to authenticate")))
    if request.method != "POST":
        return as_response(refusal(ApiError(405, "method_not_allowed", "method not allowed")))
    try:
        simulation.run_command((await request.body()).decode("utf-8", "replace"))
    except CommandError as error:
        return as_response(refusal(invalid_input({"command": [str(error)]})))
    return as_response(RouteResponse(204))


class _RequestFilter:
    """Every request passes here first: it is recorded, counted and checked, and its answer gets its headers."""

    def __init__(self, simulation: Simulation, app: ASGIApp) -> None:
        self._simulation = simulation
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        simulation = self._simulation
        if scope["path"] == CONTROL:
            await (await _control(simulation, request))(scope, receive, send)
            return
        path = scope["path"].removeprefix(PREFIX)
        record = Recorded(request.method, path, request.url.query, simulation.clock.now())
        with simulation.lock:
            # The script may have changed what tokens may do by now.
            simulation.cloud.advance()
            refused = simulation.tokens.refusal(request.headers.get("authorization", ""), request.method)
            simulation.requests.append(record)
            now = simulation.clock.now()
            if refused is not None and refused.code == "unauthorized":
                budget = simulation.anonymous_budget
            elif path == "/actions" and request.method == "GET":
                budget = simulation.actions_budget
            else:
                budget = simulation.budget
            if not budget.take(now):
                message = f"Limit of {budget.limit} requests per hour reached"
                refused = ApiError(429, "rate_limit_exceeded", message)
            named = headers.common(now, simulation.correlation_id(), budget.headers(now))
        scope[_RECORD] = record

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                faults = simulation.draw_header_faults(record)
                added = headers.as_bytes(headers.with_faults(named, now, faults))
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        if refused is None:
            await self._app(scope, receive, send_with_headers)
        else:
            await _pause(receive, simulation.cloud.options.latency)
            await as_response(refusal(refused))(scope, receive, send_with_headers)


class _RouteApp:
    """One route: reads the request, lets a fault happen if one is due, and answers."""

    def __init__(self, simulation: Simulation, endpoint: Endpoint, hang_up: HangUp) -> None:
        self._simulation = simulation
        self._endpoint = endpoint
        self._hang_up = hang_up

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        record: Recorded = scope[_RECORD]
        record.template = self._endpoint.template
        record.route = route_word(record.template)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        call = Call(
            path=request.path_params,
            query=tuple(request.query_params.multi_items()),
            body=body,
            url=str(request.url.replace(query="")),
        )
        simulation = self._simulation
        fault = simulation.draw_fault(record)
        half_way = simulation.cloud.options.latency / 2

        async def answer(response: Response) -> None:
            await _pause(receive, half_way)
            await response(scope, receive, send)

        async def drop() -> None:
            self._hang_up(scope)
            await _disconnected(receive)

        await _pause(receive, half_way)
        perform = partial(simulation.perform, self._endpoint.handler, call)
        exchange = fault_play.Exchange(
            perform=perform,
            run_command=simulation.run_scheduled_command,
            perform_later=partial(simulation.perform_later, self._endpoint.handler, call),
            answer=answer,
            drop=drop,
            pause=partial(_pause, receive),
            send=send,
        )
        await fault_play.play(fault, exchange)


async def _pause(receive: Receive, seconds: float) -> bool:
    """Wait so many seconds, but no longer than the client does; tell whether the client has given up."""
    if not seconds:
        return False
    try:
        await asyncio.wait_for(_disconnected(receive), seconds)
    except TimeoutError:
        return False
    return True


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
