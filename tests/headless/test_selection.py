"""Which servers a command line means, and that a number never means two."""

from __future__ import annotations

import pytest

from hsnap_tui.headless.selection import NothingMatchedError, ServerSelection, chosen
from tests.programs import machine
from tests.tui.fake_session import a_fleet

SERVER, OTHER = sorted((view.server for view in a_fleet().views.values()), key=lambda server: server.id)[:2]


def test_a_number_that_is_an_id_and_another_name_starts_nothing_and_says_how_to_choose() -> None:
    with machine() as at:
        at.add("web-1")
        number = at.served.call(lambda cloud: cloud.server_named("web-1").id)
        at.add(str(number))
        other = at.served.call(lambda cloud: cloud.server_named(str(number)).id)
        for words in ((), ("--dry-run",)):
            ended = at.run("snapshot", str(number), *words)
            assert ended.code == 2
            assert ended.out == (
                f"Nothing was started: {number} is the ID of web-1 and the name of the server with the ID {other}. "
                f"Write id:{number} for web-1, or name:{number} for the other.\n"
            )
        assert at.posts() == 0
        assert at.run("snapshot", f"id:{number}").code == 0
        assert at.snapshots() == ["web-1-snapshot"]
        assert at.run("snapshot", f"name:{number}").code == 0
        assert sorted(at.snapshots()) == sorted(["web-1-snapshot", f"{number}-snapshot"])


@pytest.mark.parametrize("name", [f"name:{SERVER.raw_name}", f"id:{SERVER.id}", SERVER.raw_name, str(SERVER.id)])
def test_names_and_ids_may_say_what_they_are(name: str) -> None:
    assert chosen([SERVER, OTHER], ServerSelection((name,)), ()) == [SERVER]


@pytest.mark.parametrize("name", [f"id:{SERVER.raw_name}", f"name:{SERVER.id}", "id:", "name:", ""])
def test_what_is_said_to_be_an_id_is_no_name(name: str) -> None:
    with pytest.raises(NothingMatchedError):
        chosen([SERVER, OTHER], ServerSelection((name,)), ())


def test_a_server_with_its_own_id_as_its_name_is_one() -> None:
    with machine() as at:
        number = at.served.call(lambda cloud: cloud.add_server("web-1").id)
        at.served.call(lambda cloud: setattr(cloud.server_named("web-1"), "name", str(number)))
        assert at.run("snapshot", str(number), "--dry-run").code == 0
