"""All routes of the simulated API."""

from __future__ import annotations

from functools import partial
from typing import NoReturn

from hsnap_tui.demo import (
    hetzner,
    metrics,
    routes_actions,
    routes_catalogue,
    routes_configuration,
    routes_empty,
    routes_images,
    routes_primary_ips,
    routes_project,
    routes_server_actions,
    routes_servers,
    routes_ssh_keys,
)
from hsnap_tui.demo.api import Call, Endpoint
from hsnap_tui.demo.errors import not_simulated
from hsnap_tui.demo.world import World

#: What is simulated.
ENDPOINTS: tuple[Endpoint, ...] = (
    *routes_actions.ENDPOINTS,
    *routes_servers.ENDPOINTS,
    *routes_server_actions.ENDPOINTS,
    *routes_images.ENDPOINTS,
    *routes_catalogue.ENDPOINTS,
    *routes_primary_ips.ENDPOINTS,
    *routes_project.ENDPOINTS,
    *routes_ssh_keys.ENDPOINTS,
    *routes_configuration.ENDPOINTS,
    *routes_empty.ENDPOINTS,
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
    for method, template in hetzner.OPERATIONS
    if (method, _shape(template)) not in _SIMULATED
)

#: All, in the order in which they are tried: `/servers/actions` before `/servers/{id}`.
ROUTES: tuple[Endpoint, ...] = tuple(
    sorted((*ENDPOINTS, *NOT_SIMULATED), key=lambda endpoint: endpoint.template.count("{"))
)
