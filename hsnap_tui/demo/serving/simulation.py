"""What is shared between the HTTP side and whoever runs it: the cloud under a lock, budgets, faults, the record."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from hsnap_tui.demo.model.clock import ManualClock, SimulationClock
from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.errors import ApiError
from hsnap_tui.demo.model.faults import Fault, FaultBook
from hsnap_tui.demo.routes.call import Call, Handler, RouteResponse
from hsnap_tui.demo.serving import control
from hsnap_tui.demo.serving.ratelimit import RequestBudget
from hsnap_tui.demo.serving.tokens import Tokens

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Recorded:
    """One request as it came in: the path is below /v1, `route` the last fixed word of the route that took it.

    `status` is None as long as (or because) no answer was sent, `fault` the kind of the fault that happened.
    """

    method: str
    path: str
    query: str
    time: datetime
    route: str = ""
    template: str = ""
    status: int | None = None
    fault: str | None = None


class Simulation:
    """A cloud that can be served. Touch `cloud` from another thread only through `call` or under `lock`."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.lock = threading.RLock()
        #: Every request that came in, in order.
        self.requests: list[Recorded] = []
        #: What went wrong inside the simulation itself; empty unless it has a defect.
        self.defects: list[BaseException] = []
        options = cloud.options
        self.token = options.read_write_token
        self.readonly_token = options.read_only_token
        self.tokens = Tokens(options.read_write_tokens, options.read_only_token)
        self.faults = FaultBook(random.Random(f"{options.seed}:faults"), cloud.clock.now)  # noqa: S311
        self.faults.add(options.faults)
        #: The budgets: the project's, that of requests without a valid token, and that of `GET /actions?id=`.
        self.budget = RequestBudget(options.rate_limit, cloud.now, options.other_client_share)
        self.anonymous_budget = RequestBudget(options.rate_limit, cloud.now)
        self.actions_budget = (
            self.budget
            if options.actions_rate_limit is None
            else RequestBudget(options.actions_rate_limit, cloud.now)
        )
        self._rng = random.Random(f"{options.seed}:requests")  # noqa: S311
        for seconds, command in options.script:
            cloud.after(seconds, partial(self.run_scheduled_command, command))

    @property
    def clock(self) -> SimulationClock:
        """Give the cloud's clock."""
        return self.cloud.clock

    def call(self, function: Callable[[Cloud], T]) -> T:
        """Do something with the cloud while nothing else does."""
        with self.lock:
            self.cloud.advance()
            return function(self.cloud)

    def advance(self, seconds: float) -> None:
        """Move a ManualClock on and do what is due by then; TypeError with another clock."""
        if not isinstance(self.clock, ManualClock):
            raise TypeError("only a ManualClock can be moved on")
        self.clock.advance(seconds)
        self.call(lambda _cloud: None)

    def run_command(self, command: str) -> None:
        """Carry out a command at once (see `control`). Raises CommandError."""
        do = control.parse(command)
        with self.lock:
            self.cloud.advance()
            do(self)

    def run_scheduled_command(self, command: str) -> None:
        """Carry out a command that was scheduled; when it can't be done any more, log it."""
        try:
            self.run_command(command)
        except control.CommandError as error:
            _log.warning("%s: %s", command, error)

    def add_fault(self, fault: Fault) -> None:
        """Put a fault into force, before those that already are."""
        with self.lock:
            self.faults.add([fault])

    def fail_next(self, method: str, route: str, kind: str, *, times: int = 1, seconds: float | None = None) -> None:
        """Let a fault happen to the next requests of that method on that route (see `Fault`)."""
        self.add_fault(Fault(kind, method, route, times=times, seconds=seconds))

    def draw_fault(self, request: Recorded) -> Fault | None:
        """Decide which fault, if any, happens to a request, and note it in its record."""
        with self.lock:
            # What the script has for this moment comes first.
            self.cloud.advance()
            fault = self.faults.draw(request.method, request.path, request.template)
        request.fault = None if fault is None else fault.kind
        return fault

    def draw_header_faults(self, request: Recorded) -> list[Fault]:
        """Decide which faults happen to the headers of a request's answer."""
        with self.lock:
            return self.faults.draw_headers(request.method, request.path, request.template)

    def count(self, method: str = "*", route: str = "*") -> int:
        """Count the requests so far of a method on a route, e.g. ("POST", "create_image")."""
        return sum(method in ("*", request.method) and route in ("*", request.route) for request in self.requests)

    def correlation_id(self) -> str:
        """Give the name of a request, for `X-Correlation-Id`."""
        return f"{self._rng.getrandbits(64):016x}"

    def perform(self, handler: Handler, call: Call) -> RouteResponse:
        """Carry a request out; every failure is an answer too."""
        with self.lock:
            try:
                with self.cloud.moment():
                    return handler(self.cloud, call)
            except ApiError as error:
                return refusal(error)
            except Exception as defect:  # noqa: BLE001 - answered as a server would, and kept for whoever runs it
                _log.exception("defect in the simulation")
                self.defects.append(defect)
                return refusal(ApiError(500, "server_error", "internal server error"))

    def perform_later(self, handler: Handler, call: Call, seconds: float) -> None:
        """Carry a request out that many seconds of the cloud's clock from now, whatever comes of it."""

        def perform() -> None:
            self.perform(handler, call)

        self.call(lambda cloud: cloud.after(seconds, perform))


def refusal(error: ApiError) -> RouteResponse:
    """Give the answer for an error."""
    return RouteResponse(error.status, error.body())
