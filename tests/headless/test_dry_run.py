"""`--dry-run`: what would happen to each server, for people and for programs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.patience import FOREVER
from tests.programs import Ended, Machine, machine

PREPARED = ("locked", "off", "on")


@pytest.fixture(scope="module")
def at() -> Any:
    """Three servers: one locked and running, one off, one running."""
    with machine() as made:
        made.add("locked", "on")
        made.served.call(lambda cloud: cloud.add_server("off", status="off"))
        made.lock("locked", FOREVER)
        yield made


def plan(at: Machine, *words: str) -> Ended:
    ended = at.run("snapshot", "--all", "--dry-run", *words)
    assert ended.code == 0
    assert at.posts() == 0
    return ended


@pytest.mark.parametrize(
    ("words", "skip", "wait", "shut_down"),
    [
        ((), (), ("locked",), ()),
        (("--if-locked", "skip"), ("locked",), (), ()),
        (("--shut-down",), (), ("locked",), ("locked", "on")),
        (("--shut-down", "--if-locked", "skip"), ("locked",), (), ("on",)),
    ],
)
def test_the_records_say_what_would_happen(
    at: Machine, words: tuple[str, ...], skip: tuple[str, ...], wait: tuple[str, ...], shut_down: tuple[str, ...]
) -> None:
    records = plan(at, *words, "--json").events("would_snapshot")
    assert tuple(record["server_name"] for record in records) == PREPARED

    def those(field: str) -> tuple[str, ...]:
        return tuple(record["server_name"] for record in records if record[field])

    assert (those("would_skip"), those("would_wait")) == (skip, wait)
    assert (those("would_shut_down"), those("would_power_on")) == (shut_down, shut_down)
    assert [record["status"] for record in records] == ["running", "off", "running"]
    assert [record["locked"] for record in records] == [True, False, False]


def test_the_words_say_the_same(at: Machine) -> None:
    told = plan(at, "--shut-down", "--if-locked", "skip").out
    assert "): would be skipped: it is locked, described as" in told
    assert "): would be shut down, and powered on as soon as its lock clears, then a snapshot" in told
    assert "): a snapshot would be made, described as" in told
