"""The lists of what a simulated project never has: they are there, and empty."""

from __future__ import annotations

from functools import partial

from hsnap_tui.demo.model.errors import not_found
from hsnap_tui.demo.model.world import World
from hsnap_tui.demo.routes import query
from hsnap_tui.demo.routes.call import Call, Endpoint, Endpoints, RouteResponse

_KINDS = {
    "certificate": "certificates",
    "floating_ip": "floating_ips",
    "load_balancer": "load_balancers",
    "storage_box": "storage_boxes",
    "storage_box_type": "storage_box_types",
    "zone": "zones",
}


def list_nothing(plural: str, _world: World, call: Call) -> RouteResponse:
    """Answer with a page of nothing."""
    query.by_label(call)
    return query.page(call, plural, [], str)


def get_nothing(kind: str, _world: World, call: Call) -> RouteResponse:
    """Refuse: there is none of that ID or name."""
    raise not_found(kind, call.path["id"])


ENDPOINTS: Endpoints = tuple(
    endpoint
    for kind, plural in _KINDS.items()
    for endpoint in (
        Endpoint("GET", f"/{plural}", partial(list_nothing, plural)),
        Endpoint("GET", f"/{plural}/{{id}}", partial(get_nothing, kind)),
    )
)
