"""All routes of the simulated API."""

from __future__ import annotations

from functools import partial
from typing import NoReturn

from hsnap_tui.demo.model.errors import not_simulated
from hsnap_tui.demo.model.world import World
from hsnap_tui.demo.routes import (
    actions,
    catalogue,
    configuration,
    empty,
    images,
    metrics,
    operations,
    primary_ips,
    project,
    server_actions,
    servers,
    ssh_keys,
)
from hsnap_tui.demo.routes.call import Call, Endpoint

#: What is simulated.
ENDPOINTS: tuple[Endpoint, ...] = (
    *actions.ENDPOINTS,
    *servers.ENDPOINTS,
    *server_actions.ENDPOINTS,
    *images.ENDPOINTS,
    *catalogue.ENDPOINTS,
    *primary_ips.ENDPOINTS,
    *project.ENDPOINTS,
    *ssh_keys.ENDPOINTS,
    *configuration.ENDPOINTS,
    *empty.ENDPOINTS,
    *metrics.ENDPOINTS,
)


def _refuse(operation: str, _world: World, _call: Call) -> NoReturn:
    raise not_simulated(operation)


def _shape(template: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in template.split("/"))


_SIMULATED = {(endpoint.method, _shape(endpoint.template)) for endpoint in ENDPOINTS}

#: What Hetzner has beyond that: it says so of itself.
NOT_SIMULATED: tuple[Endpoint, ...] = tuple(
    Endpoint(method, template, partial(_refuse, f"{method} /v1{template}"))
    for method, template in operations.OPERATIONS
    if (method, _shape(template)) not in _SIMULATED
)

#: All, in the order in which they are tried: `/servers/actions` before `/servers/{id}`.
ROUTES: tuple[Endpoint, ...] = tuple(
    sorted((*ENDPOINTS, *NOT_SIMULATED), key=lambda endpoint: endpoint.template.count("{"))
)
