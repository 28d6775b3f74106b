"""The official command line, `hcloud`, unchanged; skipped where it is not installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import Served, serve_in_thread
from tests.patience import PATIENCE

_HCLOUD = shutil.which("hcloud")

pytestmark = pytest.mark.skipif(_HCLOUD is None, reason="the official command line (hcloud) is not on the PATH")


class Operator:
    """Types commands."""

    def __init__(self, served: Served, home: Path) -> None:
        self.served = served
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "HCLOUD_ENDPOINT": served.endpoint,
            "HCLOUD_TOKEN": served.token,
            # Storage boxes are at another address, as newer ones ask for them.
            "HETZNER_ENDPOINT": served.endpoint,
        }

    def __call__(self, *words: str) -> str:
        done = self._run(words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, *words: str) -> str:
        done = self._run(words)
        assert done.returncode != 0
        return done.stderr

    def _run(self, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        assert _HCLOUD is not None
        return subprocess.run(
            [_HCLOUD, "--poll-interval", "50ms", *words],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


@pytest.fixture
def hcloud(tmp_path: Path) -> Iterator[Operator]:
    # A clock that runs fast: the command line waits in real time for actions to end.
    options = DemoOptions(servers=6, calm=True, speed=200, rate_limit=100_000)
    with serve_in_thread(options=options) as served:
        served.call(lambda cloud: cloud.add_server("web"))
        yield Operator(served, tmp_path)
        assert not served.defects


def test_list_and_describe(hcloud: Operator) -> None:
    names = hcloud("server", "list", "-o", "noheader", "-o", "columns=name").split()
    assert len(names) == 7
    for name in names:
        described = hcloud("server", "describe", name)
        assert re.search(rf"^Name:\s+{name}$", described, re.MULTILINE)
    assert "ubuntu-24.04" in hcloud("image", "list", "--type", "system")
    assert re.search(r"^OS flavor:\s+debian$", hcloud("image", "describe", "debian-13"), re.MULTILINE)
    for kind, sample in (
        ("location", "fsn1"),
        ("server-type", "cx23"),
        ("ssh-key", "deploy"),
        ("network", "backend"),
        ("firewall", "public-web"),
    ):
        assert sample in hcloud(kind, "list")
        hcloud(kind, "describe", sample)
    hcloud("volume", "list")
    hcloud("placement-group", "list")
    assert "deprecated_api_endpoint" in hcloud.refused("datacenter", "list")


def test_snapshots(hcloud: Operator) -> None:
    create = ("server", "create-image", "--type", "snapshot", "--description", "before", "--label", "k=v", "web")
    assert re.search(r"^Image \d+ created from server \d+$", hcloud(*create), re.MULTILINE | re.IGNORECASE)
    (number,) = hcloud("image", "list", "-t", "snapshot", "-l", "k=v", "-o", "noheader", "-o", "columns=id").split()
    (image,) = hcloud.served.call(lambda cloud: cloud.snapshots("k=v"))
    assert (str(image.id), image.status, image.description) == (number, "available", "before")
    hcloud("image", "update", "--description", "after", number)
    hcloud("image", "add-label", number, "a=b")
    hcloud("image", "enable-protection", number, "delete")
    assert "(protected" in hcloud.refused("image", "delete", number)
    hcloud("image", "disable-protection", number, "delete")
    hcloud("image", "delete", number)
    assert image.deleted


def test_power(hcloud: Operator) -> None:
    def status() -> str:
        words = hcloud("server", "list", "-o", "noheader", "-o", "columns=name,status").split()
        return dict(zip(words[::2], words[1::2], strict=True))["web"]

    for word, leads_to in (("poweroff", "off"), ("poweron", "running"), ("reboot", "running"), ("reset", "running")):
        hcloud("server", word, "web")
        assert status() == leads_to
    hcloud("server", "shutdown", "web")


def test_a_lock_is_reported(hcloud: Operator) -> None:
    server = hcloud.served.cloud.server_named("web").id
    hcloud.served.call(lambda cloud: cloud.lock(server, seconds=1_000_000))
    assert "server is locked" in hcloud.refused("server", "create-image", "--type", "snapshot", "web")


def test_change_rebuild_protect_delete(hcloud: Operator) -> None:
    hcloud("server", "update", "--name", "renamed", "web")
    hcloud("server", "add-label", "renamed", "a=b")
    assert "(invalid_input" in hcloud.refused("server", "add-label", "renamed", "hetzner.cloud/a=b")
    hcloud("server", "rebuild", "--image", "debian-13", "renamed")
    server = hcloud.served.cloud.server_named("renamed")
    assert server.image is not None
    assert (server.labels, server.image.name) == ({"a": "b"}, "debian-13")
    hcloud("server", "enable-protection", "renamed", "delete", "rebuild")
    assert "(protected" in hcloud.refused("server", "delete", "renamed")
    assert "(protected" in hcloud.refused("server", "rebuild", "--image", "debian-13", "renamed")
    hcloud("server", "disable-protection", "renamed", "delete", "rebuild")
    hcloud("server", "enable-backup", "renamed")
    hcloud("server", "delete", "renamed")
    assert server.id not in hcloud.served.cloud.servers


def test_create(hcloud: Operator) -> None:
    made = hcloud("server", "create", "--name", "fresh", "--type", "cx23", "--image", "ubuntu-24.04")
    assert "Root password" in made
    assert hcloud.served.cloud.server_named("fresh").status == "running"


def test_everything_that_it_lists(hcloud: Operator) -> None:
    kinds = re.findall(r"^  ([a-z-]+) +(?:Manage|View) ", hcloud("--help"), re.MULTILINE)
    assert {"server", "image", "primary-ip", "iso", "load-balancer", "certificate"} <= set(kinds)
    for kind in kinds:
        if kind in ("context", "config", "datacenter") or " list" not in hcloud(kind, "--help"):
            continue
        hcloud(kind, "list")
    if re.search(r"^  all ", hcloud("--help"), re.MULTILINE):
        assert "PRIMARY IPS" in hcloud("all", "list")


def test_describing_what_else_there_is(hcloud: Operator) -> None:
    address = hcloud.served.cloud.server_named("web").ipv4
    assert address is not None
    assert address.ip in hcloud("primary-ip", "describe", address.name)
    for kind, sample in (("iso", "alpine-virt-3.22.1-x86_64.iso"), ("load-balancer-type", "lb11")):
        assert sample in hcloud(kind, "describe", sample)


def test_ssh_keys(hcloud: Operator, tmp_path: Path) -> None:
    key = tmp_path / "key.pub"
    key.write_text(f"ssh-ed25519 {'A' * 44} me@here\n")
    hcloud("ssh-key", "create", "--name", "mine", "--public-key-from-file", str(key))
    hcloud("ssh-key", "update", "--name", "yours", "mine")
    hcloud("ssh-key", "add-label", "yours", "a=b")
    order = ("--name", "fresh", "--type", "cx23", "--image", "debian-13", "--ssh-key", "yours", "--label", "c=d")
    assert "Root password" not in hcloud("server", "create", *order, "--start-after-create=false")
    fresh = hcloud.served.cloud.server_named("fresh")
    assert (fresh.status, fresh.labels) == ("off", {"c": "d"})
    hcloud("ssh-key", "delete", "yours")


def test_equipment(hcloud: Operator) -> None:
    server = hcloud.served.cloud.server_named("web")
    hcloud("server", "enable-rescue", "web")
    hcloud("server", "disable-rescue", "web")
    assert "Password" in hcloud("server", "reset-password", "web")
    hcloud("server", "request-console", "web")
    hcloud("server", "attach-iso", "web", "alpine-virt-3.22.1-x86_64.iso")
    assert server.iso is not None
    hcloud("server", "detach-iso", "web")
    hcloud("server", "set-rdns", "web", "--hostname", "web.example.net")
    assert server.ipv4 is not None
    assert server.ipv4.pointers[server.ipv4.ip] == "web.example.net"
    hcloud("server", "attach-to-network", "web", "--network", "backend")
    hcloud("server", "detach-from-network", "web", "--network", "backend")
    # One that has been running for the half hour that is asked about.
    old = next(one for one in hcloud.served.cloud.servers.values() if one.status == "running")
    hcloud("server", "metrics", old.name, "--type", "cpu")
    assert "(server_not_stopped" in hcloud.refused("server", "change-type", "web", "cx33")
    hcloud("server", "poweroff", "web")
    hcloud("server", "change-type", "web", "cx33")
    assert (server.type.name, server.primary_disk_size) == ("cx33", 80)


def test_what_is_not_simulated_says_so(hcloud: Operator) -> None:
    refused = hcloud.refused("volume", "create", "--name", "v", "--size", "10", "--location", "nbg1")
    assert "simulated cloud" in refused
    assert "(not_simulated" in refused
