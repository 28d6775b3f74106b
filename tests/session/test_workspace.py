"""Several projects side by side, over real HTTP: each has its own journal and limits, and fails alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.common.clock import ScaledClock
from hsnap_tui.config.errors import SettingsError
from hsnap_tui.config.secret import Secret
from hsnap_tui.config.settings import Settings, TokenSource
from hsnap_tui.demo.serving.server import Served
from hsnap_tui.demo.serving.tokens import Access
from hsnap_tui.events import Event, JobEvent, Notice
from hsnap_tui.jobs.core.model import JobState, Power, SnapshotOptions, SnapshotRequest, Target
from hsnap_tui.jobs.interface import RefusedError
from hsnap_tui.session.workspace import OpenProject, Workspace
from tests.jobs.support import SPEED, simulated_in_scaled_time, snapshots_by_job, statuses
from tests.patience import PATIENCE, until

WRONG = "x" * 64


def settings(served: Served, title: str, state_dir: Path, token: str | None = None) -> Settings:
    """The settings of a context of that name."""
    chosen = Secret(token or served.token)
    return Settings(chosen, TokenSource.CONTEXT, served.endpoint, title, state_dir, read_timeout=1.0)


@asynccontextmanager
async def workspace() -> AsyncIterator[tuple[Workspace, list[tuple[OpenProject, Event]]]]:
    """A workspace, and what it tells."""
    told: list[tuple[OpenProject, Event]] = []
    async with Workspace(clock=ScaledClock(SPEED)) as made:
        made.subscribe(lambda project, event: told.append((project, event)))
        yield made, told


async def snapshot_all(project: OpenProject, options: SnapshotOptions | None = None) -> str:
    """Submits a batch of all servers of a project."""
    async with asyncio.timeout(PATIENCE):
        await project.session.listed()
    servers = [view.server for view in project.session.fleet.views.values()]
    targets = tuple(Target(server.id, server.name, "d") for server in servers)
    return await project.session.jobs.submit(SnapshotRequest(targets, options or SnapshotOptions()))


def states(project: OpenProject) -> set[JobState]:
    """How the jobs of a project stand."""
    return {job.state for job in project.session.jobs.by_id.values()}


async def test_three_projects_side_by_side_one_with_a_bad_token(tmp_path: Path) -> None:
    with (
        simulated_in_scaled_time() as one,
        simulated_in_scaled_time(servers=3) as two,
        simulated_in_scaled_time(rate_limit=5000) as three,
    ):
        async with workspace() as (made, told):
            prod = made.open(settings(one, "prod", tmp_path))
            bad = made.open(settings(two, "bad", tmp_path, WRONG))
            test = made.open(settings(three, "test", tmp_path))
            assert made.projects == (prod, bad, test)
            for project in (prod, test):
                await snapshot_all(project)
            await until(lambda: states(prod) == states(test) == {JobState.DONE})
            await until(lambda: bad.session.failure is not None)

            assert bad.lacks_access
            assert bad.session.connection.failure is not None
            assert bad.session.connection.failure.kind == ErrorKind.UNAUTHORIZED
            assert prod.session.connection.failure is None
            assert test.session.connection.failure is None
            assert (prod.session.budget().limit, test.session.budget().limit) == (100_000, 5000)
            assert len({prod.id, bad.id, test.id}) == 3
            assert {folder.name for folder in (tmp_path / "projects").glob("*/")} == {prod.id, test.id}
            for project, served in ((prod, one), (test, three)):
                assert snapshots_by_job(served) == dict.fromkeys(project.session.jobs.by_id, 1)
                told_of_jobs = [(of, event.project) for of, event in told if isinstance(event, JobEvent)]
                assert {told_id for of, told_id in told_of_jobs if of is project} == {project.id}
            assert two.count("POST", "create_image") == 0

            async with asyncio.timeout(PATIENCE):
                await made.leave(cancel_waiting=False)
            assert made.pending_work().off == ()


async def test_a_project_whose_journal_cannot_be_used_leaves_the_others_working(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with simulated_in_scaled_time() as one, simulated_in_scaled_time() as two:
        async with workspace() as (made, _):
            broken = made.open(settings(one, "broken", tmp_path / "file"))
            good = made.open(settings(two, "good", tmp_path / "state"))
            await snapshot_all(good)
            await until(lambda: states(good) == {JobState.DONE} and broken.session.jobs.halted is not None)
            with pytest.raises(RefusedError):
                await snapshot_all(broken)
            assert good.session.jobs.halted is None
            assert len(broken.session.fleet.views) == 4, "what needs no journal works"


async def test_an_unexpected_error_ends_one_project_alone_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise RuntimeError("unexpected")

    with simulated_in_scaled_time() as one, simulated_in_scaled_time() as two:
        async with workspace() as (made, told):
            failing = made.open(settings(one, "failing", tmp_path))
            monkeypatch.setattr(failing.session._watcher, "run", fail)
            good = made.open(settings(two, "good", tmp_path))
            await until(lambda: not failing.is_running)
            await snapshot_all(good)
            await until(lambda: states(good) == {JobState.DONE})
            assert failing.error is not None
            assert made.projects == (failing, good)
            (notice,) = [event for of, event in told if of is failing and isinstance(event, Notice)]
            assert "The other projects continue" in notice.text
            async with asyncio.timeout(PATIENCE):
                await made.leave(cancel_waiting=True)
                await made.close(failing)
            assert list(made.projects) == [good]


async def test_two_tokens_of_one_project_are_one_project(tmp_path: Path) -> None:
    with simulated_in_scaled_time(tokens=2) as served:
        first, second, _ = served.tokens
        async with workspace() as (made, told):
            one = made.open(settings(served, "one", tmp_path, first))
            async with asyncio.timeout(PATIENCE):
                await one.identified()
            two = made.open(settings(served, "two", tmp_path, second))
            await until(lambda: made.projects == (one,))
            assert two.same_as is one
            assert [event.text for of, event in told if of is two and isinstance(event, Notice)] == [
                "two is closed: it is the same project as one."
            ]
            await snapshot_all(one)
            await until(lambda: states(one) == {JobState.DONE})


async def test_a_new_token_takes_the_place_of_one_that_is_refused(tmp_path: Path) -> None:
    with simulated_in_scaled_time(tokens=2) as served:
        first, second, _ = served.tokens
        async with workspace() as (made, _):
            known = made.open(settings(served, "known", tmp_path, first))
            async with asyncio.timeout(PATIENCE):
                await known.identified()
            served.tokens.change(first, Access.REVOKED)
            await until(lambda: known.lacks_access)
            new = made.open(settings(served, "new", tmp_path, second))
            await until(lambda: made.projects == (new,))
            assert known.same_as is new
            await snapshot_all(new)
            await until(lambda: states(new) == {JobState.DONE})


async def test_closing_a_project_powers_its_servers_on_and_the_others_go_on(tmp_path: Path) -> None:
    down = SnapshotOptions(shut_down=True, at_a_time=4)
    with simulated_in_scaled_time(snapshot_seconds=(600, 600)) as one, simulated_in_scaled_time() as two:
        async with workspace() as (made, _):
            closing, staying = made.open(settings(one, "closing", tmp_path)), made.open(settings(two, "b", tmp_path))
            await snapshot_all(closing, down)
            jobs = closing.session.jobs.by_id
            await until(lambda: any(job.power is Power.RESTORE_PENDING for job in jobs.values()))
            async with asyncio.timeout(PATIENCE):
                await made.close(closing)
            assert not closing.is_running
            assert not any(job.power is Power.RESTORE_PENDING for job in jobs.values())
            assert set(statuses(one).values()) == {"running"}
            assert made.projects == (staying,)
            await snapshot_all(staying)
            await until(lambda: states(staying) == {JobState.DONE})


async def test_a_context_without_a_token_or_with_a_name_that_is_open_opens_nothing(tmp_path: Path) -> None:
    with simulated_in_scaled_time() as served:
        async with workspace() as (made, _):
            only = made.open(settings(served, "prod", tmp_path))
            with pytest.raises(RefusedError, match="prod is open already"):
                made.open(settings(served, "prod", tmp_path))
            without = Settings(None, TokenSource.CONTEXT, served.endpoint, "none", tmp_path)
            with pytest.raises(SettingsError, match="no API token for none"):
                made.open(without)
            assert made.projects == (only,)
