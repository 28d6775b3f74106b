"""The routes of servers themselves: list, get, create, update, delete."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, TypeVar

from hsnap_tui.demo.model import addresses, catalogue, initial_resources, servers
from hsnap_tui.demo.model.catalogue import Location, ServerType
from hsnap_tui.demo.model.errors import ApiError, invalid_input, not_found
from hsnap_tui.demo.model.resources import STATUSES, PublicIp, SimulatedImage, SimulatedServer
from hsnap_tui.demo.model.world import World
from hsnap_tui.demo.routes import body, query, render
from hsnap_tui.demo.routes.call import Call, Endpoint, Endpoints, RouteResponse

T = TypeVar("T")

_SORT: query.SortFields[SimulatedServer] = {
    "id": lambda server: server.id,
    "name": lambda server: server.name,
    "created": lambda server: server.created,
}
_CREATE: dict[str, body.Check] = {
    "name": body.hostname,
    "location": body.id_or_name,
    "server_type": body.id_or_name,
    "start_after_create": body.boolean,
    "image": body.id_or_name,
    "placement_group": body.number,
    "ssh_keys": body.list_of(body.id_or_name),
    "volumes": body.list_of(body.number),
    "networks": body.list_of(body.number),
    "firewalls": body.list_of(body.record("firewall", firewall=body.number)),
    "user_data": body.user_data,
    "labels": body.labels,
    "automount": body.boolean,
    "public_net": body.record(enable_ipv4=body.boolean, enable_ipv6=body.boolean, ipv4=body.number, ipv6=body.number),
}


def find(world: World, call: Call) -> SimulatedServer:
    """Give the server in the path; ApiError not_found when there is none."""
    return world.server(query.path_id(call, "id", partial(not_found, "server")))


def list_servers(world: World, call: Call) -> RouteResponse:
    """Answer with a page of servers."""
    statuses = query.choices(call, "status", STATUSES)
    chosen, name = query.by_label(call), call.value("name")
    rows = [
        server
        for server in world.servers.values()
        if (name is None or server.name == name)
        and (not statuses or server.status in statuses)
        and chosen(server.labels)
    ]
    return query.page(call, "servers", query.ordered(call, rows, _SORT), partial(render.server, world))


def get_server(world: World, call: Call) -> RouteResponse:
    """Answer with one server."""
    return _answer(world, find(world, call))


def update_server(world: World, call: Call) -> RouteResponse:
    """Change a server's name, or replace its labels."""
    server = find(world, call)
    wanted = body.read(call, {"name": body.hostname, "labels": body.labels})
    if "name" in wanted:
        servers.ensure_name_is_free(world, wanted["name"], besides=server)
        server.name = wanted["name"]
    server.labels = wanted.get("labels", server.labels)
    return _answer(world, server)


def delete_server(world: World, call: Call) -> RouteResponse:
    """Delete a server."""
    server = find(world, call)
    body.read(call, {})
    return RouteResponse(200, {"action": render.action(servers.delete_server(world, server), world.now)})


def create_server(world: World, call: Call) -> RouteResponse:
    """Create a server."""
    order = _order(world, body.read(call, _CREATE, required=("name", "server_type", "image")))
    server, action, following, password = servers.create_server(world, order)
    return RouteResponse(
        201,
        {
            "server": render.server(world, server),
            "action": render.action(action, world.now),
            "next_actions": [render.action(next_action, world.now) for next_action in following],
            "root_password": password,
        },
    )


def find_image(world: World, wanted: int | str, architecture: str) -> SimulatedImage | None:
    """Give the image of that ID, or the system image or app of that name for the architecture, if there is one."""
    for image in world.images.values():
        if str(image.id) == str(wanted) or (image.name == wanted and image.architecture == architecture):
            return image
    return None


def _order(world: World, wanted: Mapping[str, Any]) -> servers.ServerOrder:
    kind: ServerType = query.offer("server_type", wanted["server_type"], catalogue.SERVER_TYPES)
    place: Location = query.offer("location", wanted.get("location", next(iter(kind.prices))), catalogue.LOCATIONS)
    if place.name not in kind.prices:
        raise ApiError(422, "invalid_input", "unsupported location for server type")
    if kind.deprecated:
        raise ApiError(412, "resource_unavailable", "server type is not available any more")
    image = find_image(world, wanted["image"], kind.architecture)
    if image is None:
        # As seen at Hetzner: no field is named here.
        raise ApiError(422, "invalid_input", "image not found", {})
    if image.architecture != kind.architecture:
        raise invalid_input({"image": ["image architecture does not fit the server type's"]})
    if image.disk_size > kind.disk:
        raise invalid_input({"image": ["image disk is bigger than server type disk"]})
    if image.status != "available":
        raise ApiError(412, "resource_unavailable", "image is not available")
    net = wanted.get("public_net", {})
    order = servers.ServerOrder(
        name=wanted["name"],
        type=kind,
        location=place,
        image=image,
        labels=wanted.get("labels", {}),
        start=wanted.get("start_after_create", True),
        ipv4=_address(world, net, "ipv4", place),
        ipv6=_address(world, net, "ipv6", place),
        with_keys=bool(wanted.get("ssh_keys")),
        networks=tuple(wanted.get("networks", ())),
        firewalls=tuple(entry["firewall"] for entry in wanted.get("firewalls", ())),
        volumes=tuple(wanted.get("volumes", ())),
        placement_group=wanted.get("placement_group"),
    )
    _check_parts(world, order, wanted.get("ssh_keys", []))
    return order


def _address(world: World, net: Mapping[str, Any], version: str, place: Location) -> PublicIp | bool:
    """Give the primary IP that is wanted, or whether a new one is."""
    number = net.get(version)
    if not net.get(f"enable_{version}", True):
        return False
    if number is None:
        return True
    if number not in world.primary_ips:
        raise invalid_input({"public_net": [f"primary IP {number} not found"]})
    address = world.primary_ips[number]
    addresses.check_free(address, version, place)
    return address


def _check_parts(world: World, order: servers.ServerOrder, keys: list[int | str]) -> None:
    known_keys = {str(word) for key in world.ssh_keys.values() for word in (key.id, key.name)}
    group = () if order.placement_group is None else (order.placement_group,)
    unknown: dict[str, list[int | str] | list[int]] = {
        "ssh_keys": [key for key in keys if str(key) not in known_keys],
        "networks": [number for number in order.networks if number not in world.networks],
        "firewalls": [number for number in order.firewalls if number not in world.firewalls],
        "volumes": [number for number in order.volumes if number not in world.volumes],
        "placement_group": [number for number in group if number not in world.placement_groups],
    }
    problems = {field: [f"'{entry}' not found" for entry in missing] for field, missing in unknown.items()}
    if any(problems.values()):
        raise invalid_input({field: messages for field, messages in problems.items() if messages})
    for number in order.volumes:
        volume = world.volumes[number]
        if volume.server is not None or volume.location != order.location:
            raise invalid_input({"volumes": [f"volume {number} is attached or at another location"]})
    if any(initial_resources.members(world, number) >= initial_resources.GROUP_SIZE for number in group):
        raise ApiError(422, "placement_error", "placement group is full")


def _answer(world: World, server: SimulatedServer) -> RouteResponse:
    return RouteResponse(200, {"server": render.server(world, server)})


ENDPOINTS: Endpoints = (
    Endpoint("GET", "/servers", list_servers),
    Endpoint("POST", "/servers", create_server),
    Endpoint("GET", "/servers/{id}", get_server),
    Endpoint("PUT", "/servers/{id}", update_server),
    Endpoint("DELETE", "/servers/{id}", delete_server),
)
