"""The routes that change SSH keys; they are listed with the other resources of a project."""

from __future__ import annotations

import base64
import binascii
import hashlib
from functools import partial
from typing import Any

from hsnap_tui.demo.model.errors import not_found, not_unique
from hsnap_tui.demo.model.resources import SshKey
from hsnap_tui.demo.model.world import World
from hsnap_tui.demo.routes import body, query, render
from hsnap_tui.demo.routes.call import Call, Endpoint, Endpoints, RouteResponse

_KINDS = (
    "ssh-rsa",
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)


def public_key(value: Any) -> str:
    """Check for a public key as OpenSSH writes it."""
    _decoded(body.text(value))
    return str(value)


def create_ssh_key(world: World, call: Call) -> RouteResponse:
    """Take a public key into the project."""
    fields: dict[str, body.Check] = {"name": body.name, "public_key": public_key, "labels": body.labels}
    wanted = body.read(call, fields, required=("name", "public_key"))
    text = wanted["public_key"]
    digest = hashlib.md5(_decoded(text), usedforsecurity=False).hexdigest()
    fingerprint = ":".join(digest[place : place + 2] for place in range(0, len(digest), 2))
    if any(key.fingerprint == fingerprint for key in world.ssh_keys.values()):
        raise not_unique("public_key", "SSH key with the same fingerprint already exists")
    _ensure_name_is_free(world, wanted["name"])
    key = SshKey(world.new_id("ssh_key"), wanted["name"], fingerprint, text, world.now, wanted.get("labels", {}))
    world.ssh_keys[key.id] = key
    return RouteResponse(201, {"ssh_key": render.ssh_key(key)})


def update_ssh_key(world: World, call: Call) -> RouteResponse:
    """Change a key's name, or replace its labels."""
    key = _find(world, call)
    wanted = body.read(call, {"name": body.name, "labels": body.labels})
    if "name" in wanted:
        _ensure_name_is_free(world, wanted["name"], besides=key)
        key.name = wanted["name"]
    key.labels = wanted.get("labels", key.labels)
    return RouteResponse(200, {"ssh_key": render.ssh_key(key)})


def delete_ssh_key(world: World, call: Call) -> RouteResponse:
    """Take a key out of the project."""
    key = _find(world, call)
    body.read(call, {})
    del world.ssh_keys[key.id]
    return RouteResponse(204)


def _decoded(text: str) -> bytes:
    words = text.split()
    try:
        kind, encoded = words[:2]
        content = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        content, kind = b"", ""
    if kind not in _KINDS or not content:
        raise ValueError("must be a valid public key in OpenSSH's format")
    return content


def _find(world: World, call: Call) -> SshKey:
    missing = partial(not_found, "ssh_key")
    number = query.path_id(call, "id", missing)
    if number not in world.ssh_keys:
        raise missing(number)
    return world.ssh_keys[number]


def _ensure_name_is_free(world: World, name: str, besides: SshKey | None = None) -> None:
    if any(key.name == name and key is not besides for key in world.ssh_keys.values()):
        raise not_unique("name", "SSH key name is already used")


ENDPOINTS: Endpoints = (
    Endpoint("POST", "/ssh_keys", create_ssh_key),
    Endpoint("PUT", "/ssh_keys/{id}", update_ssh_key),
    Endpoint("DELETE", "/ssh_keys/{id}", delete_ssh_key),
)
