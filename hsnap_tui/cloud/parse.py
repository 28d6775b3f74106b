"""Answers of the API as plain objects: tolerant of what is missing, null, new or odd."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from hsnap_tui.cloud.model import (
    Action,
    ActionStatus,
    Image,
    ImageStatus,
    Resource,
    Server,
    ServerStatus,
    Snapshot,
    StoragePrice,
    Submitted,
)
from hsnap_tui.common.text import clean

T = TypeVar("T")

LARGEST_ID = 2**63
EPOCH = datetime.fromtimestamp(0, UTC)


class MalformedError(ValueError):
    """An answer without the one thing that it was asked for."""


def servers(answer: object, project: str) -> list[Server]:
    """The servers of a list; entries without a usable ID are left out, `MalformedError` without a list."""
    return [item for raw in _listed(answer, "servers") if (item := _server(raw, project))]


def actions(answer: object) -> list[Action]:
    """The actions of a list; entries without a usable ID are left out, `MalformedError` without a list."""
    return [item for raw in _listed(answer, "actions") if (item := _action(raw))]


def snapshots(answer: object, project: str) -> list[Snapshot]:
    """The snapshots of a list of images; other images and entries without a usable ID are left out.

    `MalformedError` without a list.
    """
    return [item for raw in _listed(answer, "images") if (item := _snapshot(raw, project))]


def server(answer: object, project: str) -> Server:
    """The server of an answer about one; `MalformedError` when there is none."""
    return _required(_server(_object(answer, "server"), project), "server")


def action(answer: object) -> Action:
    """The action of an answer about one; `MalformedError` when there is none."""
    return _required(_action(_object(answer, "action")), "action")


def image(answer: object) -> Image:
    """The image of an answer about one, of any type; `MalformedError` when there is none."""
    raw = _object(answer, "image")
    image_id = _required(_id(raw.get("id")), "image")
    protected = _object(raw, "protection").get("delete") is True
    return Image(image_id, _text(raw.get("type")), _text(raw.get("description")), protected)


def storage_price(answer: object) -> StoragePrice:
    """What a GB of an image costs a month; `MalformedError` when the answer does not tell."""
    pricing = _object(answer, "pricing")
    price = _object(_object(pricing, "image"), "price_per_gb_month")
    net, gross = (_required(_decimal(price.get(name)), "price of images") for name in ("net", "gross"))
    return StoragePrice(_text(pricing.get("currency")), net, gross)


def submitted(answer: object, project: str) -> Submitted:
    """The answer to `create_image`; `MalformedError` when action or image is missing."""
    image = _required(_snapshot(_object(answer, "image"), project), "image")
    return Submitted(action(answer), image)


def last_page(answer: object) -> int | None:
    """`last_page` of a list; none when the API leaves it open, as it may."""
    return _id(_object(_object(answer, "meta"), "pagination").get("last_page"))


def next_page(answer: object) -> int | None:
    """`next_page` of a list; none on the last one."""
    return _id(_object(_object(answer, "meta"), "pagination").get("next_page"))


def total_entries(answer: object) -> int | None:
    """`total_entries` of a list; none when the API leaves it open, as it may."""
    total = _object(_object(answer, "meta"), "pagination").get("total_entries")
    return total if type(total) is int and total >= 0 else None


def moment(value: object) -> datetime | None:
    """An ISO 8601 timestamp in UTC; without an offset it counts as UTC; none when it is no such thing."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value.strip())
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _server(raw: Mapping[str, Any], project: str) -> Server | None:
    server_id = _id(raw.get("id"))
    if server_id is None:
        return None
    server_type = _object(raw, "server_type")
    public_net = _object(raw, "public_net")
    protection = _object(raw, "protection")
    location = _object(raw, "location") or _object(_object(raw, "datacenter"), "location")
    name = raw.get("name")
    return Server(
        project=project,
        id=server_id,
        name=_text(name) or str(server_id),
        raw_name=name if isinstance(name, str) else "",
        status=ServerStatus(_text(raw.get("status"))),
        locked=raw.get("locked") is True,
        created=moment(raw.get("created")) or EPOCH,
        type=_text(server_type.get("name")),
        location=_text(location.get("name")),
        ipv4=_text(_object(public_net, "ipv4").get("ip")) or None,
        ipv6=_text(_object(public_net, "ipv6").get("ip")) or None,
        labels=_labels(raw),
        volumes=tuple(filter(None, map(_id, _list(raw, "volumes")))),
        architecture=_text(server_type.get("architecture")) or "x86",
        disk=int(_number(raw.get("primary_disk_size")) or _number(server_type.get("disk")) or 0),
        delete_protected=protection.get("delete") is True,
        rebuild_protected=protection.get("rebuild") is True,
        backups=bool(_text(raw.get("backup_window"))),
    )


def _action(raw: Mapping[str, Any]) -> Action | None:
    action_id = _id(raw.get("id"))
    if action_id is None:
        return None
    error = _object(raw, "error")
    return Action(
        id=action_id,
        command=_text(raw.get("command")),
        status=ActionStatus(_text(raw.get("status"))),
        progress=min(100, int(_number(raw.get("progress")) or 0)),
        started=moment(raw.get("started")) or EPOCH,
        finished=moment(raw.get("finished")),
        resources=tuple(
            Resource(_text(entry.get("type")), resource_id)
            for entry in _entries(raw, "resources")
            if (resource_id := _id(entry.get("id"))) is not None
        ),
        error_code=_text(error.get("code")) or None,
        error_message=_text(error.get("message")) or None,
    )


def _snapshot(raw: Mapping[str, Any], project: str) -> Snapshot | None:
    image_id = _id(raw.get("id"))
    if image_id is None or (raw.get("type") or "snapshot") != "snapshot":
        return None
    created_from = _object(raw, "created_from")
    return Snapshot(
        project=project,
        id=image_id,
        description=_text(raw.get("description")),
        status=ImageStatus(_text(raw.get("status"))),
        created=moment(raw.get("created")) or EPOCH,
        image_size=_number(raw.get("image_size")),
        disk_size=_number(raw.get("disk_size")) or 0,
        server_id=_id(created_from.get("id")),
        server_name=_text(created_from.get("name")) or None,
        labels=_labels(raw),
        delete_protected=_object(raw, "protection").get("delete") is True,
        architecture=_text(raw.get("architecture")) or "x86",
    )


def _object(container: object, key: str) -> Mapping[str, Any]:
    value = container.get(key) if isinstance(container, dict) else None
    return value if isinstance(value, dict) else {}


def _list(container: object, key: str) -> list[Any]:
    value = container.get(key) if isinstance(container, dict) else None
    return value if isinstance(value, list) else []


def _entries(container: object, key: str) -> Iterator[dict[str, Any]]:
    return (entry for entry in _list(container, key) if isinstance(entry, dict))


def _listed(answer: object, key: str) -> Iterator[dict[str, Any]]:
    if not isinstance(answer, dict) or not isinstance(answer.get(key), list):
        raise MalformedError(f"has no list of {key}")
    return _entries(answer, key)


def _id(value: object) -> int | None:
    return value if type(value) is int and 0 < value < LARGEST_ID else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _decimal(value: object) -> Decimal | None:
    """A price, which the API sends as a text; none when it is no such thing."""
    try:
        price = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None
    return price if price is not None and price.is_finite() and price >= 0 else None


def _text(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""


def _labels(raw: Mapping[str, Any]) -> dict[str, str]:
    return {_text(key): _text(value) for key, value in _object(raw, "labels").items()}


def _required(value: T | None, what: str) -> T:
    if value is None:
        raise MalformedError(f"has no usable {what}")
    return value
