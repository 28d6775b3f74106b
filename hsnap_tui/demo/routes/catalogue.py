"""The routes of what Hetzner offers: locations, server types, prices; and of what it has removed."""

from __future__ import annotations

from functools import partial
from typing import Any

from hsnap_tui.demo.model import catalogue
from hsnap_tui.demo.model.catalogue import Location
from hsnap_tui.demo.model.errors import not_found, removed
from hsnap_tui.demo.model.world import World
from hsnap_tui.demo.routes import query, render
from hsnap_tui.demo.routes.call import Call, Endpoint, Endpoints, RouteResponse

_SORT: query.SortFields[Location] = {"id": lambda place: place.id, "name": lambda place: place.name}


def list_locations(_world: World, call: Call) -> RouteResponse:
    """Answer with a page of locations."""
    rows = query.ordered(call, _named(call, catalogue.LOCATIONS), _SORT)
    return query.page(call, "locations", rows, render.location)


def list_server_types(_world: World, call: Call) -> RouteResponse:
    """Answer with a page of server types."""
    return query.page(call, "server_types", _named(call, catalogue.SERVER_TYPES), render.server_type)


def get_location(_world: World, call: Call) -> RouteResponse:
    """Answer with one location."""
    return RouteResponse(200, {"location": render.location(_offer(call, "location", catalogue.LOCATIONS))})


def get_server_type(_world: World, call: Call) -> RouteResponse:
    """Answer with one server type."""
    return RouteResponse(
        200, {"server_type": render.server_type(_offer(call, "server_type", catalogue.SERVER_TYPES))}
    )


def list_isos(_world: World, call: Call) -> RouteResponse:
    """Answer with a page of ISOs."""
    query.choices(call, "type", ("public", "private"))
    architectures = query.choices(call, "architecture", ("x86", "arm"))
    query.flag(call, "include_architecture_wildcard")
    rows = [
        iso
        for iso in _named(call, catalogue.ISOS)
        if "private" not in call.values("type") and (not architectures or iso.architecture in architectures)
    ]
    return query.page(call, "isos", rows, render.iso)


def get_iso(_world: World, call: Call) -> RouteResponse:
    """Answer with one ISO."""
    return RouteResponse(200, {"iso": render.iso(_offer(call, "iso", catalogue.ISOS))})


def list_load_balancer_types(_world: World, call: Call) -> RouteResponse:
    """Answer with a page of load balancer types."""
    rows = _named(call, catalogue.LOAD_BALANCER_TYPES)
    return query.page(call, "load_balancer_types", rows, render.load_balancer_type)


def get_load_balancer_type(_world: World, call: Call) -> RouteResponse:
    """Answer with one load balancer type."""
    kind = _offer(call, "load_balancer_type", catalogue.LOAD_BALANCER_TYPES)
    return RouteResponse(200, {"load_balancer_type": render.load_balancer_type(kind)})


def get_pricing(_world: World, _call: Call) -> RouteResponse:
    """Answer with all prices."""
    places = catalogue.LOCATIONS
    ipv4, ipv6 = catalogue.PRIMARY_IPV4_PRICE, 0 * catalogue.PRIMARY_IPV4_PRICE
    floating = {"ipv4": catalogue.FLOATING_IPV4_PRICE, "ipv6": catalogue.FLOATING_IPV6_PRICE}
    pricing = {
        "currency": "EUR",
        "vat_rate": str(catalogue.VAT_RATE),
        "primary_ips": [
            {
                "type": version,
                "prices": [
                    {
                        "location": place.name,
                        "price_hourly": render.price(monthly / catalogue.HOURS_A_MONTH),
                        "price_monthly": render.price(monthly),
                    }
                    for place in places
                ],
            }
            for version, monthly in (("ipv4", ipv4), ("ipv6", ipv6))
        ],
        "floating_ips": [
            {
                "type": version,
                "prices": [{"location": place.name, "price_monthly": render.price(monthly)} for place in places],
            }
            for version, monthly in floating.items()
        ],
        "floating_ip": {"price_monthly": render.price(floating["ipv4"])},
        "image": {"price_per_gb_month": render.price(catalogue.IMAGE_PRICE)},
        "volume": {"price_per_gb_month": render.price(catalogue.VOLUME_PRICE)},
        "server_backup": {"percentage": str(catalogue.BACKUP_PERCENTAGE)},
        "server_types": [
            {"id": kind.id, "name": kind.name, "prices": render.server_type(kind)["prices"]}
            for kind in catalogue.SERVER_TYPES
        ],
        "load_balancer_types": [
            {"id": kind.id, "name": kind.name, "prices": render.load_balancer_type(kind)["prices"]}
            for kind in catalogue.LOAD_BALANCER_TYPES
        ],
    }
    return RouteResponse(200, {"pricing": pricing})


def gone(anchor: str, _world: World, _call: Call) -> RouteResponse:
    """Refuse, as for everything that Hetzner has removed."""
    raise removed(anchor)


def _named(call: Call, offers: tuple[Any, ...]) -> list[Any]:
    name = call.value("name")
    return [offer for offer in offers if name is None or offer.name == name]


def _offer(call: Call, kind: str, offers: tuple[Any, ...]) -> Any:
    number = query.path_id(call, "id", partial(not_found, kind))
    for offer in offers:
        if offer.id == number:
            return offer
    raise not_found(kind, number)


_DATACENTERS = partial(gone, "2026-06-02-datacenters-deprecated")

ENDPOINTS: Endpoints = (
    Endpoint("GET", "/locations", list_locations),
    Endpoint("GET", "/locations/{id}", get_location),
    Endpoint("GET", "/server_types", list_server_types),
    Endpoint("GET", "/server_types/{id}", get_server_type),
    Endpoint("GET", "/isos", list_isos),
    Endpoint("GET", "/isos/{id}", get_iso),
    Endpoint("GET", "/load_balancer_types", list_load_balancer_types),
    Endpoint("GET", "/load_balancer_types/{id}", get_load_balancer_type),
    Endpoint("GET", "/pricing", get_pricing),
    Endpoint("GET", "/datacenters", _DATACENTERS),
    Endpoint("GET", "/datacenters/{id}", _DATACENTERS),
)
