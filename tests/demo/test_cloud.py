"""The model on its clock: locks, progress, images, power, life."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsnap_tui.demo.model import images, power, servers
from hsnap_tui.demo.model.clock import ManualClock
from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.errors import ApiError
from hsnap_tui.demo.model.options import DemoOptions
from hsnap_tui.demo.model.resources import SimulatedAction, SimulatedServer


def _cloud(**options: object) -> tuple[Cloud, ManualClock]:
    clock = ManualClock()
    return Cloud(DemoOptions(**{"servers": 0, "calm": True, **options}), clock), clock  # type: ignore[arg-type]


_OPERATIONS: dict[str, Callable[[Cloud, SimulatedServer], object]] = {
    "snapshot": images.create_image,
    "shutdown": power.shutdown,
    "poweroff": power.poweroff,
    "poweron": power.poweron,
    "reboot": power.reboot,
    "reset": power.reset,
    "backup on": servers.enable_backup,
    "backup off": servers.disable_backup,
    "rebuild": lambda cloud, server: servers.rebuild(cloud, server, server.image),  # type: ignore[arg-type]
    "protect": lambda cloud, server: servers.protect_server(cloud, server, delete=True, rebuild=True),
    "lock": lambda cloud, server: cloud.lock(server.id, listed=False),
}
_STORY = st.lists(
    st.one_of(st.floats(0, 90), st.tuples(st.sampled_from(sorted(_OPERATIONS)), st.integers(0, 2))), max_size=40
)


@settings(max_examples=60, deadline=None)
@given(_STORY, st.integers(0, 100), st.sampled_from([0.0, 0.5, 1.0]), st.booleans())
def test_whatever_happens_progress_never_falls_and_a_lock_has_one_holder(
    story: list[float | tuple[str, int]], unlock_at: int, fail_rate: float, calm: bool
) -> None:
    cloud, clock = _cloud(unlock_at=unlock_at, action_failure_rate=fail_rate, servers=3, calm=calm)
    progress: dict[int, tuple[int, str]] = {}
    for step in story:
        if isinstance(step, float):
            clock.advance(step)
        else:
            word, place = step
            with cloud.moment():
                server = list(cloud.servers.values())[place]
                was_locked = server.locked
                try:
                    _OPERATIONS[word](cloud, server)
                except (ApiError, ValueError):
                    assert was_locked or word == "rebuild"
                else:
                    assert not was_locked
        _check(cloud, progress)
    clock.advance(10_000)
    cloud.advance()
    if calm:
        assert not any(server.locked for server in cloud.servers.values())
        assert all(action.status != "running" for action in cloud.actions.values())
        assert all(server.status in ("running", "off") for server in cloud.servers.values())
        assert all(image.status == "available" for image in cloud.images.values())


def _check(cloud: Cloud, progress: dict[int, tuple[int, str]]) -> None:
    with cloud.moment():
        for action in cloud.actions.values():
            before, status = progress.get(action.id, (0, "running"))
            now = action.progress(cloud.now)
            assert before <= now <= 100
            assert status in ("running", action.status), "what has ended stays as it ended"
            assert (now == 100) == (action.status == "success")
            assert (action.error is not None) == (action.status == "error")
            progress[action.id] = now, action.status
        holders = [server.lock for server in cloud.servers.values() if server.lock]
        assert len({id(holder) for holder in holders}) == len(holders)
        assert all(holder.status == "running" for holder in holders)
        for image in cloud.images.values():
            assert (image.image_size is None) == (image.status != "available") or image.type == "system" or image.name


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.1, 40), min_size=1, max_size=30))
def test_how_often_someone_looks_changes_nothing(waits: list[float]) -> None:
    def ending(looks: bool) -> list[tuple[int, str, object, int]]:
        cloud, clock = _cloud(servers=6, calm=False)
        for wait in waits:
            clock.advance(wait)
            if looks:
                cloud.advance()
        return [(a.id, a.command, a.finished, a.progress(cloud.now)) for a in cloud.actions.values()]

    assert ending(looks=True) == ending(looks=False)


@pytest.mark.parametrize("unlock_at", [0, 5, 50, 100])
def test_create_image_lets_go_of_the_lock_at_its_point(unlock_at: int) -> None:
    cloud, clock = _cloud(unlock_at=unlock_at, snapshot_seconds=(100, 100))
    server = cloud.add_server("web")
    action, image = images.create_image(cloud, server)
    clock.advance(max(0, unlock_at - 1))
    cloud.advance()
    assert server.locked == (unlock_at > 0)
    clock.advance(1)
    cloud.advance()
    assert not server.locked
    assert (action.status, image.status) == (
        ("success", "available") if unlock_at == 100 else ("running", "creating")
    )


def test_an_image_that_fails_is_gone_in_the_end_and_the_error_stays() -> None:
    cloud, clock = _cloud(action_failure_rate=1.0, failing_commands=("create_image",))
    fates = set()
    for number in range(12):
        server = cloud.add_server(f"s{number}")
        action, image = images.create_image(cloud, server)
        clock.advance(77.9)
        cloud.advance()
        fates.add(image.status if image.id in cloud.images else "gone")
        assert action.error is not None
        assert not server.locked
        clock.advance(60)
        assert image.id not in cloud.images
        assert image in cloud.snapshots(), "the record keeps it"
    assert fates == {"gone", "unavailable"}


def test_a_failure_ordered_for_one_action() -> None:
    cloud, clock = _cloud()
    server = cloud.add_server("web", status="off")
    cloud.fail_next("start_server", ("unknown_error", "no room on the host"))
    failed = power.poweron(cloud, server)
    assert server.status == "starting"
    clock.advance(10)
    cloud.advance()
    assert (failed.status, failed.error, server.status) == (
        "error",
        ("unknown_error", "no room on the host"),
        "off",
    )
    power.poweron(cloud, server)
    clock.advance(10)
    cloud.advance()
    assert server.status == "running"


def test_the_snapshot_limit() -> None:
    cloud, clock = _cloud(snapshot_limit=1)
    first, second = cloud.add_server("a"), cloud.add_server("b", backups=True)
    _, image = images.create_image(cloud, first)
    with pytest.raises(ApiError) as refused:
        images.create_image(cloud, second)
    assert refused.value.code == "resource_limit_exceeded"
    assert refused.value.details == {"limits": [{"name": "snapshot_limit"}]}
    images.create_image(cloud, second, "backup")
    clock.advance(100)
    images.delete_image(cloud, image)
    images.create_image(cloud, second)


def test_acpi_takes_its_time_and_may_be_ignored() -> None:
    cloud, clock = _cloud(shutdown_seconds=(10, 10), ignore_acpi=("deaf",))
    hears, deaf = cloud.add_server("hears"), cloud.add_server("deaf")
    actions = [power.shutdown(cloud, server) for server in (hears, deaf)]
    clock.advance(3)
    cloud.advance()
    assert [action.status for action in actions] == ["success", "success"]
    assert not hears.locked
    assert hears.status == "running"
    clock.advance(11)
    cloud.advance()
    assert (hears.status, deaf.status) == ("off", "running")


def test_a_power_cycle_makes_a_pending_acpi_request_void() -> None:
    cloud, clock = _cloud(shutdown_seconds=(30, 30))
    server = cloud.add_server("web")
    power.shutdown(cloud, server)
    clock.advance(3)
    cloud.advance()
    power.reset(cloud, server)
    clock.advance(60)
    cloud.advance()
    assert server.status == "running"


def test_the_same_seed_makes_the_same_fleet_and_the_same_life() -> None:
    def story(seed: int) -> list[object]:
        cloud, clock = _cloud(servers=15, seed=seed, calm=False)
        clock.advance(600)
        servers: list[object] = [
            (s.id, s.name, s.created, s.status, s.locked, s.ipv4) for s in cloud.servers.values()
        ]
        return servers + [(a.id, a.command, a.started, a.finished) for a in cloud.actions.values()]

    assert story(3) == story(3)
    assert story(3) != story(4)


def test_life_locks_servers_from_the_first_moment_and_never_stops() -> None:
    cloud, clock = _cloud(servers=20, calm=False)
    assert sum(server.locked for server in cloud.servers.values()) >= 3
    listed: set[str] = set()
    hidden = 0
    for _ in range(600):
        clock.advance(3)
        locked = [server for server in cloud.servers.values() if server.lock]
        assert locked
        for server in locked:
            assert server.lock is not None
            if server.lock.concerns("server", server.id):
                listed.add(server.lock.command)
            else:
                hidden += 1
    assert listed >= {"create_image", "reboot_server", "change_server_type", "start_server", "stop_server"}
    assert hidden


def test_calm_means_that_nothing_happens() -> None:
    cloud, clock = _cloud(servers=20)
    before: dict[int, SimulatedAction] = dict(cloud.actions)
    clock.advance(86_400)
    assert dict(cloud.actions) == before
    assert not any(server.locked for server in cloud.servers.values())


def test_a_small_fleet_shows_what_is_rare() -> None:
    servers = list(_cloud(servers=20)[0].servers.values())
    assert any(server.ipv4 is None for server in servers)
    assert any(server.ipv6 is None for server in servers)
    assert any(server.status == "off" for server in servers)
    assert any(server.backup_window for server in servers)
    assert any(server.attachments for server in servers)
    assert len({server.location.name for server in servers}) >= 3
    assert {server.type.architecture for server in servers} == {"x86", "arm"}
    assert len({server.name for server in servers}) == 20


def test_a_lock_that_a_test_asks_for() -> None:
    cloud, clock = _cloud()
    server = cloud.add_server("[@click=app.quit]x[/]\x1b[31m\u202e")
    action = cloud.lock(server.id, "change_server_type", seconds=20)
    assert action.concerns("server", server.id)
    with pytest.raises(ValueError, match="locked already"):
        cloud.lock(server.id)
    clock.advance(20)
    assert not cloud.server(server.id).locked
    assert not cloud.lock(server.id, listed=False).concerns("server")
    cloud.unlock(server.id)
    assert not server.locked
