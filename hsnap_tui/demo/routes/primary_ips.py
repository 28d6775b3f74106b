"""The routes of primary IPs."""

from __future__ import annotations

from functools import partial

from hsnap_tui.demo.model import addresses, catalogue
from hsnap_tui.demo.model.errors import invalid_input, not_found
from hsnap_tui.demo.model.resources import PublicIp, SimulatedAction, SimulatedServer
from hsnap_tui.demo.model.world import World
from hsnap_tui.demo.routes import body, query, render
from hsnap_tui.demo.routes.call import Call, Endpoint, Endpoints, RouteResponse

_SORT: query.SortFields[PublicIp] = {
    "id": lambda address: address.id,
    "name": lambda address: address.name,
    "created": lambda address: address.created,
}
_CREATE: dict[str, body.Check] = {
    "name": body.name,
    "type": body.one_of("ipv4", "ipv6"),
    "location": body.id_or_name,
    "assignee_type": body.one_of("server"),
    "assignee_id": body.number,
    "auto_delete": body.boolean,
    "labels": body.labels,
}


def find(world: World, call: Call) -> PublicIp:
    """Give the primary IP in the path; ApiError not_found when there is none."""
    number = query.path_id(call, "id", partial(not_found, "primary_ip"))
    if number not in world.primary_ips:
        raise not_found("primary_ip", number)
    return world.primary_ips[number]


def list_primary_ips(world: World, call: Call) -> RouteResponse:
    """Answer with a page of primary IPs."""
    name, ip, chosen = call.value("name"), call.value("ip"), query.by_label(call)
    rows = [
        address
        for address in world.primary_ips.values()
        if (name is None or address.name == name)
        and (ip is None or ip in (address.ip, address.ip.removesuffix("/64")))
        and chosen(address.labels)
    ]
    return query.page(call, "primary_ips", query.ordered(call, rows, _SORT), render.primary_ip)


def get_primary_ip(world: World, call: Call) -> RouteResponse:
    """Answer with one primary IP."""
    return RouteResponse(200, {"primary_ip": render.primary_ip(find(world, call))})


def create_primary_ip(world: World, call: Call) -> RouteResponse:
    """Create a primary IP, at a location or for a server."""
    wanted = body.read(call, _CREATE, required=("name", "type"))
    server = _assignee(world, wanted["assignee_id"]) if "assignee_id" in wanted else None
    if server is not None:
        location = server.location
    elif "location" in wanted:
        location = query.offer("location", wanted["location"], catalogue.LOCATIONS)
    else:
        raise invalid_input({"location": ["either location or assignee_id is needed"]})
    order = addresses.Order(
        wanted["type"],
        location,
        wanted["name"],
        wanted.get("labels", {}),
        auto_delete=wanted.get("auto_delete", False),
    )
    address, action = addresses.create(world, order, server)
    shown = None if action is None else render.action(action, world.now)
    return RouteResponse(201, {"primary_ip": render.primary_ip(address), "action": shown})


def update_primary_ip(world: World, call: Call) -> RouteResponse:
    """Change a primary IP's name, labels, or whether it goes with its server."""
    address = find(world, call)
    wanted = body.read(call, {"name": body.name, "labels": body.labels, "auto_delete": body.boolean})
    if "name" in wanted:
        addresses.ensure_name_is_free(world, wanted["name"], besides=address)
        address.name = wanted["name"]
    address.labels = wanted.get("labels", address.labels)
    address.auto_delete = wanted.get("auto_delete", address.auto_delete)
    return RouteResponse(200, {"primary_ip": render.primary_ip(address)})


def delete_primary_ip(world: World, call: Call) -> RouteResponse:
    """Delete a primary IP that no server has."""
    address = find(world, call)
    body.read(call, {})
    addresses.delete(world, address)
    return RouteResponse(204)


def assign(world: World, call: Call) -> RouteResponse:
    """Give a primary IP to a server."""
    address = find(world, call)
    fields: dict[str, body.Check] = {"assignee_id": body.number, "assignee_type": body.one_of("server")}
    wanted = body.read(call, fields, required=("assignee_id",))
    return _started(world, addresses.assign(world, address, _assignee(world, wanted["assignee_id"])))


def unassign(world: World, call: Call) -> RouteResponse:
    """Take a primary IP from its server."""
    address = find(world, call)
    body.read(call, {})
    return _started(world, addresses.unassign(world, address))


def change_dns_ptr(world: World, call: Call) -> RouteResponse:
    """Set the name of an IP in the reverse DNS."""
    address = find(world, call)
    wanted = body.read(call, body.POINTER, required=("ip",), nullable=("dns_ptr",))
    return _started(world, addresses.change_pointer(world, address, wanted["ip"], wanted["dns_ptr"]))


def change_protection(world: World, call: Call) -> RouteResponse:
    """Change the protection from deletion."""
    address = find(world, call)
    wanted = body.read(call, {"delete": body.boolean})
    return _started(world, addresses.protect(world, address, delete=wanted.get("delete")))


def _assignee(world: World, number: int) -> SimulatedServer:
    if number not in world.servers:
        raise invalid_input({"assignee_id": [f"server {number} not found"]})
    return world.server(number)


def _started(world: World, action: SimulatedAction) -> RouteResponse:
    return RouteResponse(201, {"action": render.action(action, world.now)})


ENDPOINTS: Endpoints = (
    Endpoint("GET", "/primary_ips", list_primary_ips),
    Endpoint("POST", "/primary_ips", create_primary_ip),
    Endpoint("GET", "/primary_ips/{id}", get_primary_ip),
    Endpoint("PUT", "/primary_ips/{id}", update_primary_ip),
    Endpoint("DELETE", "/primary_ips/{id}", delete_primary_ip),
    Endpoint("POST", "/primary_ips/{id}/actions/assign", assign),
    Endpoint("POST", "/primary_ips/{id}/actions/unassign", unassign),
    Endpoint("POST", "/primary_ips/{id}/actions/change_dns_ptr", change_dns_ptr),
    Endpoint("POST", "/primary_ips/{id}/actions/change_protection", change_protection),
)
