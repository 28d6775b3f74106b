"""Terraform with Hetzner's provider, unchanged; skipped where they are not there.

`TERRAFORM_PROVIDER_HCLOUD` names the folder with the provider's binary, terraform-provider-hcloud.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import Served, serve_in_thread

_TERRAFORM = shutil.which("terraform")
_PROVIDER = os.environ.get("TERRAFORM_PROVIDER_HCLOUD", "")

pytestmark = pytest.mark.skipif(
    _TERRAFORM is None or not _PROVIDER,
    reason="terraform is not on the PATH, or TERRAFORM_PROVIDER_HCLOUD names no folder with Hetzner's provider",
)

_PLAN = """
terraform {
  required_providers {
    hcloud = {
      source = "hetznercloud/hcloud"
    }
  }
}
provider "hcloud" {
  poll_interval = "50ms"
}
variable "type" {
  default = "cx23"
}
variable "name" {
  default = "first"
}
resource "hcloud_ssh_key" "key" {
  name       = "key"
  public_key = "ssh-ed25519 KEY me@here\\n"
}
resource "hcloud_server" "one" {
  name        = var.name
  image       = "debian-13"
  server_type = var.type
  location    = "nbg1"
  ssh_keys    = [hcloud_ssh_key.key.id]
  labels      = { env = "test" }
  user_data   = "#cloud-config"
  backups     = true
}
resource "hcloud_primary_ip" "kept" {
  name        = "kept"
  type        = "ipv4"
  location    = "nbg1"
  auto_delete = false
}
data "hcloud_network" "backend" {
  name = "backend"
}
resource "hcloud_server" "two" {
  name        = "second"
  image       = "ubuntu-24.04"
  server_type = "cx23"
  location    = "nbg1"
  public_net {
    ipv4         = hcloud_primary_ip.kept.id
    ipv6_enabled = false
  }
  network {
    network_id = data.hcloud_network.backend.id
    ip         = "10.0.44.5"
    alias_ips  = []
  }
}
resource "hcloud_rdns" "one" {
  server_id  = hcloud_server.one.id
  ip_address = hcloud_server.one.ipv4_address
  dns_ptr    = "one.example.net"
}
resource "hcloud_snapshot" "one" {
  server_id   = hcloud_server.one.id
  description = "before"
  labels      = { made = "here" }
}
data "hcloud_images" "here" {
  with_selector      = "made=here"
  include_deprecated = true
  depends_on         = [hcloud_snapshot.one]
}
""".replace("KEY", "A" * 44)

_SETTINGS = f"""
provider_installation {{
  dev_overrides {{
    "hetznercloud/hcloud" = "{_PROVIDER}"
  }}
  direct {{}}
}}
"""


class Terraform:
    """Runs it in a folder, against a cloud."""

    def __init__(self, served: Served, folder: Path) -> None:
        self._folder = folder
        (folder / "main.tf").write_text(_PLAN)
        settings = folder / "settings"
        settings.write_text(_SETTINGS)
        self._environment = os.environ | {
            "HCLOUD_ENDPOINT": served.endpoint,
            "HCLOUD_TOKEN": served.token,
            "TF_CLI_CONFIG_FILE": str(settings),
        }

    def __call__(self, *words: str) -> None:
        assert _TERRAFORM is not None
        done = subprocess.run(
            [_TERRAFORM, words[0], "-no-color", *words[1:]],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_servers_from_plan_to_destruction(tmp_path: Path) -> None:
    options = DemoOptions(servers=6, calm=True, speed=200, rate_limit=100_000)
    with serve_in_thread(options=options) as served:
        before = set(served.cloud.servers)
        terraform = Terraform(served, tmp_path)
        terraform("apply", "-auto-approve")
        # Its exit code says that nothing is left to change.
        terraform("plan", "-detailed-exitcode")
        one = served.cloud.server_named("first")
        assert one.backup_window is not None
        assert len(served.cloud.snapshots("made=here")) == 1

        changed = ("-var", "type=cx33", "-var", "name=renamed")
        terraform("apply", "-auto-approve", *changed)
        terraform("plan", "-detailed-exitcode", *changed)
        assert served.cloud.server_named("renamed") is one
        assert (one.type.name, one.status) == ("cx33", "running")

        terraform("destroy", "-auto-approve", *changed)
        assert set(served.cloud.servers) == before
        assert not served.defects
