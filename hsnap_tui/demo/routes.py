"""All routes of the simulated API, in the order in which they are tried."""

from __future__ import annotations

from hsnap_tui.demo import (
    metrics,
    routes_actions,
    routes_catalogue,
    routes_images,
    routes_project,
    routes_server_actions,
    routes_servers,
)
from hsnap_tui.demo.api import Endpoint

#: `/servers/actions` is to be found before `/servers/{id}`, so the actions come first.
ENDPOINTS: tuple[Endpoint, ...] = (
    *routes_actions.ENDPOINTS,
    *routes_servers.ENDPOINTS,
    *routes_server_actions.ENDPOINTS,
    *routes_images.ENDPOINTS,
    *routes_catalogue.ENDPOINTS,
    *routes_project.ENDPOINTS,
    *metrics.ENDPOINTS,
)
