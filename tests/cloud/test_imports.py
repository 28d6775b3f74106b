"""What an import costs: only the client itself brings the SDK with it."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    ["api", "model", "errors", "ratelimit.bucket", "ratelimit.limiter", "parse"],
    ids=lambda name: f"cloud.{name}",
)
def test_contracts_do_not_import_the_sdk(module: str) -> None:
    program = f"""
import sys
import hsnap_tui.cloud.{module}, hsnap_tui.config.settings, hsnap_tui.common.text
assert not {{"hcloud", "requests", "urllib3", "textual"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
