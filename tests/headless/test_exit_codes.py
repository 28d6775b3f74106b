"""How runs end, told to scripts by a number and to people in words: each a real process."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from hsnap_tui.demo.model.faults import Fault
from hsnap_tui.headless.json_schema import FIELDS
from tests.patience import FOREVER
from tests.programs import Ended, Machine, machine

ALL = ("snapshot", "--all")
EVERY_FIELD = {name for names in FIELDS for name in names.split(", ")}


def nothing(_machine: Machine) -> None:
    """No preparation."""


@dataclass(frozen=True)
class Scene:
    """A cloud, the words of a command, and what must come of them."""

    words: tuple[str, ...]
    code: int
    says: str
    options: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[Machine], None] = nothing
    variables: Callable[[Machine], Mapping[str, str]] = lambda _machine: {}
    snapshots: tuple[str, ...] = ()
    sends: bool = False


def lock_both(at: Machine) -> None:
    at.lock("web-1", FOREVER)
    at.lock("web-2", FOREVER)


def _in_the_way(at: Machine) -> None:
    at.state.write_text("a file where the folder should be")


SCENES = {
    "done": Scene(ALL, 0, "done after", snapshots=("web-1-snapshot", "web-2-snapshot"), sends=True),
    "a name": Scene(("snapshot", "web-2"), 0, "web-2: done", snapshots=("web-2-snapshot",), sends=True),
    "some skipped": Scene(
        (*ALL, "--if-locked", "skip", "--description", "{name} of {type}"),
        0,
        "skipped: locked by reboot_server",
        prepare=lambda at: at.lock("web-1", FOREVER),
        snapshots=("web-2 of cx23",),
        sends=True,
    ),
    "dry run": Scene((*ALL, "--dry-run"), 0, "nothing was sent"),
    "nothing left": Scene(("resume",), 0, "Nothing is left to do."),
    "no jobs yet": Scene(("jobs",), 0, "No jobs yet"),
    "failed": Scene(
        ALL,
        1,
        "failed: Action failed",
        {"action_failure_rate": 1.0, "failing_commands": ("create_image",)},
        snapshots=("web-1-snapshot", "web-2-snapshot"),
        sends=True,
    ),
    "selector that is none": Scene(
        ("snapshot", "--selector", "a in in b"), 2, "Nothing was started: Hetzner does not understand"
    ),
    "no token": Scene(ALL, 3, "There is no API token. Set HCLOUD_TOKEN", variables=lambda _at: {"HCLOUD_TOKEN": ""}),
    "wrong token": Scene(
        ALL, 3, "Hetzner does not know this token", variables=lambda _at: {"HCLOUD_TOKEN": "wrong" * 13}
    ),
    "token that no header can carry": Scene(
        ALL, 3, "contains a space", variables=lambda at: {"HCLOUD_TOKEN": f"{at.served.token} {at.served.token}"}
    ),
    "read-only token": Scene(
        ALL,
        3,
        "Needs approval: web-1 and web-2",
        variables=lambda at: {"HCLOUD_TOKEN": at.served.readonly_token},
        sends=True,
    ),
    "no network": Scene(
        (*ALL, "--network-wait", "1s"),
        3,
        "Nothing was started, without access to Hetzner: ",
        variables=lambda _at: {"HCLOUD_ENDPOINT": "http://127.0.0.1:9/v1"},
    ),
    "resume without network": Scene(
        ("resume", "--network-wait", "1s"),
        3,
        "Nothing was started, without access to Hetzner: ",
        variables=lambda _at: {"HCLOUD_ENDPOINT": "http://127.0.0.1:9/v1"},
    ),
    "only errors": Scene(
        (*ALL, "--network-wait", "1s"), 3, "Nothing was started, without access", {"faults": (Fault("500", "GET"),)}
    ),
    "a network that comes back": Scene(
        ("snapshot", "web-1"),
        0,
        "web-1: done",
        {"faults": (Fault("503", "GET", times=6),)},
        snapshots=("web-1-snapshot",),
        sends=True,
    ),
    "unknown names": Scene(
        ("snapshot", "web-1", "web-3", "nobody"),
        4,
        "Nothing was started: no server has the name or ID nobody and web-3.",
    ),
    "selector without a match": Scene(("snapshot", "--selector", "env=prod"), 4, "no server matched"),
    "empty project": Scene(ALL, 4, "no server matched", prepare=lambda at: at.remove("web-1", "web-2")),
    "waited too long": Scene((*ALL, "--max-wait", "1s"), 5, "Needs approval: web-1 and web-2", prepare=lock_both),
    "snapshot limit": Scene(
        ALL, 5, "Delete what is no longer needed", {"snapshot_limit": 1}, snapshots=("web-1-snapshot",), sends=True
    ),
    "no journal folder": Scene(
        ALL, 5, "Nothing was started: the state folder", variables=lambda _at: {"HSNAP_STATE_DIR": "/proc/nowhere"}
    ),
    "a file where the journal should be": Scene(ALL, 5, "set HSNAP_STATE_DIR to a folder", prepare=_in_the_way),
    "all skipped": Scene((*ALL, "--if-locked", "skip"), 6, "2 skipped", prepare=lock_both),
}


@dataclass(frozen=True)
class Played:
    """What came of a scene."""

    ended: Ended
    snapshots: tuple[str, ...]
    posts: int
    token: str
    told: str


def play(scene: Scene, *more: str) -> Played:
    """Plays a scene; `told` is everything that was written anywhere."""
    with machine(**scene.options) as at:
        at.add("web-1", "web-2")
        scene.prepare(at)
        variables = dict(scene.variables(at))
        ended = at.run(*scene.words, *more, **variables)
        files = [path.read_bytes().decode(errors="replace") for path in at.home.rglob("*") if path.is_file()]
        told = "\n".join([ended.out, ended.err, *files])
        token = variables.get("HCLOUD_TOKEN", at.served.token)
        return Played(ended, tuple(sorted(at.snapshots())), at.posts(), token, told)


def played(name: str) -> tuple[Played, Played]:
    """A scene told in words, and at the same time as JSON: most of it is waiting."""
    with ThreadPoolExecutor(2) as pool:
        in_words, as_json = (pool.submit(play, SCENES[name], *more) for more in ([], ["--json"]))
        return in_words.result(), as_json.result()


@pytest.mark.parametrize("name", SCENES)
def test_a_scene(name: str) -> None:
    scene = SCENES[name]
    in_words, as_json = played(name)
    for result in (in_words, as_json):
        ended = result.ended
        assert ended.code == scene.code, result.told
        assert result.snapshots == scene.snapshots or len(result.snapshots) == len(scene.snapshots) == 1
        assert (result.posts > 0) == scene.sends
        assert not result.token or result.token not in result.told
        assert "Traceback" not in ended.err
        assert re.search(r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f]", ended.out + ended.err) is None
    assert scene.says in in_words.ended.out + in_words.ended.err
    lines = as_json.ended.records
    assert all(line["v"] == 2 and isinstance(line["event"], str) for line in lines)
    assert {key for line in lines for key in line} <= EVERY_FIELD
    assert [line["exit"] for line in lines if line["event"] == "end"] == ([scene.code] if lines else [])


def test_a_wrong_token_is_said_at_once() -> None:
    result = play(SCENES["wrong token"], "--json", "--network-wait", "1h")
    assert [line["event"] for line in result.ended.records] == ["connection_lost", "end"]
    assert result.ended.records[0]["failure"]["kind"] == "unauthorized"


def test_jobs_that_a_read_only_token_could_not_start_are_kept_for_a_better_one() -> None:
    with machine() as at:
        at.add("web-1")
        assert at.run("snapshot", "web-1", HCLOUD_TOKEN=at.served.readonly_token).code == 3
        assert "known again when hsnap-tui has listed its servers" in at.run("jobs").out
        held = at.run("resume")
        assert held.code == 3
        assert "Approve with hsnap-tui resume --yes" in held.out
        assert "web-1: needs approval: token is only allowed" in at.run("jobs").out
        assert at.snapshots() == []
        done = at.run("resume", "--yes")
        assert done.code == 0, done.out
        assert at.snapshots() == ["web-1-snapshot"]
