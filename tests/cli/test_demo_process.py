"""The simulated cloud as a child process: it is there when asked for, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import requests

from hsnap_tui.cli.demo_process import DemoProcess
from hsnap_tui.config.errors import SettingsError
from hsnap_tui.config.settings import TokenSource
from tests.patience import FOREVER, PATIENCE, eventually
from tests.programs import environment
from tests.pty_terminal import processes


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for what it leaves."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_it_serves_until_it_is_stopped_and_takes_its_files_along(temporary: Path) -> None:
    demo = DemoProcess(["--servers", "3", "--calm"])
    try:
        settings = demo.settings(read_only=True)
        assert settings.endpoint.startswith("http://127.0.0.1:")
        assert (settings.token_source, settings.project, settings.read_only) == (TokenSource.DEMO, "demo", True)
        assert settings.state_dir.parent == temporary
        (settings.state_dir / "projects").mkdir()
        assert settings.token is not None
        headers = {"Authorization": f"Bearer {settings.token.reveal()}"}
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(f"{settings.endpoint}/servers", headers=headers, timeout=PATIENCE)
        assert len(answer.json()["servers"]) == 3
    finally:
        demo.stop()
    assert list(temporary.iterdir()) == []
    assert processes(str(temporary)) == []


def test_why_it_did_not_start_is_said(temporary: Path) -> None:
    demo = DemoProcess(["--servers", "many"])
    with pytest.raises(SettingsError, match=r"cloud did not start\. .*'many' is not a number of servers"):
        demo.settings()
    demo.stop()
    assert list(temporary.iterdir()) == []


def test_a_computer_without_room_for_it_is_told(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(temporary / "missing"))
    with pytest.raises(SettingsError, match="The simulated cloud did not start"):
        DemoProcess()


@pytest.mark.parametrize("when", ["at once", "when it serves"])
def test_it_goes_when_the_program_is_killed(temporary: Path, when: str) -> None:
    program = (
        "import time\nfrom hsnap_tui.cli.demo_process import DemoProcess\ndemo = DemoProcess()\n"
        + ("" if when == "at once" else "demo.settings()\n")
        + f"print('there', flush=True)\ntime.sleep({FOREVER})"
    )
    env = environment(temporary, TMPDIR=str(temporary))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=env) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        assert len(processes(str(temporary))) == 1
        parent.kill()
    eventually(lambda: not processes(str(temporary)) and not any(temporary.iterdir()))
