"""The routes that answer with actions: all of a kind of resource, one resource's, one action, several by ID."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from hsnap_tui.demo.model.errors import not_found, removed
from hsnap_tui.demo.model.resources import SimulatedAction
from hsnap_tui.demo.model.world import World
from hsnap_tui.demo.routes import query, render
from hsnap_tui.demo.routes.call import Call, Endpoint, Endpoints, RouteResponse

#: How many IDs `GET /actions?id=…` answers at most; it has no pages.
MAX_IDS = 25

#: The kinds of resources that have actions, with the words of their paths.
_KINDS = {
    "server": "servers",
    "image": "images",
    "certificate": "certificates",
    "firewall": "firewalls",
    "floating_ip": "floating_ips",
    "load_balancer": "load_balancers",
    "network": "networks",
    # Hetzner has no list of a single primary IP's actions.
    "primary_ip": "primary_ips",
    "storage_box": "storage_boxes",
    "volume": "volumes",
    "zone": "zones",
}

_STATUSES = ("running", "success", "error")
_SORT: query.SortFields[SimulatedAction] = {
    "id": lambda action: action.id,
    "command": lambda action: action.command,
    "status": lambda action: action.status,
    "started": lambda action: action.started,
    "finished": lambda action: (action.finished is not None, action.finished),
}


def _find(world: World, text: str) -> SimulatedAction:
    number = query.identifier(text)
    if number is None:
        raise not_found("action", text)
    return world.action(number)


def get_action(world: World, call: Call) -> RouteResponse:
    """Answer with one action, whatever it is about."""
    return _answer(world, _find(world, call.path["id"]))


def get_actions(world: World, call: Call) -> RouteResponse:
    """Answer with the actions of these IDs, 25 at most; those that do not exist are left out."""
    wanted = query.ids(call)
    if not wanted:
        raise removed("2025-01-30-listing-arbitrary-actions-in-the-actions-list-endpoint-is-removed")
    known = [world.actions[number] for number in wanted[:MAX_IDS] if number in world.actions]
    return RouteResponse(200, {"actions": [render.action(action, world.now) for action in known]})


def list_actions(kind: str, world: World, call: Call) -> RouteResponse:
    """Answer with a page of the actions about resources of one type."""
    wanted = query.ids(call)
    chosen = (
        action
        for action in _with_status(world, call)
        if action.concerns(kind) and (not wanted or action.id in wanted)
    )
    return _page(world, call, chosen)


def get_kind_action(kind: str, world: World, call: Call) -> RouteResponse:
    """Answer with one action about resources of one type."""
    action = _find(world, call.path["id"])
    if not action.concerns(kind):
        raise not_found("action", action.id)
    return _answer(world, action)


def list_resource_actions(kind: str, world: World, call: Call) -> RouteResponse:
    """Answer with a page of the actions about one resource."""
    owner = resource_id(kind, world, call)
    return _page(world, call, (action for action in _with_status(world, call) if action.concerns(kind, owner)))


def get_resource_action(kind: str, world: World, call: Call) -> RouteResponse:
    """Answer with one action about one resource."""
    owner = resource_id(kind, world, call)
    action = _find(world, call.path["action_id"])
    if not action.concerns(kind, owner):
        raise not_found("action", action.id)
    return _answer(world, action)


def resource_id(kind: str, world: World, call: Call) -> int:
    """Give the ID in the path of a resource that exists; ApiError not_found otherwise."""
    number = query.path_id(call, "id", partial(not_found, kind))
    if number not in world.resources(kind):
        raise not_found(kind, number)
    return number


def _with_status(world: World, call: Call) -> Iterable[SimulatedAction]:
    statuses = query.choices(call, "status", _STATUSES)
    return (action for action in world.actions.values() if not statuses or action.status in statuses)


def _page(world: World, call: Call, actions: Iterable[SimulatedAction]) -> RouteResponse:
    return query.page(
        call, "actions", query.ordered(call, actions, _SORT), lambda action: render.action(action, world.now)
    )


def _answer(world: World, action: SimulatedAction) -> RouteResponse:
    return RouteResponse(200, {"action": render.action(action, world.now)})


ENDPOINTS: Endpoints = (
    Endpoint("GET", "/actions", get_actions),
    Endpoint("GET", "/actions/{id}", get_action),
    *(
        Endpoint("GET", f"/{plural}{template}", partial(handler, kind))
        for kind, plural in _KINDS.items()
        for template, handler in (
            ("/actions", list_actions),
            ("/actions/{id}", get_kind_action),
            ("/{id}/actions", list_resource_actions),
            ("/{id}/actions/{action_id}", get_resource_action),
        )
        if kind != "primary_ip" or template.startswith("/actions")
    ),
)
