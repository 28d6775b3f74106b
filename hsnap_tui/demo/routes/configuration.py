"""The routes that change how a server is equipped."""

from __future__ import annotations

from hsnap_tui.demo.model import catalogue, configuration
from hsnap_tui.demo.model.resources import SimulatedAction
from hsnap_tui.demo.model.world import World
from hsnap_tui.demo.routes import body, query, render
from hsnap_tui.demo.routes.call import Call, Endpoint, Endpoints, RouteResponse
from hsnap_tui.demo.routes.servers import find


def change_type(world: World, call: Call) -> RouteResponse:
    """Change the server type."""
    server = find(world, call)
    fields: dict[str, body.Check] = {"server_type": body.id_or_name, "upgrade_disk": body.boolean}
    wanted = body.read(call, fields, required=("server_type", "upgrade_disk"))
    kind = query.offer("server_type", wanted["server_type"], catalogue.SERVER_TYPES)
    return _started(world, configuration.change_type(world, server, kind, upgrade_disk=wanted["upgrade_disk"]))


def enable_rescue(world: World, call: Call) -> RouteResponse:
    """Enable the rescue system for the next boot."""
    server = find(world, call)
    wanted = body.read(call, {"type": body.one_of("linux64"), "ssh_keys": body.list_of(body.number)})
    action, password = configuration.enable_rescue(world, server, wanted.get("ssh_keys", []))
    return _started(world, action, root_password=password)


def disable_rescue(world: World, call: Call) -> RouteResponse:
    """Disable the rescue system."""
    server = find(world, call)
    body.read(call, {})
    return _started(world, configuration.disable_rescue(world, server))


def reset_password(world: World, call: Call) -> RouteResponse:
    """Set a new root password."""
    server = find(world, call)
    body.read(call, {})
    action, password = configuration.reset_password(world, server)
    return _started(world, action, root_password=password)


def request_console(world: World, call: Call) -> RouteResponse:
    """Open a console; there is nobody at its URL."""
    server = find(world, call)
    body.read(call, {})
    action, password = configuration.request_console(world, server)
    url = f"wss://console.hetzner.cloud/?server_id={server.id}&token={action.id}"
    return _started(world, action, wss_url=url, password=password)


def attach_iso(world: World, call: Call) -> RouteResponse:
    """Put an ISO in."""
    server = find(world, call)
    wanted = body.read(call, {"iso": body.id_or_name}, required=("iso",))
    iso = query.offer("iso", wanted["iso"], catalogue.ISOS)
    return _started(world, configuration.attach_iso(world, server, iso))


def detach_iso(world: World, call: Call) -> RouteResponse:
    """Take the ISO out."""
    server = find(world, call)
    body.read(call, {})
    return _started(world, configuration.detach_iso(world, server))


def change_dns_ptr(world: World, call: Call) -> RouteResponse:
    """Set the name of an IP in the reverse DNS."""
    server = find(world, call)
    wanted = body.read(call, body.POINTER, required=("ip",), nullable=("dns_ptr",))
    return _started(world, configuration.change_pointer(world, server, wanted["ip"], wanted["dns_ptr"]))


def add_to_placement_group(world: World, call: Call) -> RouteResponse:
    """Put the server into a placement group."""
    server = find(world, call)
    wanted = body.read(call, {"placement_group": body.number}, required=("placement_group",))
    return _started(world, configuration.join_group(world, server, wanted["placement_group"]))


def remove_from_placement_group(world: World, call: Call) -> RouteResponse:
    """Take the server out of its placement group."""
    server = find(world, call)
    body.read(call, {})
    return _started(world, configuration.leave_group(world, server))


def attach_to_network(world: World, call: Call) -> RouteResponse:
    """Give the server a place in a network."""
    server = find(world, call)
    fields: dict[str, body.Check] = {
        "network": body.number,
        "ip": body.text,
        "ip_range": body.text,
        "alias_ips": body.list_of(body.text),
    }
    wanted = body.read(call, fields, required=("network",))
    return _started(
        world,
        configuration.attach_to_network(
            world, server, wanted["network"], wanted.get("ip"), wanted.get("alias_ips", [])
        ),
    )


def detach_from_network(world: World, call: Call) -> RouteResponse:
    """Take the server out of a network."""
    server = find(world, call)
    wanted = body.read(call, {"network": body.number}, required=("network",))
    return _started(world, configuration.detach_from_network(world, server, wanted["network"]))


def change_alias_ips(world: World, call: Call) -> RouteResponse:
    """Replace the server's further IPs in a network."""
    server = find(world, call)
    fields: dict[str, body.Check] = {"network": body.number, "alias_ips": body.list_of(body.text)}
    wanted = body.read(call, fields, required=("network", "alias_ips"))
    return _started(world, configuration.change_alias_ips(world, server, wanted["network"], wanted["alias_ips"]))


def _started(world: World, action: SimulatedAction, **more: str) -> RouteResponse:
    return RouteResponse(201, {**more, "action": render.action(action, world.now)})


ENDPOINTS: Endpoints = tuple(
    Endpoint("POST", f"/servers/{{id}}/actions/{handler.__name__}", handler)
    for handler in (
        change_type,
        enable_rescue,
        disable_rescue,
        reset_password,
        request_console,
        attach_iso,
        detach_iso,
        change_dns_ptr,
        add_to_placement_group,
        remove_from_placement_group,
        attach_to_network,
        detach_from_network,
        change_alias_ips,
    )
)
