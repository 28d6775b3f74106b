"""No test is judged by how long it took, and nothing that a test has started outlives it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.patience import FOREVER
from tests.programs import machine, still_running
from tests.pty_terminal import in_session, terminal

HERE = Path(__file__).parent
MAY_LOOK_AT_REAL_TIME = {
    "patience.py",  # which owns the one bound
    "clocks/quick.py",
    "demo/test_api.py",  # answers that are late come no earlier than they may
    "demo/test_faults.py",
}
LOOKS = {"monotonic", "perf_counter", "monotonic_ns", "perf_counter_ns"}
BOUNDS = {"timeout", "wait_for", "timeout_at"}


def sources() -> list[Path]:
    """All files of the tests but the benchmarks, which do measure."""
    return [path for path in HERE.rglob("*.py") if "benchmarks" not in path.relative_to(HERE).parts]


def bounds(path: Path) -> list[str]:
    """Where a file looks at real time, or waits no longer than so many seconds."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner, name = ast.unparse(node.func.value), node.func.attr
        is_look = owner == "time" and name in LOOKS
        is_bound = owner == "asyncio" and name in BOUNDS and isinstance(node.args[-1], ast.Constant)
        is_bound = is_bound and node.args[-1].value is not None  # type: ignore[attr-defined]
        if is_look or is_bound:
            found.append(f"{path.relative_to(HERE)}:{node.lineno}: {ast.unparse(node)}")
    return found


def test_no_test_is_bounded_by_the_wall_clock() -> None:
    files = [path for path in sources() if path.relative_to(HERE).as_posix() not in MAY_LOOK_AT_REAL_TIME]
    assert len(files) > 100
    assert [bound for path in files for bound in bounds(path)] == []


def test_a_bound_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.test_patience.HERE", tmp_path)
    path = tmp_path / "test_x.py"
    path.write_text("began = time.monotonic()\nasyncio.wait_for(x, 5)\nasyncio.wait_for(x, None)")
    assert bounds(path) == ["test_x.py:1: time.monotonic()", "test_x.py:2: asyncio.wait_for(x, 5)"]


def test_what_a_shell_has_put_into_the_background_ends_with_its_terminal(tmp_path: Path) -> None:
    words = ("-c", f"set -m; sleep {FOREVER:.0f} & echo begun; wait")
    with terminal(*words, env={}, cwd=tmp_path, program=("/bin/sh",)) as screen:
        screen.wait("begun")
        assert len(in_session(screen.pid)) == 2
    assert in_session(screen.pid) == []


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no /proc here")
def test_what_runs_on_a_machine_ends_with_it() -> None:
    with machine() as at:
        run = at.start_command(["/bin/sleep", f"{FOREVER:.0f}"])
        at.eventually(lambda: still_running(str(at.home)))
        assert run.process.poll() is None
    assert run.process.poll() is not None
