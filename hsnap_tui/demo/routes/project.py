"""The routes of what is around servers, to look at only: keys, networks, firewalls, volumes, placement groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from hsnap_tui.demo.model.errors import not_found
from hsnap_tui.demo.model.resources import Firewall, Network, SshKey, Volume
from hsnap_tui.demo.model.world import World
from hsnap_tui.demo.routes import query, render
from hsnap_tui.demo.routes.call import Call, Endpoint, Endpoints, RouteResponse

_SORT: query.SortFields[Any] = {
    "id": lambda thing: thing.id,
    "name": lambda thing: thing.name,
    "created": lambda thing: thing.created,
}


def _ssh_key(_world: World, key: SshKey) -> render.Json:
    return render.ssh_key(key)


def _network(world: World, network: Network) -> render.Json:
    return {
        "id": network.id,
        "name": network.name,
        "ip_range": network.ip_range,
        "subnets": [
            {
                "type": "cloud",
                "ip_range": network.subnet,
                "network_zone": network.zone,
                "gateway": network.gateway,
                "vswitch_id": None,
            }
        ],
        "routes": [],
        "servers": [
            server.id
            for server in world.servers.values()
            if any(place.network_id == network.id for place in server.attachments)
        ],
        "load_balancers": [],
        "protection": {"delete": False},
        "labels": dict(network.labels),
        "created": render.moment(network.created),
        "expose_routes_to_vswitch": False,
    }


def _firewall(world: World, firewall: Firewall) -> render.Json:
    applied_to = [server.id for server in world.servers.values() if firewall.id in server.firewalls]
    return {
        "id": firewall.id,
        "name": firewall.name,
        "labels": dict(firewall.labels),
        "created": render.moment(firewall.created),
        "rules": [
            {
                "description": rule.description,
                "direction": "in",
                "source_ips": list(rule.source_ips),
                "destination_ips": [],
                "protocol": rule.protocol,
                "port": rule.port,
            }
            for rule in firewall.rules
        ],
        "applied_to": [{"type": "server", "server": {"id": server}} for server in applied_to],
    }


def _volume(_world: World, volume: Volume) -> render.Json:
    return {
        "id": volume.id,
        "created": render.moment(volume.created),
        "name": volume.name,
        "server": volume.server,
        "location": render.location(volume.location),
        "size": volume.size,
        "linux_device": f"/dev/disk/by-id/scsi-0HC_Volume_{volume.id}",
        "protection": {"delete": False},
        "labels": dict(volume.labels),
        "status": "available",
        "format": volume.format,
    }


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of resource: its words in answers, what there is of it, and its form."""

    one: str
    holder: Callable[[World], Mapping[int, Any]]
    form: Callable[[World, Any], render.Json]
    sorts_by_age: bool = True


_KINDS = (
    _Kind("ssh_key", lambda world: world.ssh_keys, _ssh_key, sorts_by_age=False),
    _Kind("network", lambda world: world.networks, _network),
    _Kind("firewall", lambda world: world.firewalls, _firewall),
    _Kind("volume", lambda world: world.volumes, _volume),
    _Kind("placement_group", lambda world: world.placement_groups, render.placement_group),
)


def list_things(kind: _Kind, world: World, call: Call) -> RouteResponse:
    """Answer with a page of one kind of resource."""
    name, fingerprint, chosen = call.value("name"), call.value("fingerprint"), query.by_label(call)
    if kind.one == "volume":
        wanted = query.choices(call, "status", ("available", "creating"))
    else:
        wanted = query.choices(call, "type", ("spread",)) if kind.one == "placement_group" else set()
    rows = [
        thing
        for thing in kind.holder(world).values()
        if (name is None or thing.name == name)
        and (fingerprint is None or getattr(thing, "fingerprint", fingerprint) == fingerprint)
        and (wanted != {"creating"})
        and chosen(thing.labels)
    ]
    fields = _SORT if kind.sorts_by_age else {field: _SORT[field] for field in ("id", "name")}
    return query.page(call, f"{kind.one}s", query.ordered(call, rows, fields), partial(kind.form, world))


def get_thing(kind: _Kind, world: World, call: Call) -> RouteResponse:
    """Answer with one resource of a kind."""
    missing = partial(not_found, kind.one)
    number = query.path_id(call, "id", missing)
    held = kind.holder(world)
    if number not in held:
        raise missing(number)
    return RouteResponse(200, {kind.one: kind.form(world, held[number])})


ENDPOINTS: Endpoints = tuple(
    Endpoint("GET", f"/{kind.one}s{tail}", partial(handler, kind))
    for kind in _KINDS
    for tail, handler in (("", list_things), ("/{id}", get_thing))
)
