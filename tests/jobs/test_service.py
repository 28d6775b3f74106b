"""Batches from the journal to the truth of the simulated cloud: the engine, takeovers, followers, leaving."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from hsnap_tui.cloud.errors import ErrorKind
from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.faults import Fault
from hsnap_tui.demo.model.servers import delete_server
from hsnap_tui.events import BatchEnded, JobEventKind, Notice, Role, RoleChanged, SendingHalted
from hsnap_tui.jobs.core.model import JOB_LABEL, HoldReason, IfLocked, JobState, Phase, Power, SnapshotOptions
from hsnap_tui.jobs.interface import RefusedError
from tests.jobs.support import desk, simulated, snapshots_by_job, statuses

DOWN = SnapshotOptions(shut_down=True, at_a_time=2)


async def test_every_server_gets_one_snapshot_the_locked_one_after_its_lock(tmp_path: Path) -> None:
    with simulated() as served:
        locked = next(iter(served.cloud.servers))
        served.call(lambda cloud: cloud.lock(locked, command="reboot_server", seconds=20))
        async with desk(served, tmp_path) as at:
            batch = await at.start()
            await at.ended(batch)
            assert {job.state for job in at.jobs(batch)} == {JobState.DONE}
            assert snapshots_by_job(served) == {job.id: 1 for job in at.jobs(batch)}
            waited = at.told(JobEventKind.WAITING)
            assert [(event.server_id, event.lock_holder) for event in waited] == [(locked, "reboot_server")]
            assert served.count("POST", "create_image") == 4, "the locked one was not tried before its lock cleared"
            await at.until(lambda: any(isinstance(event, BatchEnded) for event in at.events))
            (ended,) = [event for event in at.events if isinstance(event, BatchEnded)]
            assert (ended.done, ended.failed) == (4, 0)


async def test_locked_servers_are_skipped_when_asked(tmp_path: Path) -> None:
    with simulated() as served:
        locked = next(iter(served.cloud.servers))
        served.call(lambda cloud: cloud.lock(locked, seconds=1000))
        async with desk(served, tmp_path) as at:
            await at.ended(await at.start(SnapshotOptions(if_locked=IfLocked.SKIP)))
            assert {job.server_id for job in at.jobs() if job.state is JobState.SKIPPED} == {locked}
            assert len(snapshots_by_job(served)) == 3


@pytest.mark.parametrize("kind", ["drop-after", "cut-json", "cut-body", "empty", "null", "503-after", "504-after"])
async def test_a_lost_answer_makes_no_second_snapshot(tmp_path: Path, kind: str) -> None:
    with simulated() as served:
        served.add_fault(Fault(kind, "POST", "create_image"))
        async with desk(served, tmp_path) as at:
            await at.ended(await at.start())
            assert {job.state for job in at.jobs()} == {JobState.DONE}
            assert snapshots_by_job(served) == {job.id: 1 for job in at.jobs()}
            assert len(at.told(JobEventKind.FOUND)) == 4


async def test_an_effect_that_comes_late_makes_no_second_snapshot(tmp_path: Path) -> None:
    with simulated() as served:
        served.add_fault(Fault("drop-then-effect", "POST", "create_image", seconds=20))
        async with desk(served, tmp_path) as at:
            await at.ended(await at.start())
            assert snapshots_by_job(served) == {job.id: 1 for job in at.jobs()}


async def test_a_request_that_never_arrived_is_sent_again(tmp_path: Path) -> None:
    with simulated() as served:
        served.fail_next("POST", "create_image", "drop-before", times=4)
        async with desk(served, tmp_path) as at:
            await at.ended(await at.start())
            assert {job.state for job in at.jobs()} == {JobState.DONE}
            assert snapshots_by_job(served) == {job.id: 1 for job in at.jobs()}
            assert len(at.told(JobEventKind.NOT_FOUND)) == 4


async def test_one_failed_action_stops_no_other_and_can_be_tried_again(tmp_path: Path) -> None:
    with simulated() as served:
        served.call(lambda cloud: cloud.fail_next("create_image", ("unknown_error", "Creating image failed")))
        async with desk(served, tmp_path) as at:
            await at.ended(await at.start())
            (failed,) = [job for job in at.jobs() if job.state is JobState.FAILED]
            assert failed.failure is not None
            assert "Creating image failed" in failed.failure.message
            assert await at.session.jobs.retry([failed.id]) == 1
            await at.until(lambda: at.session.jobs.by_id[failed.id].state is JobState.DONE)
            assert at.session.jobs.by_id[failed.id].tried == 1


async def test_servers_are_shut_down_a_few_at_a_time_and_run_again_before_the_snapshots_are_done(
    tmp_path: Path,
) -> None:
    with simulated(unlock_at=20) as served:
        running = {name for name, status in statuses(served).items() if status == "running"}
        async with desk(served, tmp_path) as at:
            await at.ended(await at.start(DOWN))
            assert {job.state for job in at.jobs()} == {JobState.DONE}
            assert {name for name, status in statuses(served).items() if status == "running"} == running
            for job in at.jobs():
                if job.power is Power.RESTORED:
                    assert job.on_at is not None
                    assert job.snapshot_done is not None
                    assert job.on_at < job.snapshot_done, "switched on as soon as its lock cleared"
            off = sorted(
                [(event.at, 1) for event in at.told(JobEventKind.SHUTTING_DOWN)]
                + [(event.at, -1) for event in at.told(JobEventKind.SERVER_ON)]
            )
            most = now = 0
            for _, change in off:
                now += change
                most = max(most, now)
            assert most <= 2


async def test_a_failed_snapshot_leaves_no_server_off(tmp_path: Path) -> None:
    with simulated(action_failure_rate=1.0, failing_commands=("create_image",)) as served:
        before = statuses(served)
        async with desk(served, tmp_path) as at:
            await at.ended(await at.start(DOWN))
            assert {job.state for job in at.jobs()} == {JobState.FAILED}
            assert statuses(served) == before


async def test_a_killed_process_s_batch_is_finished_by_the_next(tmp_path: Path) -> None:
    with simulated() as served:
        before = statuses(served)
        async with desk(served, tmp_path) as at:
            await at.start(DOWN)
            await at.until(lambda: any(job.power is Power.RESTORE_PENDING and job.off_at for job in at.jobs()))
        assert "off" in {status for name, status in statuses(served).items() if before[name] == "running"}
        async with desk(served, tmp_path) as at:
            await at.settled()
            assert statuses(served) == before
            assert all(count == 1 for count in snapshots_by_job(served).values())
            held = [job.id for job in at.jobs() if job.state is JobState.NEEDS_APPROVAL]
            assert held
            assert await at.session.jobs.release(held) == len(held)
            await at.ended()
            assert snapshots_by_job(served) == {
                image.labels[JOB_LABEL]: 1 for image in served.call(lambda cloud: cloud.snapshots(JOB_LABEL))
            }
            assert len(served.call(lambda cloud: cloud.snapshots(JOB_LABEL))) == 4
            assert statuses(served) == before


async def test_leaving_switches_on_what_is_off_and_keeps_the_rest_for_later(tmp_path: Path) -> None:
    with simulated() as served:
        before = statuses(served)
        async with desk(served, tmp_path) as at:
            await at.start(DOWN)
            await at.until(lambda: any(job.power is Power.RESTORE_PENDING and job.off_at for job in at.jobs()))
            leaving = at.session.jobs.pending_work()
            assert leaving.off
            await at.session.jobs.leave(cancel_waiting=False)
            assert statuses(served) == before
            sent = served.count("POST", "create_image")
        async with desk(served, tmp_path) as at:
            await at.settled()
            states = {job.state for job in at.jobs()}
            assert JobState.NEEDS_APPROVAL in states
            assert served.count("POST", "create_image") == sent, "what switches servers off waits for a yes"


async def test_two_processes_share_one_journal_and_only_one_sends(tmp_path: Path) -> None:
    with simulated() as served:
        async with desk(served, tmp_path) as one:
            await one.session.jobs.ready.wait()
            async with desk(served, tmp_path) as two:
                await two.session.listed()
                await two.session.jobs.ready.wait()
                assert (one.session.jobs.role, two.session.jobs.role) == (Role.LEADER, Role.FOLLOWER)
                batch = await two.start()
                await two.ended(batch)
                assert snapshots_by_job(served) == {job.id: 1 for job in two.jobs(batch)}
                await two.until(lambda: len(two.told(JobEventKind.DONE)) == 4)
                await one.until(lambda: len(one.told(JobEventKind.DONE)) == 4)
                assert two.session.jobs.pending_work().running == ()


async def test_a_follower_takes_over_when_the_one_that_sends_is_gone(tmp_path: Path) -> None:
    with simulated() as served:
        locked = next(iter(served.cloud.servers))
        served.call(lambda cloud: cloud.lock(locked, seconds=60))
        first = desk(served, tmp_path)
        one = await first.__aenter__()
        await one.session.jobs.ready.wait()
        async with desk(served, tmp_path) as two:
            batch = await two.start(SnapshotOptions(shut_down=True, at_a_time=4))
            await two.until(lambda: any(job.create_image.phase is Phase.ACCEPTED for job in two.jobs(batch)))
            await first.__aexit__(None, None, None)
            await two.ended(batch)
            assert two.session.jobs.role is Role.LEADER
            assert [event.role for event in two.events if isinstance(event, RoleChanged)][-1] is Role.LEADER
            assert snapshots_by_job(served) == {job.id: 1 for job in two.jobs(batch)}


async def test_a_follower_s_cancel_reaches_the_one_that_sends(tmp_path: Path) -> None:
    with simulated() as served:
        served.call(lambda cloud: [cloud.lock(server, seconds=100_000) for server in list(cloud.servers)])
        async with desk(served, tmp_path) as one, desk(served, tmp_path) as two:
            await two.session.listed()
            batch = await two.start()
            await two.until(lambda: [job.state for job in two.jobs(batch)] == [JobState.WAITING] * 4)
            assert await two.session.jobs.cancel([job.id for job in two.jobs(batch)]) == 4
            await two.ended(batch)
            await one.ended(batch)
            assert {job.state for job in one.jobs(batch)} == {JobState.CANCELLED}
            assert snapshots_by_job(served) == {}


async def test_the_snapshot_limit_holds_the_rest_of_the_batch(tmp_path: Path) -> None:
    existing = 0
    with simulated() as served:
        existing = len(served.call(lambda cloud: [i for i in cloud.images.values() if str(i.type) == "snapshot"]))
    with simulated(snapshot_limit=existing + 2) as served:
        async with desk(served, tmp_path) as at:
            await at.start()
            await at.settled()
            states = sorted(job.state.value for job in at.jobs())
            assert states == ["done", "done", "needs_approval", "needs_approval"]
            held = [job for job in at.jobs() if job.state is JobState.NEEDS_APPROVAL]
            assert {job.hold for job in held} == {HoldReason.LIMIT}


async def test_a_token_that_may_only_read_sends_no_second_request_and_keeps_all_jobs(tmp_path: Path) -> None:
    with simulated() as served:
        async with desk(served, tmp_path, token=served.readonly_token) as at:
            await at.start()
            await at.settled()
            await at.until(lambda: len(at.told(JobEventKind.NEEDS_APPROVAL)) == 4)  # what is told has been written
            assert {job.state for job in at.jobs()} == {JobState.NEEDS_APPROVAL}
            assert {job.hold for job in at.jobs()} == {HoldReason.NO_ACCESS}
            halted = [event for event in at.events if isinstance(event, SendingHalted)]
            assert [event.failure.kind for event in halted] == [ErrorKind.READ_ONLY_TOKEN.value]
        async with desk(served, tmp_path) as at:
            await at.until(lambda: len(at.jobs()) == 4)
            assert await at.session.jobs.release([job.id for job in at.jobs()]) == 4
            await at.ended()
            assert snapshots_by_job(served) == {job.id: 1 for job in at.jobs()}


async def test_read_only_sends_nothing(tmp_path: Path) -> None:
    with simulated() as served:
        async with desk(served, tmp_path, read_only=True) as at:
            with pytest.raises(RefusedError, match="--read-only"):
                await at.start()
            assert at.session.jobs.role is Role.OBSERVER
            assert not [event for event in at.events if isinstance(event, RoleChanged)]
            assert served.count("POST") == 0
            assert not (tmp_path / "projects").exists()


async def test_a_journal_that_cannot_be_used_sends_nothing_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the way")
    with simulated() as served:
        async with desk(served, tmp_path / "state") as at:
            with pytest.raises(RefusedError, match="cannot be used"):
                await at.start()
            assert at.session.jobs.halted is not None
            assert served.count("POST") == 0


async def test_a_broken_journal_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    with simulated() as served:
        async with desk(served, tmp_path) as at:
            await at.ended(await at.start())
        (path,) = tmp_path.glob("projects/*/journal.sqlite3")
        path.write_bytes(b"broken" * 2000)
        sent = served.count("POST")
        async with desk(served, tmp_path) as at:
            with pytest.raises(RefusedError, match="cannot be read"):
                await at.start()
            assert at.session.jobs.halted is not None
            assert "mv " in at.session.jobs.halted.advice
        assert served.count("POST") == sent
        assert path.read_bytes() == b"broken" * 2000


async def test_a_job_that_cannot_be_read_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    with simulated() as served:
        locked = next(iter(served.cloud.servers.values()))
        served.call(lambda cloud: [cloud.lock(server, seconds=100_000) for server in list(cloud.servers)])
        async with desk(served, tmp_path) as at:
            batch = await at.start()
            await at.until(lambda: {job.state for job in at.jobs(batch)} == {JobState.WAITING})
            (spoilt,) = [job for job in at.jobs() if job.server_id == locked.id]
        (path,) = tmp_path.glob("projects/*/journal.sqlite3")
        with sqlite3.connect(path) as database:
            database.execute("UPDATE jobs SET body = substr(body, 1, 200) WHERE id = ?", (spoilt.id,))
        database.close()
        served.call(lambda cloud: [cloud.unlock(server) for server in list(cloud.servers)])  # type: ignore[func-returns-value]
        async with desk(served, tmp_path) as at:
            await at.until(lambda: len(at.jobs()) == 3)
            await at.ended()
            assert {job.state for job in at.jobs()} == {JobState.DONE}
            (bad,) = at.session.jobs.unreadable.values()
            assert (bad.id, bad.server, bad.may_be_off) == (spoilt.id, locked.name, True)
            (notice,) = [event for event in at.events if isinstance(event, Notice) and event.warning]
            assert f"{locked.name} may be off because of it" in notice.text
            assert snapshots_by_job(served) == {job.id: 1 for job in at.jobs()}


async def test_a_journal_that_cannot_be_written_any_more_stops_new_requests_but_not_switching_on(
    tmp_path: Path,
) -> None:
    with simulated() as served:
        before = statuses(served)
        async with desk(served, tmp_path) as at:
            await at.start(SnapshotOptions(shut_down=True, at_a_time=1))
            await at.until(lambda: bool(at.told(JobEventKind.CREATING)))
            opened = at.session.jobs._folder
            assert opened is not None
            database = opened.journal._database
            assert database is not None
            database.execute("PRAGMA query_only = 1")
            sent = served.count("POST", "shutdown")
            await at.until(lambda: bool(at.told(JobEventKind.SERVER_ON)))
            await at.until(lambda: at.session.jobs.halted is not None)
            assert at.session.jobs.halted is not None
            assert at.session.jobs.halted.kind == "journal"
            assert statuses(served) == before
            assert served.count("POST", "shutdown") == sent
            database.execute("PRAGMA query_only = 0")
            await at.ended()
            assert {job.state for job in at.jobs()} == {JobState.DONE}


async def test_what_waited_too_long_is_held(tmp_path: Path) -> None:
    with simulated() as served:
        locked = next(iter(served.cloud.servers))
        served.call(lambda cloud: cloud.lock(locked, seconds=100_000))
        async with desk(served, tmp_path) as at:
            await at.start(SnapshotOptions(max_wait=timedelta(seconds=30)))
            await at.settled()
            (held,) = [job for job in at.jobs() if job.state is JobState.NEEDS_APPROVAL]
            assert (held.server_id, held.hold) == (locked, HoldReason.WAITED_TOO_LONG)


def delete(cloud: Cloud, server_id: int) -> None:
    server = cloud.server(server_id)
    cloud.unlock(server_id)
    server.delete_protected = False
    delete_server(cloud, server)


async def test_a_deleted_server_fails_its_own_job_only(tmp_path: Path) -> None:
    with simulated() as served:
        locked = next(iter(served.cloud.servers))
        served.call(lambda cloud: cloud.lock(locked, seconds=100_000))
        async with desk(served, tmp_path) as at:
            await at.start()
            await at.until(lambda: any(job.state is JobState.WAITING for job in at.jobs()))
            served.call(lambda cloud: delete(cloud, locked))
            await at.ended()
            (failed,) = [job for job in at.jobs() if job.state is JobState.FAILED]
            assert failed.server_id == locked
