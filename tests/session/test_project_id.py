"""A project has one ID in all that is told of it, whichever of its tokens is used."""

from __future__ import annotations

import json
from pathlib import Path

from hsnap_tui.events import Event, FleetUpdated, JobEvent
from hsnap_tui.fleet.poll_targets import PollScope
from hsnap_tui.headless import json_lines
from tests.jobs.support import desk, simulated


async def test_two_tokens_of_one_project_tell_one_project(tmp_path: Path) -> None:
    with simulated(tokens=2) as served:
        first, second, _ = served.tokens
        async with desk(served, tmp_path, token=first, scope=PollScope.EVERYTHING) as one:
            await one.ended(await one.start())
            project = one.session.project
        async with desk(served, tmp_path, token=second, scope=PollScope.EVERYTHING) as two:
            await two.ended(await two.start())
            assert two.session.project == project
            assert {job.project for batch in await two.session.jobs.batches() for job in batch.jobs} == {project}
            assert {view.server.project for view in two.session.fleet.views.values()} == {project}
            assert _projects(two.events, JobEvent) == {project}
    assert _projects(one.events, JobEvent) == {project}
    assert [folder.name for folder in (tmp_path / "projects").glob("*/")] == [project]


async def test_a_token_that_was_used_before_is_known_before_the_servers_are_listed(tmp_path: Path) -> None:
    with simulated() as served:
        async with desk(served, tmp_path) as one:
            await one.session.listed()
            await one.session.jobs.ready.wait()
            project = one.session.project
        async with desk(served, tmp_path, scope=PollScope.EVERYTHING) as two:
            await two.session.listed()
            await two.session.jobs.ready.wait()
            assert _projects(two.events, FleetUpdated) == {project}


async def test_until_a_new_token_is_known_its_events_carry_an_id_that_no_project_has(tmp_path: Path) -> None:
    with simulated() as served:
        async with desk(served, tmp_path) as at:
            provisional = at.session.project
            await at.session.listed()
            await at.session.jobs.ready.wait()
            known = at.session.project
            assert provisional.startswith("token-")
            assert [folder.name for folder in (tmp_path / "projects").glob("*/")] == [known]
            assert {event.project for event in at.events} <= {provisional, known}


async def test_lines_of_json_carry_the_project(tmp_path: Path) -> None:
    with simulated() as served:
        async with desk(served, tmp_path) as at:
            await at.ended(await at.start())
            project, (job, *_) = at.session.project, at.jobs()
            told = [event for event in at.events if isinstance(event, JobEvent)]
            lines = [json_lines.of_job(job, at.session.clock.now()), *map(json_lines.of_event, told)]
            assert {json.loads(json.dumps(line))["project"] for line in lines} == {project}


def _projects(events: list[Event], kind: type[Event]) -> set[str]:
    return {event.project for event in events if isinstance(event, kind)}
