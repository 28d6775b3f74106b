"""The whole program in a terminal, from the command to the prompt that comes back."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.faults import Fault
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.serving.server import serve_in_thread
from tests.clocks.quick import COMMAND
from tests.patience import FOREVER, eventually
from tests.programs import Machine, environment, machine
from tests.pty_terminal import ALTERNATE_OFF, CURSOR_OFF, Terminal, processes, terminal

ENTER, ESCAPE, TAB = "\r", "\x1b", "\t"
HOSTILE = ("[red]x", "[/foo]", "[@click=app.quit]x[/]", "esc\x1b[31mred", "bidi\u202egnp")


@contextmanager
def console(at: Machine, *words: str, columns: int = 80, rows: int = 24, **variables: str) -> Iterator[Terminal]:
    """The program in a terminal on a person's machine, in quick time."""
    env = {**at.env, **variables}
    with terminal(*words, env=env, cwd=at.home, columns=columns, rows=rows, program=COMMAND) as made:
        yield made


def person(home: Path) -> dict[str, str]:
    """A person's surroundings, with a folder of their own for temporary files."""
    (home / "temporary").mkdir()
    return environment(home, TMPDIR=str(home / "temporary"))


def leave(screen: Terminal, *keys: str) -> None:
    """Presses keys that leave, and waits until the program has ended and the terminal is as it was."""
    screen.press(*keys)
    screen.wait(lambda _: ALTERNATE_OFF in screen.raw)
    assert screen.ended() == 0, screen.text
    assert screen.is_restored()


def flowing(text: str) -> str:
    """What a screen says, without its lines and frames."""
    return " ".join(re.sub(r"[\u2500-\u259f]", " ", text).split())


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (200, 60)])
def test_the_demo_from_the_first_row_to_the_prompt(tmp_path: Path, columns: int, rows: int) -> None:
    with terminal("--demo", env=person(tmp_path), cwd=tmp_path, columns=columns, rows=rows) as screen:
        screen.wait("cache-1")
        screen.wait("20 servers")
        temporary = str(tmp_path / "temporary")
        assert len(processes(temporary)) == 1
        screen.press("?")
        screen.wait("Select or deselect the server under the cursor")
        screen.press(ESCAPE)
        screen.wait("20 servers")
        screen.press("a")
        screen.wait("20 selected")
        screen.press("s")
        screen.wait("{name}-snapshot")
        screen.press(ENTER)
        screen.wait(lambda text: "requested" in text or "creating snapshot" in text)
        screen.press("q")
        screen.wait(lambda text: "continue at Hetzner" in flowing(text))
        leave(screen, TAB, ENTER)
        assert processes(temporary) == []
        assert list(Path(temporary).iterdir()) == []
        assert not (tmp_path / "state").exists()
        assert "Traceback" not in screen.raw


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_the_demo_leaves_nothing_behind(tmp_path: Path, number: int) -> None:
    with terminal("--demo", env=person(tmp_path), cwd=tmp_path) as screen:
        screen.wait("cache-1")
        os.kill(screen.pid, number)
        code = screen.ended()
        assert code == (-number if number == signal.SIGKILL else 0)
        assert screen.is_restored() or number == signal.SIGKILL
        temporary = tmp_path / "temporary"
        eventually(lambda: not processes(str(temporary)) and not any(temporary.iterdir()))


@pytest.mark.parametrize("how", ["SIGTERM", "the window is closed"])
def test_a_server_that_we_switched_off_is_switched_on_before_the_end(how: str) -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at:
        at.add("web-1")
        at.leave_off("web-1")
        with console(at, columns=160) as screen:
            screen.wait("it is followed to its end")
            at.unlock("web-1")
            if how == "SIGTERM":
                os.kill(screen.pid, signal.SIGTERM)
                assert screen.ended() == 0
                assert "web-1: powered on" in screen.raw
            else:
                screen.hang_up()
                at.eventually(lambda: not screen.child.isalive())
        assert at.status("web-1") == "running"
        assert at.snapshots() == ["web-1-snapshot"]


def test_without_a_token_the_welcome_offers_the_demo(tmp_path: Path) -> None:
    with terminal(env=person(tmp_path), cwd=tmp_path) as screen:
        screen.wait("Welcome to hsnap-tui")
        assert "export HCLOUD_TOKEN=" in screen.text
        screen.press("d")
        screen.wait("cache-1")
        leave(screen, "q")
        assert processes(str(tmp_path / "temporary")) == []
        assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"HCLOUD_TOKEN": "two words"}, "contains a space"),
        ({"HCLOUD_CONTEXT": "nowhere"}, "There is no context nowhere"),
        ({"HCLOUD_TOKEN": "x", "HCLOUD_ENDPOINT": "http://api.example/v1"}, "is not encrypted"),
    ],
)
def test_settings_that_cannot_be_used_are_said_on_the_first_screen(
    tmp_path: Path, variables: dict[str, str], words: str
) -> None:
    with terminal(env={**person(tmp_path), **variables}, cwd=tmp_path, columns=120) as screen:
        screen.wait(lambda text: words in flowing(text))
        leave(screen, "q")
        assert "two words" not in screen.raw


def test_a_wrong_token_is_said_and_the_screen_stays() -> None:
    with machine() as at:
        wrong = "wrong" * 13
        with console(at, columns=120, HCLOUD_TOKEN=wrong) as screen:
            screen.wait(lambda text: "Hetzner does not know this token" in flowing(text))
            leave(screen, "q")
            assert wrong not in screen.raw
        assert not list(at.state.rglob("*.sqlite3"))


def test_a_network_that_goes_and_comes_back() -> None:
    cloud = Cloud(DemoOptions(servers=0, calm=True))
    cloud.add_server("web-1")
    with ExitStack() as up, TemporaryDirectory() as folder:
        served = up.enter_context(serve_in_thread(cloud))
        env = environment(Path(folder), HCLOUD_TOKEN=served.token, HCLOUD_ENDPOINT=served.endpoint)
        with terminal(env=env, cwd=Path(folder), columns=160) as screen:
            screen.wait("web-1")
            screen.wait("live")
            up.close()
            screen.wait(lambda text: "stale since" in text and "web-1" in text)
            with serve_in_thread(cloud, port=served.port):
                screen.wait(lambda text: "stale" not in text and "live" in text)
                screen.wait("Hetzner answers again")
                leave(screen, "q")


def test_hostile_names_show_literally_or_cleaned_and_do_nothing() -> None:
    with machine() as at:
        at.add(*HOSTILE)
        with console(at, columns=200, rows=60) as screen:
            screen.wait("[@click=app.quit]x[/]")
            screen.press("a")
            screen.wait(f"{len(HOSTILE)} selected")
            screen.press("s")
            screen.wait("{name}-snapshot")
            screen.press(ENTER)
            screen.wait("[@click=app.quit]x[/]    done after")
            shown = screen.wait("batch")
            for name in ("[red]x", "[/foo]", "esc\ufffd[31mred", "bidi\ufffdgnp"):
                assert name in shown
            at.eventually(lambda: len(at.snapshots()) == len(HOSTILE))
            screen.press("q", ENTER)
            assert "\u202e" not in screen.raw
            assert "esc\x1b[31mred" not in screen.raw


@pytest.mark.parametrize("silent", ["from the start", "in between"])
def test_q_is_heard_while_nothing_answers(silent: str) -> None:
    with machine() as at:
        at.add("web-1")
        stall = Fault("stall", "*", seconds=3600)  # much longer than a test waits
        if silent == "from the start":
            at.served.add_fault(stall)
        with console(at) as screen:
            screen.wait("Quit" if silent == "from the start" else "web-1")
            at.served.add_fault(stall)
            asked = at.served.count()
            at.eventually(lambda: at.served.count() > asked or silent == "from the start")
            leave(screen, "q")


def test_leaving_from_the_dialog_switches_on_what_is_off() -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at:
        at.add("web-1")
        at.leave_off("web-1")
        with console(at, columns=120, rows=40) as screen:
            screen.wait("it is followed to its end")
            screen.press("q")
            screen.wait(lambda text: "Off, or about to be, because of a snapshot: web-1" in flowing(text))
            screen.press(TAB, ENTER)
            screen.wait(lambda _: ALTERNATE_OFF in screen.raw)
            at.unlock("web-1")
            assert screen.ended() == 0
            after = screen.raw[screen.raw.rindex(ALTERNATE_OFF) :]
            assert "Powering on first: web-1." in after
            assert "web-1: powered on" in after
        assert at.status("web-1") == "running"


def test_a_second_ctrl_c_after_the_screen_ends_at_once() -> None:
    with machine(snapshot_seconds=(FOREVER, FOREVER)) as at:
        at.add("web-1")
        at.leave_off("web-1")
        with console(at, columns=160) as screen:
            screen.wait("it is followed to its end")
            os.kill(screen.pid, signal.SIGTERM)
            screen.wait(lambda _: "Ctrl-C ends at once" in screen.raw)
            screen.press("\x03")
            assert screen.ended() != 0
            assert screen.is_restored()
        assert at.status("web-1") == "off"


def test_progress_on_a_terminal_and_a_terminal_left_in_order() -> None:
    with machine(snapshot_seconds=(2, 2)) as at:
        at.add("web-1", "[red]x")
        at.lock("web-1", 3)
        with console(at, "snapshot", "--all", columns=120) as screen:
            screen.wait("0 of 2 done, ")
            screen.wait("[red]x: done")
            assert screen.ended() == 0
            assert "2 of 2 done" not in screen.text
            assert CURSOR_OFF not in screen.raw
        at.lock("web-1", FOREVER)
        with console(at, "snapshot", "web-1", columns=120) as screen:
            screen.wait("0 of 1 done, 1 waiting")
            screen.press("\x03")
            assert screen.ended() == 5
            assert "hsnap-tui resume finishes the rest" in flowing(screen.text)
            assert "0 of 1 done" not in screen.text


def test_the_report_of_a_bug_in_the_demo_is_there_after_the_demo(tmp_path: Path) -> None:
    program = tmp_path / "with_a_bug.py"
    program.write_text(
        "from hsnap_tui.cli import main\n"
        "from hsnap_tui.tui.app import HsnapApp\n"
        "def fail(self): raise RuntimeError('a bug')\n"
        "HsnapApp.action_help = fail\n"
        "raise SystemExit(main.main())\n"
    )
    with terminal(
        "--demo", env=person(tmp_path), cwd=tmp_path, program=(sys.executable, "-P", str(program))
    ) as screen:
        screen.wait("cache-1")
        screen.press("?")
        assert screen.ended() == 1
        (report,) = (tmp_path / "temporary").iterdir()
        assert report.name in "".join(screen.text.split())
        assert "RuntimeError" in report.read_text()
        assert screen.is_restored()
