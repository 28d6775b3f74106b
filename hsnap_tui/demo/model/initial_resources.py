"""What a project has around its servers: keys, networks, firewalls, placement groups."""

from __future__ import annotations

from datetime import timedelta

from hsnap_tui.demo.model.catalogue import Location
from hsnap_tui.demo.model.resources import Firewall, FirewallRule, Network, PlacementGroup, SshKey
from hsnap_tui.demo.model.world import World

#: How many servers a spread placement group takes.
GROUP_SIZE = 10

_ANYWHERE = ("0.0.0.0/0", "::/0")
_KEYS = (
    ("ops-laptop", "b7:2f:30:a0:2f:6c:58:6c:21:04:58:61:ba:06:3b:2f", "AAAAC3NzaC1lZDI1NTE5AAAAIGVk0psDemoOnly1"),
    ("deploy", "0c:51:9e:77:4d:d2:18:e5:6a:90:33:fb:c4:7e:25:88", "AAAAC3NzaC1lZDI1NTE5AAAAIGVk0psDemoOnly2"),
)
_GROUPED_ROLES = ("web", "db")


def add_resources(world: World) -> None:
    """Add keys, networks and firewalls to the project."""
    founded = world.began - timedelta(days=1510)
    for name, fingerprint, key in _KEYS:
        number = world.new_id("ssh_key")
        world.ssh_keys[number] = SshKey(number, name, fingerprint, f"ssh-ed25519 {key} {name}", founded)
    for name, subnet, gateway, zone in (
        ("backend", "10.0.0.0/16", "10.0.0.1", "eu-central"),
        ("backend-us", "10.1.0.0/16", "10.1.0.1", "us-east"),
    ):
        number = world.new_id("network")
        world.networks[number] = Network(number, name, "10.0.0.0/8", subnet, zone, gateway, founded, {"env": "prod"})
    for name, ports in (("ssh-only", ("22",)), ("public-web", ("22", "80", "443"))):
        number = world.new_id("firewall")
        rules = [FirewallRule(f"port {port}", "tcp", port, _ANYWHERE) for port in ports]
        rules.append(FirewallRule("ping", "icmp", None, _ANYWHERE))
        world.firewalls[number] = Firewall(number, name, rules, founded)


def networks_for(world: World, place: Location) -> tuple[int, ...]:
    """Give the networks that a server there would be in."""
    return tuple(network.id for network in world.networks.values() if network.zone == place.network_zone)


def firewalls_for(world: World, tier: str) -> tuple[int, ...]:
    """Give the firewalls that a server of that tier would have."""
    wanted = {"frontend": "public-web", "tools": "ssh-only"}.get(tier)
    return tuple(firewall.id for firewall in world.firewalls.values() if firewall.name == wanted)


def group_for(world: World, role: str, stage: str) -> int | None:
    """Give a placement group with room for a productive server of that role, a new one if need be."""
    if stage != "prod" or role not in _GROUPED_ROLES:
        return None
    mine = [group for group in world.placement_groups.values() if group.name.startswith(f"spread-{role}-")]
    if mine and members(world, mine[-1].id) < GROUP_SIZE:
        return mine[-1].id
    number = world.new_id("placement_group")
    founded = world.began - timedelta(days=1509)
    world.placement_groups[number] = PlacementGroup(number, f"spread-{role}-{len(mine) + 1}", founded)
    return number


def members(world: World, group: int) -> int:
    """Count the servers in a placement group."""
    return sum(server.placement_group == group for server in world.servers.values())
