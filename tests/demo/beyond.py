"""What answers look like that the description at hand leaves out, as the official SDK and hcloud-go read them."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

_ID: Schema = {"type": "integer", "minimum": 1}
_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_LABELS: Schema = {"type": "object", "additionalProperties": _TEXT}

#: What has actions besides servers and images.
ACTION_KINDS = (
    "certificates",
    "firewalls",
    "floating_ips",
    "load_balancers",
    "networks",
    "primary_ips",
    "storage_boxes",
    "volumes",
    "zones",
)
#: The kinds of which there is nothing.
EMPTY_KINDS = ("certificates", "floating_ips", "load_balancers", "storage_boxes", "storage_box_types", "zones")
#: Actions of servers, with what they answer besides the action.
SERVER_ACTIONS: dict[str, tuple[str, ...]] = {
    "change_type": (),
    "enable_rescue": ("root_password",),
    "disable_rescue": (),
    "reset_password": ("root_password",),
    "request_console": ("wss_url", "password"),
    "attach_iso": (),
    "detach_iso": (),
    "change_dns_ptr": (),
    "add_to_placement_group": (),
    "remove_from_placement_group": (),
    "attach_to_network": (),
    "detach_from_network": (),
    "change_alias_ips": (),
}
_PRIMARY_IP_ACTIONS = ("assign", "unassign", "change_dns_ptr", "change_protection")


def record(**fields: Schema) -> Schema:
    """Give the schema of an object with these fields, all of them there."""
    return {"type": "object", "properties": fields, "required": list(fields)}


def responses(described: dict[str, Schema], location: Schema, iso: Schema, deprecation: Schema) -> dict[str, Any]:
    """Give the responses by "METHOD /template STATUS", made with parts of those that are described."""
    meta = described["GET /servers 200"]["properties"]["meta"]
    action = described["GET /actions/{id} 200"]["properties"]["action"]
    primary_ip = record(
        id=_ID,
        name=_TEXT,
        type={"enum": ["ipv4", "ipv6"]},
        ip=_TEXT,
        location=location,
        assignee_type={"const": "server"},
        assignee_id={"type": ["integer", "null"]},
        auto_delete=_FLAG,
        blocked=_FLAG,
        dns_ptr={"type": "array", "items": record(ip=_TEXT, dns_ptr=_TEXT)},
        protection=record(delete=_FLAG),
        labels=_LABELS,
        created=_TIME,
    )
    load_balancer_type = record(
        id=_ID,
        name=_TEXT,
        description=_TEXT,
        max_connections=_ID,
        max_services=_ID,
        max_targets=_ID,
        max_assigned_certificates=_ID,
        deprecated={"type": "null"},
        deprecation=deprecation,
        prices={"type": "array", "minItems": 1},
    )
    ssh_key = described["GET /ssh_keys 200"]["properties"]["ssh_keys"]["items"]
    found: dict[str, Any] = {}
    for plural in ACTION_KINDS:
        found[f"GET /{plural}/actions 200"] = described["GET /servers/actions 200"]
        found[f"GET /{plural}/actions/{{id}} 200"] = described["GET /actions/{id} 200"]
        if plural != "primary_ips":
            found[f"GET /{plural}/{{id}}/actions 200"] = described["GET /servers/actions 200"]
            found[f"GET /{plural}/{{id}}/actions/{{action_id}} 200"] = described["GET /actions/{id} 200"]
    for plural in EMPTY_KINDS:
        found[f"GET /{plural} 200"] = record(meta=meta, **{plural: {"type": "array", "maxItems": 0}})
    for kind, schema in (("iso", iso), ("load_balancer_type", load_balancer_type), ("primary_ip", primary_ip)):
        found[f"GET /{kind}s 200"] = record(meta=meta, **{f"{kind}s": {"type": "array", "items": schema}})
        found[f"GET /{kind}s/{{id}} 200"] = record(**{kind: schema})
    for word, more in SERVER_ACTIONS.items():
        answer = record(action=action, **dict.fromkeys(more, _TEXT))
        found[f"POST /servers/{{id}}/actions/{word} 201"] = answer
    for word in _PRIMARY_IP_ACTIONS:
        found[f"POST /primary_ips/{{id}}/actions/{word} 201"] = record(action=action)
    found["POST /primary_ips 201"] = record(primary_ip=primary_ip, action={"anyOf": [action, {"type": "null"}]})
    found["PUT /primary_ips/{id} 200"] = record(primary_ip=primary_ip)
    found["POST /ssh_keys 201"] = found["PUT /ssh_keys/{id} 200"] = record(ssh_key=ssh_key)
    return found | {"DELETE /primary_ips/{id} 204": None, "DELETE /ssh_keys/{id} 204": None}
