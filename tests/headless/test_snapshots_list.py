"""`hsnap-tui snapshots list` as a process, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.faults import Fault
from hsnap_tui.headless.json_schema import FIELDS
from tests.programs import Machine, machine

LIST = ("snapshots", "list")
HOSTILE = "[/]x\x1b[31mred\x1b]0;title\x07 \u202egnp %s {0}"
EVERY_FIELD = {name for names in FIELDS for name in names.split(", ")}


def prepare(cloud: Cloud) -> None:
    """Snapshots of a server that was renamed, of one that is gone, and one with hostile texts."""
    web, gone, odd = (cloud.add_server(name) for name in ("web-1", "gone", HOSTILE))
    cloud.add_image(web, description="before upgrade", labels={"kept": "yes"}, size=10.0)
    cloud.add_image(gone, description="last of gone", size=20.0).protected = True
    cloud.add_image(odd, description=HOSTILE, size=2.5)
    cloud.add_image(web, kind="backup", description="a backup")
    web.name = "web-2"
    cloud.remove_server(gone)


@pytest.fixture(scope="module")
def at() -> Iterator[Machine]:
    with machine() as made:
        made.served.call(prepare)
        yield made


def listed(at: Machine, *words: str) -> list[str]:
    """The servers' names of what is listed."""
    ended = at.run(*LIST, *words, "--json")
    assert ended.code == 0, ended.err
    return [line["server_name"] for line in ended.events("snapshot")]


def test_each_snapshot_with_its_server_size_cost_and_protection(at: Machine) -> None:
    ended = at.run(*LIST, "--read-only")
    assert ended.code == 0
    heading, *rows, total = ended.out.splitlines()
    assert heading.split() == ["ID", "SERVER", "AGE", "SIZE", "MONTHLY", "DESCRIPTION"]
    assert len(rows) == 3, "a backup is no snapshot"
    upgrade = next(row for row in rows if "before upgrade" in row)
    assert upgrade.split()[1] == "web-1"
    assert "10.0 GB  0.11 EUR  before upgrade" in upgrade
    assert next(row for row in rows if "gone" in row).endswith("0.22 EUR  last of gone (protected)")
    assert total == "3 snapshots, 32.5 GB, 0.36 EUR a month without VAT (0.43 EUR with it)."
    assert at.posts() == 0
    assert not at.state.exists(), "no journal is needed to look"


def test_hostile_texts_are_only_text(at: Machine) -> None:
    ended = at.run(*LIST)
    assert "[/]x\ufffd[31mred\ufffd]0;title\ufffd \ufffdgnp %s {0}" in ended.out
    assert not set("\x1b\x07\u202e") & set(ended.out)


def test_the_records_hold_the_same(at: Machine) -> None:
    ended = at.run(*LIST, "--json")
    records = {line["description"]: line for line in ended.events("snapshot")}
    upgrade = records["before upgrade"]
    assert (upgrade["size"], upgrade["monthly_net"], upgrade["currency"]) == (10.0, 0.11, "EUR")
    assert (upgrade["protected"], upgrade["status"], upgrade["labels"]) == (False, "available", {"kept": "yes"})
    assert records["last of gone"]["protected"] is True
    assert {key for line in ended.records for key in line} <= EVERY_FIELD
    assert ended.records[-1]["exit"] == 0


def test_only_those_of_servers_or_with_labels(at: Machine) -> None:
    web = at.served.call(lambda cloud: cloud.server_named("web-2").id)
    assert listed(at, "gone") == ["gone"]
    assert listed(at, "web-2") == listed(at, "web-1") == listed(at, str(web)) == listed(at, f"id:{web}") == ["web-1"]
    assert sorted(listed(at, "name:gone", "web-2")) == ["gone", "web-1"]
    assert listed(at, "--selector", "kept") == ["web-1"]
    assert listed(at, "--selector", "kept=no") == []


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("nobody",), 4, "with the name or ID nobody."),
        (("--selector", "a in in b"), 2, "Nothing was listed: Hetzner does not understand the label selector"),
    ],
)
def test_what_can_not_be_listed(at: Machine, words: tuple[str, ...], code: int, says: str) -> None:
    ended = at.run(*LIST, *words)
    assert (ended.code, says in ended.out) == (code, True), ended.out


def test_without_prices_the_list_is_told_all_the_same() -> None:
    with machine(faults=(Fault("refuse", "GET", "pricing", text="404/not_found"),)) as at:
        at.served.call(prepare)
        ended = at.run(*LIST)
        assert ended.code == 0
        assert "What they cost can't be told" in ended.out
        assert "before upgrade" in ended.out


def test_without_access_nothing_is_listed_and_an_empty_project_says_so() -> None:
    with machine() as at:
        assert at.run(*LIST).out == "There are no snapshots.\n"
        assert at.run(*LIST, HCLOUD_TOKEN="wrong" * 13).code == 3
