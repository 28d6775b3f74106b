"""The routes that start something on a server."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hsnap_tui.demo.model import images, power, servers
from hsnap_tui.demo.model.errors import invalid_input
from hsnap_tui.demo.model.resources import SimulatedAction, SimulatedServer
from hsnap_tui.demo.model.world import World
from hsnap_tui.demo.routes import body, render
from hsnap_tui.demo.routes.call import Call, Endpoint, Endpoints, RouteResponse
from hsnap_tui.demo.routes.servers import find, find_image

_Operation = Callable[[World, SimulatedServer], SimulatedAction]

_SIMPLE: dict[str, _Operation] = {
    "poweron": power.poweron,
    "poweroff": power.poweroff,
    "reset": power.reset,
    "reboot": power.reboot,
    "shutdown": power.shutdown,
    "enable_backup": servers.enable_backup,
    "disable_backup": servers.disable_backup,
}


def simple_operation(operation: _Operation, world: World, call: Call) -> RouteResponse:
    """Start an operation that needs nothing but its server."""
    server = find(world, call)
    body.read(call, {})
    return RouteResponse(201, {"action": render.action(operation(world, server), world.now)})


def create_image(world: World, call: Call) -> RouteResponse:
    """Start to make a snapshot or backup."""
    server = find(world, call)
    fields = {"description": body.text, "type": body.one_of("snapshot", "backup"), "labels": body.labels}
    wanted = body.read(call, fields)
    action, image = images.create_image(
        world, server, wanted.get("type", "snapshot"), wanted.get("description"), wanted.get("labels")
    )
    return RouteResponse(201, {"image": render.image(image), "action": render.action(action, world.now)})


def rebuild(world: World, call: Call) -> RouteResponse:
    """Overwrite the server's disk with an image."""
    server = find(world, call)
    fields = {"image": body.id_or_name, "user_data": body.user_data}
    wanted = body.read(call, fields, required=("image",))
    image = find_image(world, wanted["image"], server.type.architecture)
    if image is None:
        raise invalid_input({"image": [f"image '{wanted['image']}' not found"]})
    action, password = servers.rebuild(world, server, image)
    return RouteResponse(201, {"root_password": password, "action": render.action(action, world.now)})


def change_protection(world: World, call: Call) -> RouteResponse:
    """Change the protection from deletion and rebuild."""
    server = find(world, call)
    wanted = body.read(call, {"delete": body.boolean, "rebuild": body.boolean})
    action = servers.protect_server(world, server, delete=wanted.get("delete"), rebuild=wanted.get("rebuild"))
    return RouteResponse(201, {"action": render.action(action, world.now)})


ENDPOINTS: Endpoints = (
    *(
        Endpoint("POST", f"/servers/{{id}}/actions/{word}", partial(simple_operation, operation))
        for word, operation in _SIMPLE.items()
    ),
    Endpoint("POST", "/servers/{id}/actions/create_image", create_image),
    Endpoint("POST", "/servers/{id}/actions/rebuild", rebuild),
    Endpoint("POST", "/servers/{id}/actions/change_protection", change_protection),
)
