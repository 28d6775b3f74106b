"""Server metrics: made up, yet the same each time for the same server and moment."""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime, timedelta
from functools import partial

from hsnap_tui.demo.model.errors import invalid_input, not_found
from hsnap_tui.demo.model.resources import SimulatedServer
from hsnap_tui.demo.model.world import World
from hsnap_tui.demo.routes import query, render
from hsnap_tui.demo.routes.call import Call, Endpoint, Endpoints, RouteResponse

#: How many samples there are at most: without a step, with one.
_SAMPLES, _MAX_SAMPLES = 200, 500
_KEPT = timedelta(days=30)
_DAY = 86_400

#: Each type's time series, with a typical value.
SERIES: dict[str, dict[str, float]] = {
    "cpu": {"cpu": 22.0},
    "disk": {
        "disk.0.iops.read": 14.0,
        "disk.0.iops.write": 38.0,
        "disk.0.bandwidth.read": 310_000.0,
        "disk.0.bandwidth.write": 720_000.0,
    },
    "network": {
        "network.0.pps.in": 240.0,
        "network.0.pps.out": 260.0,
        "network.0.bandwidth.in": 180_000.0,
        "network.0.bandwidth.out": 940_000.0,
    },
}


def get_metrics(world: World, call: Call) -> RouteResponse:
    """Answer with the time series of the types asked for."""
    server = world.server(query.path_id(call, "id", partial(not_found, "server")))
    types = list(dict.fromkeys(word for text in call.values("type") for word in text.split(",")))
    if not types or not set(types) <= set(SERIES):
        raise invalid_input({"type": [f"must be one of: {', '.join(SERIES)}"]})
    start, end = _moment(call, "start"), _moment(call, "end")
    if end < start:
        raise invalid_input({"end": ["must not be before start"]})
    step = _step(call, (end - start).total_seconds())
    first = max(start, world.now - _KEPT, server.created)
    last = min(end, world.now)
    moments = _moments(start, first, last, step)
    series = {
        name: {"values": [[at, _sample(server, name, typical, at)] for at in moments]}
        for kind in types
        for name, typical in SERIES[kind].items()
    }
    answer = {"start": render.moment(start), "end": render.moment(end), "step": step, "time_series": series}
    return RouteResponse(200, {"metrics": answer})


def _moment(call: Call, name: str) -> datetime:
    text = call.value(name)
    if text is None:
        raise invalid_input({name: ["missing data for required field"]})
    try:
        # A plus sign that was not encoded arrives as a space.
        at = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise invalid_input({name: ["must be in RFC 3339 format"]}) from None
    if at.tzinfo is None:
        raise invalid_input({name: ["must be in RFC 3339 format"]})
    return at.astimezone(UTC)


def _step(call: Call, seconds: float) -> float:
    """Give the seconds between two samples: what was asked for, as far as the number of samples allows it."""
    text = call.value("step")
    try:
        # Start and end may be equal: then one sample is asked for.
        wanted = float(text) if text else max(1.0, seconds / _SAMPLES)
    except ValueError:
        wanted = math.nan
    if not (math.isfinite(wanted) and wanted > 0):
        raise invalid_input({"step": ["must be a positive number"]})
    return max(1, math.ceil(max(wanted, seconds / _MAX_SAMPLES)))


def _moments(start: datetime, first: datetime, last: datetime, step: float) -> list[float]:
    if last < first:
        return []
    begin = start.timestamp()
    skipped = max(0, math.ceil((first.timestamp() - begin) / step))
    count = int((last.timestamp() - begin) / step) + 1 - skipped
    return [begin + step * (skipped + number) for number in range(max(0, min(count, _MAX_SAMPLES)))]


def _sample(server: SimulatedServer, name: str, typical: float, at: float) -> str:
    if server.status == "off":
        return "0"
    digest = hashlib.blake2b(f"{server.id}:{name}:{int(at)}".encode(), digest_size=4).digest()
    noise = int.from_bytes(digest, "big") / 2**32
    daily = 1 + 0.6 * math.sin(2 * math.pi * (at % _DAY) / _DAY - 2)
    return f"{typical * daily * (0.7 + 0.6 * noise):.4f}"


ENDPOINTS: Endpoints = (Endpoint("GET", "/servers/{id}/metrics", get_metrics),)
