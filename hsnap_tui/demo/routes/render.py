"""From the model to the API's JSON, field by field as the published description has them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from hsnap_tui.demo.model import catalogue
from hsnap_tui.demo.model.catalogue import Iso, LoadBalancerType, Location, ServerType
from hsnap_tui.demo.model.resources import (
    PlacementGroup,
    PublicIp,
    SimulatedAction,
    SimulatedImage,
    SimulatedServer,
    SshKey,
)
from hsnap_tui.demo.model.world import World

Json = dict[str, Any]


def moment(at: datetime) -> str:
    """Give a time as the API writes it: RFC 3339, UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def price(net: Decimal) -> Json:
    """Give a price without and with VAT."""
    return {"net": f"{net:.4f}", "gross": f"{net * (1 + catalogue.VAT_RATE / 100):.4f}"}


@cache
def location(place: Location) -> Json:
    """Give a location."""
    return {
        "id": place.id,
        "name": place.name,
        "description": place.description,
        "country": place.country,
        "city": place.city,
        "latitude": place.latitude,
        "longitude": place.longitude,
        "network_zone": place.network_zone,
    }


def server_type_price(place: Location, monthly: Decimal) -> Json:
    """Give what a server costs at a location, by month and by hour."""
    return {
        "location": place.name,
        "price_hourly": price(monthly / catalogue.HOURS_A_MONTH),
        "price_monthly": price(monthly),
        "included_traffic": place.included_traffic,
        "price_per_tb_traffic": price(place.traffic_price),
    }


def server_type(kind: ServerType) -> Json:
    """Give a server type."""
    return _server_type(kind.name)


@cache
def _server_type(name: str) -> Json:
    kind = catalogue.SERVER_TYPE_BY_NAME[name]
    places = [catalogue.LOCATION_BY_NAME[place] for place in kind.prices]
    deprecation = _deprecation() if kind.deprecated else None
    return {
        "id": kind.id,
        "name": kind.name,
        "description": kind.name.upper(),
        "cores": kind.cores,
        "memory": kind.memory,
        "disk": kind.disk,
        "deprecated": kind.deprecated,
        "prices": [server_type_price(place, kind.prices[place.name]) for place in places],
        "storage_type": "local",
        "cpu_type": kind.cpu_type,
        "category": kind.category,
        "architecture": kind.architecture,
        "deprecation": deprecation,
        "locations": [
            {
                "id": place.id,
                "name": place.name,
                "deprecation": deprecation,
                "recommended": not kind.deprecated and kind.cpu_type == "shared",
                "available": not kind.deprecated,
            }
            for place in places
        ],
    }


def load_balancer_type(kind: LoadBalancerType) -> Json:
    """Give a load balancer type."""
    return {
        "id": kind.id,
        "name": kind.name,
        "description": kind.name.upper(),
        "max_connections": kind.max_connections,
        "max_services": kind.max_services,
        "max_targets": kind.max_targets,
        "max_assigned_certificates": kind.max_certificates,
        "deprecated": None,
        "deprecation": None,
        "prices": [server_type_price(place, kind.price) for place in catalogue.LOCATIONS],
    }


def _deprecation() -> Json:
    return {
        "unavailable_after": moment(catalogue.DEPRECATION_ENDS),
        "announced": moment(catalogue.DEPRECATION_ANNOUNCED),
    }


def image(of: SimulatedImage) -> Json:
    """Give an image."""
    return {
        "id": of.id,
        "type": of.type,
        "status": of.status,
        "name": of.name,
        "description": of.description,
        "image_size": of.image_size,
        "disk_size": of.disk_size,
        "created": moment(of.created),
        "created_from": {"id": of.created_from[0], "name": of.created_from[1]} if of.created_from else None,
        "bound_to": of.bound_to,
        "os_flavor": of.os_flavor,
        "os_version": of.os_version,
        "rapid_deploy": of.rapid_deploy,
        "protection": {"delete": of.protected},
        # Both: `deprecated` is going (changelog, 2026-09-08), `deprecation` comes in its place.
        "deprecated": moment(of.deprecated) if of.deprecated else None,
        "deprecation": _deprecation() if of.deprecated else None,
        "deleted": moment(of.deleted) if of.deleted else None,
        "labels": dict(of.labels),
        "architecture": of.architecture,
    }


def action(of: SimulatedAction, now: datetime) -> Json:
    """Give an action as it stands at that moment."""
    return {
        "id": of.id,
        "command": of.command,
        "status": of.status,
        "progress": of.progress(now),
        "started": moment(of.started),
        "finished": moment(of.finished) if of.finished else None,
        "resources": [{"id": id_, "type": kind} for kind, id_ in of.resources],
        "error": {"code": of.error[0], "message": of.error[1]} if of.error and of.finished else None,
    }


def placement_group(world: World, group: PlacementGroup) -> Json:
    """Give a placement group with its servers."""
    return {
        "id": group.id,
        "name": group.name,
        "labels": dict(group.labels),
        "type": "spread",
        "created": moment(group.created),
        "servers": [server.id for server in world.servers.values() if server.placement_group == group.id],
    }


def server(world: World, of: SimulatedServer) -> Json:
    """Give a server."""
    group = None if of.placement_group is None else world.placement_groups[of.placement_group]
    return {
        "id": of.id,
        "name": of.name,
        "status": of.status,
        "created": moment(of.created),
        "public_net": {
            "ipv4": _ipv4(of.ipv4),
            "ipv6": _ipv6(of.ipv6),
            "floating_ips": [],
            "firewalls": [{"id": firewall, "status": "applied"} for firewall in of.firewalls],
        },
        "private_net": [
            {
                "network": net.network_id,
                "ip": net.ip,
                "alias_ips": list(net.alias_ips),
                "mac_address": net.mac_address,
            }
            for net in of.attachments
        ],
        "server_type": server_type(of.type),
        "location": location(of.location),
        "image": image(of.image) if of.image else None,
        "iso": iso(of.iso) if of.iso else None,
        "rescue_enabled": of.rescue_enabled,
        "locked": of.locked,
        "backup_window": of.backup_window,
        "outgoing_traffic": of.outgoing_traffic,
        "ingoing_traffic": of.ingoing_traffic,
        "included_traffic": of.location.included_traffic,
        "protection": {"delete": of.delete_protected, "rebuild": of.rebuild_protected},
        "labels": dict(of.labels),
        "volumes": [volume.id for volume in world.volumes.values() if volume.server == of.id],
        "load_balancers": [],
        "primary_disk_size": of.primary_disk_size,
        "placement_group": placement_group(world, group) if group else None,
    }


def iso(of: Iso) -> Json:
    """Give an ISO."""
    return {
        "id": of.id,
        "name": of.name,
        "description": of.description,
        "type": "public",
        "architecture": of.architecture,
        "deprecation": None,
    }


def ssh_key(of: SshKey) -> Json:
    """Give an SSH key."""
    return {
        "id": of.id,
        "name": of.name,
        "fingerprint": of.fingerprint,
        "public_key": of.public_key,
        "labels": dict(of.labels),
        "created": moment(of.created),
    }


def primary_ip(of: PublicIp) -> Json:
    """Give a primary IP."""
    return {
        "id": of.id,
        "name": of.name,
        "type": of.version,
        "ip": of.ip,
        "location": location(of.location),
        "assignee_type": "server",
        "assignee_id": of.server,
        "auto_delete": of.auto_delete,
        "blocked": False,
        "dns_ptr": _pointers(of),
        "protection": {"delete": of.protected},
        "labels": dict(of.labels),
        "created": moment(of.created),
    }


def _ipv4(address: PublicIp | None) -> Json | None:
    if address is None:
        return None
    return {"id": address.id, "ip": address.ip, "blocked": False, "dns_ptr": address.pointers.get(address.ip)}


def _ipv6(network: PublicIp | None) -> Json | None:
    if network is None:
        return None
    return {"id": network.id, "ip": network.ip, "blocked": False, "dns_ptr": _pointers(network)}


def _pointers(of: PublicIp) -> list[Json]:
    return [{"ip": ip, "dns_ptr": name} for ip, name in of.pointers.items()]
