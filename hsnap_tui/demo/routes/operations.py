"""All operations that Hetzner's API has, also those that are not simulated.

As of July 2026, from Hetzner's published descriptions (https://docs.hetzner.cloud/cloud.spec.json, and for storage
boxes hetzner.spec.json): the methods and the path below /v1; words with bars between stand for one path each.
"""

from __future__ import annotations

from collections.abc import Iterator

Operation = tuple[str, str]

_ACTIONS = "/{id}/actions"

#: Kinds of resources with the methods of their list and of a single one, and the words of their actions.
_RESOURCES: tuple[tuple[str, str, str, str], ...] = (
    ("certificates", "GET POST", "GET PUT DELETE", "retry"),
    ("datacenters", "GET", "GET", ""),
    ("firewalls", "GET POST", "GET PUT DELETE", "apply_to_resources remove_from_resources set_rules"),
    ("floating_ips", "GET POST", "GET PUT DELETE", "assign change_dns_ptr change_protection unassign"),
    ("images", "GET", "GET PUT DELETE", "change_protection"),
    ("isos", "GET", "GET", ""),
    ("load_balancer_types", "GET", "GET", ""),
    ("load_balancers", "GET POST", "GET PUT DELETE",
        "add_service add_target attach_to_network change_algorithm change_dns_ptr change_protection change_type "
        "delete_service detach_from_network disable_public_interface enable_public_interface remove_target "
        "update_service"),
    ("locations", "GET", "GET", ""),
    ("networks", "GET POST", "GET PUT DELETE",
        "add_route add_subnet change_ip_range change_protection delete_route delete_subnet"),
    ("placement_groups", "GET POST", "GET PUT DELETE", ""),
    ("primary_ips", "GET POST", "GET PUT DELETE", "assign change_dns_ptr change_protection unassign"),
    ("server_types", "GET", "GET", ""),
    ("servers", "GET POST", "GET PUT DELETE",
        "add_to_placement_group attach_iso attach_to_network change_alias_ips change_dns_ptr change_protection "
        "change_type create_image detach_from_network detach_iso disable_backup disable_rescue enable_backup "
        "enable_rescue poweroff poweron reboot rebuild remove_from_placement_group request_console reset "
        "reset_password shutdown"),
    ("ssh_keys", "GET POST", "GET PUT DELETE", ""),
    ("storage_box_types", "GET", "GET", ""),
    ("storage_boxes", "GET POST", "GET PUT DELETE",
        "change_protection change_type disable_snapshot_plan enable_snapshot_plan reset_password rollback_snapshot "
        "update_access_settings"),
    ("volumes", "GET POST", "GET PUT DELETE", "attach change_protection detach resize"),
    ("zones", "GET POST", "GET PUT DELETE",
        "change_primary_nameservers change_protection change_ttl import_zonefile"),
)  # fmt: skip

_RECORDS = "/zones/{id}/rrsets/{rr_name}/{rr_type}"

#: What does not follow from the kinds of resources.
_OTHERS: tuple[tuple[str, str], ...] = (
    ("GET", "/actions"),
    ("GET", "/actions/{id}"),
    ("GET", "/load_balancers/{id}/metrics"),
    ("GET", "/networks/{id}/members"),
    ("GET", "/pricing"),
    ("GET", "/servers/{id}/metrics"),
    ("GET", "/storage_boxes/{id}/folders"),
    ("GET POST", "/storage_boxes/{id}/snapshots"),
    ("GET PUT DELETE", "/storage_boxes/{id}/snapshots/{snapshot_id}"),
    ("GET POST", "/storage_boxes/{id}/subaccounts"),
    ("GET PUT DELETE", "/storage_boxes/{id}/subaccounts/{subaccount_id}"),
    ("POST", "/storage_boxes/{id}/subaccounts/{subaccount_id}/actions/"
        "change_home_directory|reset_subaccount_password|update_access_settings"),
    ("GET POST", "/zones/{id}/rrsets"),
    ("GET PUT DELETE", _RECORDS),
    ("POST", f"{_RECORDS}/actions/"
        "add_records|change_protection|change_ttl|remove_records|set_records|update_records"),
    ("GET", "/zones/{id}/zonefile"),
)  # fmt: skip

#: Has no list of a single resource's actions.
_WITHOUT_OWN_ACTIONS = ("primary_ips",)


def _operations() -> Iterator[Operation]:
    for plural, of_list, of_one, words in _RESOURCES:
        if words:
            yield "GET", f"/{plural}/actions"
            yield "GET", f"/{plural}/actions/{{id}}"
        yield from ((method, f"/{plural}") for method in of_list.split())
        yield from ((method, f"/{plural}/{{id}}") for method in of_one.split())
        yield from (("POST", f"/{plural}{_ACTIONS}/{word}") for word in words.split())
        if words and plural not in _WITHOUT_OWN_ACTIONS:
            yield "GET", f"/{plural}{_ACTIONS}"
            yield "GET", f"/{plural}{_ACTIONS}/{{action_id}}"
    for methods, template in _OTHERS:
        base, _, words = template.rpartition("/")
        for method in methods.split():
            yield from ((method, f"{base}/{word}") for word in words.split("|"))


#: Method and path template below /v1, fixed words before placeholders: /servers/actions is not /servers/{id}.
OPERATIONS: tuple[Operation, ...] = tuple(_operations())
