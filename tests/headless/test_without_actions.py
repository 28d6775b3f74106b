"""The whole program against a server that cannot list actions: `GET /servers/actions` is answered with 404."""

from __future__ import annotations

import pytest

from hsnap_tui.demo.model.faults import Fault
from tests.clocks.quick import COMMAND
from tests.patience import FOREVER
from tests.programs import Machine, machine
from tests.pty_terminal import terminal

NO_LIST = Fault("refuse", "GET", "/servers/actions", text="404/not_found")


def lists_asked_for(at: Machine) -> list[int | None]:
    """How the lists of all actions were answered."""
    return [request.status for request in at.served.requests if request.path.endswith("/servers/actions")]


@pytest.mark.parametrize("words", [(), ("--shut-down",)])
def test_snapshots_are_made_all_the_same(words: tuple[str, ...]) -> None:
    with machine(faults=(NO_LIST,)) as at:
        at.add("web-1", "web-2")
        at.lock("web-2", 3)
        ended = at.run("snapshot", "--all", *words, "--json")
        assert ended.code == 0, ended.out
        assert {event["server_name"] for event in ended.events("done")} == {"web-1", "web-2"}
        assert not ended.events("connection_lost")
        assert sorted(at.snapshots()) == ["web-1-snapshot", "web-2-snapshot"]
        assert [at.status(name) for name in ("web-1", "web-2")] == ["running", "running"]
        assert set(lists_asked_for(at)) <= {404}


def test_the_console_shows_locks_without_holders_and_is_live() -> None:
    with machine(faults=(NO_LIST,)) as at:
        at.add("web-1", "web-2")
        at.lock("web-2", FOREVER)
        with terminal(env=at.env, cwd=at.home, columns=160, program=COMMAND) as screen:
            screen.wait(lambda text: "web-1" in text and "locked" in text)
            at.eventually(lambda: len(lists_asked_for(at)) >= 3)
            shown = screen.wait("live")
            assert "stale" not in shown
            screen.press("q")
            assert screen.ended() == 0
            assert set(lists_asked_for(at)) == {404}
