"""Ansible with Hetzner's modules, unchanged; skipped where they are not there.

`ansible-playbook` has to be on the PATH, with a version of the collection hetzner.hcloud that knows locations (6 or
newer), and its Python with `requests` and `python-dateutil`, which the modules need.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import serve_in_thread

_PLAYBOOK = shutil.which("ansible-playbook")

_TASKS = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
  - hetzner.hcloud.ssh_key: {name: mine, public_key: "ssh-ed25519 KEY me@here", state: present}
  - hetzner.hcloud.server: &order
      {name: one, server_type: cx23, image: debian-13, location: nbg1, ssh_keys: [mine], labels: {a: b}}
  - hetzner.hcloud.server: *order
    register: again
  - assert: {that: ["not again.changed"]}
  - hetzner.hcloud.server: {name: one, server_type: cx33, upgrade_disk: false, force: true, state: present}
  - hetzner.hcloud.server: {name: one, rescue_mode: linux64, force: true, state: present}
  - hetzner.hcloud.server: {name: one, backups: true, delete_protection: true, rebuild_protection: true}
  - hetzner.hcloud.server: {name: one, delete_protection: false, rebuild_protection: false}
  - hetzner.hcloud.server: {name: one, image: ubuntu-24.04, state: rebuild}
  - hetzner.hcloud.server: {name: one, state: stopped}
  - hetzner.hcloud.server: {name: one, state: started}
  - hetzner.hcloud.server_network: {server: one, network: backend, state: present}
  - hetzner.hcloud.primary_ip: {name: kept, type: ipv4, location: nbg1, state: present}
  - hetzner.hcloud.primary_ip: {name: kept, state: absent}
  - hetzner.hcloud.server_info: {}
  - hetzner.hcloud.image_info: {}
  - hetzner.hcloud.primary_ip_info: {}
  - hetzner.hcloud.load_balancer_info: {}
""".replace("KEY", "A" * 44)


def _has_collection() -> bool:
    galaxy = shutil.which("ansible-galaxy")
    if _PLAYBOOK is None or galaxy is None:
        return False
    listed = subprocess.run(
        [galaxy, "collection", "list", "hetzner.hcloud"], capture_output=True, text=True, check=False
    ).stdout
    versions = re.findall(r"hetzner\.hcloud +(\d+)\.", listed)
    return any(int(version) >= 6 for version in versions)


def test_a_server_through_its_life(tmp_path: Path) -> None:
    if not _has_collection():
        pytest.skip("ansible-playbook with the collection hetzner.hcloud, version 6 or newer, is not on the PATH")
    assert _PLAYBOOK is not None
    playbook = tmp_path / "play.yml"
    playbook.write_text(_TASKS)
    options = DemoOptions(servers=6, calm=True, speed=200, rate_limit=100_000)
    with serve_in_thread(options=options) as served:
        done = subprocess.run(
            [
                _PLAYBOOK,
                "-i",
                "localhost,",
                "-e",
                "ansible_python_interpreter={{ ansible_playbook_python }}",
                playbook,
            ],
            env=os.environ | {"HCLOUD_ENDPOINT": served.endpoint, "HCLOUD_TOKEN": served.token, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        one = served.cloud.server_named("one")
        assert (one.type.name, one.status, one.labels) == ("cx33", "running", {"a": "b"})
        assert one.image is not None
        assert one.image.name == "ubuntu-24.04"
        assert len(one.attachments) == 1
        assert not served.defects
