"""The routes of images: list, get, update, delete, protection."""

from __future__ import annotations

from functools import partial

from hsnap_tui.demo.model import images
from hsnap_tui.demo.model.errors import ApiError, not_found
from hsnap_tui.demo.model.resources import SimulatedImage
from hsnap_tui.demo.model.world import World
from hsnap_tui.demo.routes import body, query, render
from hsnap_tui.demo.routes.call import Call, Endpoint, Endpoints, RouteResponse

_SORT: query.SortFields[SimulatedImage] = {
    "id": lambda image: image.id,
    "name": lambda image: image.name or "",
    "created": lambda image: image.created,
}


def find(world: World, call: Call) -> SimulatedImage:
    """Give the image in the path; ApiError not_found when there is none."""
    return world.image(query.path_id(call, "id", partial(not_found, "image")))


def list_images(world: World, call: Call) -> RouteResponse:
    """Answer with a page of images; deprecated ones only when asked for."""
    types = query.choices(call, "type", ("system", "app", "snapshot", "backup"))
    statuses = query.choices(call, "status", ("available", "creating", "unavailable"))
    architectures = query.choices(call, "architecture", ("x86", "arm"))
    bound_to = set(query.ids(call, "bound_to"))
    deprecated, chosen, name = (
        query.flag(call, "include_deprecated"),
        query.by_label(call),
        call.value("name"),
    )
    rows = [
        image
        for image in world.images.values()
        if (not types or image.type in types)
        and (not statuses or image.status in statuses)
        and (not architectures or image.architecture in architectures)
        and (not bound_to or image.bound_to in bound_to)
        and (deprecated or image.deprecated is None)
        and (name is None or image.name == name)
        and chosen(image.labels)
    ]
    return query.page(call, "images", query.ordered(call, rows, _SORT), render.image)


def get_image(world: World, call: Call) -> RouteResponse:
    """Answer with one image."""
    return RouteResponse(200, {"image": render.image(find(world, call))})


def update_image(world: World, call: Call) -> RouteResponse:
    """Change an image's description, replace its labels, or turn a backup into a snapshot."""
    image = find(world, call)
    if image.type not in ("snapshot", "backup"):
        raise ApiError(403, "forbidden", "only images of type snapshot and backup can be updated")
    fields = {"description": body.text, "type": body.one_of("snapshot"), "labels": body.labels}
    wanted = body.read(call, fields)
    image.description = wanted.get("description", image.description)
    image.labels = wanted.get("labels", image.labels)
    if wanted.get("type") == "snapshot" and image.type == "backup":
        images.keep_backup(world, image)
    return RouteResponse(200, {"image": render.image(image)})


def delete_image(world: World, call: Call) -> RouteResponse:
    """Delete a snapshot or backup."""
    image = find(world, call)
    body.read(call, {})
    images.delete_image(world, image)
    return RouteResponse(204)


def change_protection(world: World, call: Call) -> RouteResponse:
    """Change a snapshot's protection from deletion."""
    image = find(world, call)
    wanted = body.read(call, {"delete": body.boolean})
    action = images.protect_image(world, image, delete=wanted.get("delete"))
    return RouteResponse(201, {"action": render.action(action, world.now)})


ENDPOINTS: Endpoints = (
    Endpoint("GET", "/images", list_images),
    Endpoint("GET", "/images/{id}", get_image),
    Endpoint("PUT", "/images/{id}", update_image),
    Endpoint("DELETE", "/images/{id}", delete_image),
    Endpoint("POST", "/images/{id}/actions/change_protection", change_protection),
)
