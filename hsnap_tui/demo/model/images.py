"""Making, keeping and removing images."""

from __future__ import annotations

from datetime import datetime, timedelta

from hsnap_tui.demo.model.errors import ApiError, limit_exceeded, protected
from hsnap_tui.demo.model.power import ensure_free
from hsnap_tui.demo.model.resources import Labels, SimulatedAction, SimulatedImage, SimulatedServer
from hsnap_tui.demo.model.world import World

#: How many backups a server has room for; the oldest goes when another one is made.
BACKUP_SLOTS = 7

#: How create_image is known to fail, as code and message.
FAILURES = (
    ("unknown_error", "Creating image failed because of an unknown error"),
    ("unknown_error", "server is locked"),
    ("action_failed", "Action failed"),
)
#: How long the remains of a failed image may stay visible.
_REMAINS_SECONDS = (10.0, 40.0)


def create_image(
    world: World,
    server: SimulatedServer,
    kind: str = "snapshot",
    description: str | None = None,
    labels: Labels | None = None,
) -> tuple[SimulatedAction, SimulatedImage]:
    """Start to make a snapshot or backup, as a client's request does. Raises ApiError."""
    ensure_free(world, server)
    if kind == "backup" and server.backup_window is None:
        raise ApiError(422, "service_error", "backups are not enabled for this server")
    if kind == "snapshot":
        _ensure_room(world)
    return begin_image(
        world,
        server,
        kind,
        description,
        labels,
        seconds=world.seconds(world.options.snapshot_seconds),
        error=world.planned_failure("create_image", *FAILURES),
    )


def begin_image(
    world: World,
    server: SimulatedServer,
    kind: str,
    description: str | None,
    labels: Labels | None,
    *,
    seconds: float,
    error: tuple[str, str] | None = None,
    age: float = 0.0,
) -> tuple[SimulatedAction, SimulatedImage]:
    """Start the action and put the image, still `creating`, into the project."""
    image = new_image(world, server, kind, description, labels, created=world.now - timedelta(seconds=age))
    image.status, image.image_size = "creating", None
    world.put_image(image)

    if server.images_stuck_after is not None:
        action = world.start_endless("create_image", ("server", server.id), lock=server)
        world.after(server.images_stuck_after, lambda: world.forget_action(action))
        return action, image

    def made() -> None:
        image.status = "available"
        image.image_size = round(server.used_gb * world.rng.uniform(0.9, 1.0), 2)
        if kind == "backup":
            _free_slots(world, server)

    def failed() -> None:
        if world.rng.random() < 0.5:
            world.remove_image(image)
        else:
            image.status = "unavailable"
            world.after(world.seconds(_REMAINS_SECONDS), lambda: world.remove_image(image))

    action = world.start(
        "create_image",
        ("server", server.id),
        seconds=seconds,
        lock=server,
        unlock_at=world.options.unlock_at,
        error=error,
        on_success=made,
        on_error=failed,
        age=age,
    )
    return action, image


def new_image(
    world: World,
    server: SimulatedServer,
    kind: str,
    description: str | None,
    labels: Labels | None,
    *,
    created: datetime,
) -> SimulatedImage:
    """Give an image of the server as it looks when it is done; it is not in the project yet."""
    system = server.image
    return SimulatedImage(
        id=world.new_id("image"),
        type=kind,
        status="available",
        name=None,
        description=description or f"{kind} {server.name} {created:%Y-%m-%d %H:%M:%S}",
        image_size=round(server.used_gb, 2),
        disk_size=server.primary_disk_size,
        created=created,
        architecture=server.type.architecture,
        os_flavor=system.os_flavor if system else "unknown",
        os_version=system.os_version if system else None,
        labels=dict(labels or {}),
        created_from=(server.id, server.name),
        bound_to=server.id if kind == "backup" else None,
    )


def delete_image(world: World, image: SimulatedImage) -> None:
    """Remove a snapshot or backup, as a client's request does. Raises ApiError."""
    if image.protected:
        raise protected("image deletion")
    if image.type not in ("snapshot", "backup"):
        raise ApiError(403, "forbidden", "only images of type snapshot and backup can be deleted")
    world.remove_image(image)


def keep_backup(world: World, image: SimulatedImage) -> None:
    """Turn a backup into a snapshot, which outlives its server. Raises ApiError at the snapshot limit."""
    _ensure_room(world)
    image.type, image.bound_to = "snapshot", None


def protect_image(world: World, image: SimulatedImage, *, delete: bool | None) -> SimulatedAction:
    """Change an image's protection, as a client's request does. Raises ApiError."""
    if image.type != "snapshot":
        raise ApiError(422, "unsupported_error", "only images of type snapshot can be protected")
    if delete is not None:
        image.protected = delete
    return world.start("change_protection", ("image", image.id), seconds=0)


def _ensure_room(world: World) -> None:
    limit = world.options.snapshot_limit
    if limit is None:
        return
    if sum(image.type == "snapshot" for image in world.images.values()) >= limit:
        raise limit_exceeded("snapshot_limit", "snapshot limit exceeded")


def _free_slots(world: World, server: SimulatedServer) -> None:
    backups = sorted(
        (i for i in world.images.values() if i.bound_to == server.id and i.status == "available"),
        key=lambda image: image.created,
    )
    for image in backups[:-BACKUP_SLOTS]:
        world.remove_image(image)
