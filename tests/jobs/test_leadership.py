"""Who sends: only a process with access, given up without it, handed over to one that lives, seen to stand still."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.serving.server import Served
from hsnap_tui.events import (
    Failure,
    JobEventKind,
    LeaderResponds,
    LeaderStalled,
    Notice,
    Role,
    RoleChanged,
    SendingHalted,
    SendingResumed,
)
from hsnap_tui.jobs.core.model import HoldReason, JobState, Power, SnapshotOptions
from hsnap_tui.jobs.core.token_access import TokenAccess
from hsnap_tui.jobs.store.journal import Journal
from hsnap_tui.jobs.store.leader import Leader
from hsnap_tui.jobs.store.presence import Presence, live_processes
from tests.jobs.store.samples import NOW, event, job
from tests.jobs.support import Desk, desk, simulated, snapshots_by_job, statuses

DOWN = SnapshotOptions(shut_down=True, at_a_time=4)


@contextlib.asynccontextmanager
async def leading(served: Served, folder: Path, token: str | None = None) -> AsyncIterator[Desk]:
    """A session that sends."""
    async with desk(served, folder, token=token) as one:
        await one.until(lambda: one.session.jobs.role is Role.LEADER)
        yield one


@contextlib.asynccontextmanager
async def following(served: Served, folder: Path, token: str | None = None) -> AsyncIterator[Desk]:
    """A session that has found another one that sends, and has access itself."""
    async with desk(served, folder, token=token) as two:
        await two.until(lambda: two.session.jobs.leader is not None)
        await two.session.listed()
        yield two


def the_folder(state: Path) -> Path:
    (folder,) = (path for path in state.glob("projects/*/") if path.is_dir())
    return folder


def unlock_all(cloud: Cloud) -> None:
    for server in list(cloud.servers):
        cloud.unlock(server)


def off(at: Desk) -> bool:
    """Whether a server is off because of a job that this session knows of."""
    return any(job.power is Power.RESTORE_PENDING and job.off_at and not job.state.ended for job in at.jobs())


def times_holder(at: Desk) -> int:
    return sum(isinstance(event, RoleChanged) and event.role is Role.LEADER for event in at.events)


# -- without access --------------------------------------------------------------------------------------------


async def test_an_idle_console_with_a_read_only_token_keeps_nobody_from_working(tmp_path: Path) -> None:
    with simulated() as served:
        async with leading(served, tmp_path):
            pass  # the project is known
        async with leading(served, tmp_path, served.readonly_token) as one:
            two_days = 0
            async with following(served, tmp_path) as two:
                for _ in range(2):
                    batch = await two.start()
                    await two.ended(batch)
                    assert {job.state for job in two.jobs(batch)} == {JobState.DONE}
                    two_days += 1
                assert two.session.jobs.role is Role.LEADER
                assert one.session.jobs.role is Role.FOLLOWER
                await one.until(lambda: one.session.jobs.leader is not None)
                assert one.session.jobs.halted is None, "another one sends"
                assert [type(told) for told in one.events if isinstance(told, SendingHalted | SendingResumed)] == [
                    SendingHalted,
                    SendingResumed,
                ]
                assert times_holder(one) == 1, "it does not try again by itself"
                assert all(count == 1 for count in snapshots_by_job(served).values())
                assert len(snapshots_by_job(served)) == 4 * two_days


async def test_a_job_approved_elsewhere_goes_on_after_a_read_only_leader(tmp_path: Path) -> None:
    with simulated() as served:
        async with desk(served, tmp_path, token=served.readonly_token) as at:
            await at.start()
            await at.until(lambda: len(at.told(JobEventKind.NEEDS_APPROVAL)) == 4)
            assert {job.hold for job in at.jobs()} == {HoldReason.NO_ACCESS}
        async with leading(served, tmp_path, served.readonly_token), following(served, tmp_path) as two:
            assert await two.session.jobs.release([job.id for job in two.jobs()]) == 4
            await two.until(lambda: {job.state for job in two.jobs()} == {JobState.DONE})
            assert len(snapshots_by_job(served)) == 4


async def test_a_read_only_token_alone_is_tried_again_when_a_person_says_so_and_only_then(tmp_path: Path) -> None:
    with simulated() as served:
        async with leading(served, tmp_path, served.readonly_token) as at:
            await at.start()
            await at.settled()
            await at.until(lambda: at.session.jobs.role is Role.FOLLOWER)
            assert at.session.jobs.halted is not None
            assert at.session.jobs.halted.kind == ErrorKind.READ_ONLY_TOKEN
            sent = served.count("POST")
            await at.until(lambda: len([told for told in at.events if isinstance(told, SendingHalted)]) == 1)
            for _ in range(3):
                await at.session.refresh()
            assert (at.session.jobs.role, served.count("POST")) == (Role.FOLLOWER, sent)
            first = at.jobs()[0].id
            assert await at.session.jobs.release([first]) == 1
            await at.until(lambda: served.count("POST") > sent)
            await at.until(lambda: at.session.jobs.role is Role.FOLLOWER)
            await at.settled()
            assert served.count("POST") == sent + 1, "the others were not approved"


async def test_a_token_that_is_not_known_never_leads(tmp_path: Path) -> None:
    with simulated() as served:
        async with leading(served, tmp_path):
            pass
        served.run_command("token 1 revoked")
        async with desk(served, tmp_path) as at:
            await at.until(lambda: at.session.failure is not None)
            await at.session.jobs.ready.wait()
            assert at.session.jobs.role is Role.FOLLOWER
            assert at.session.jobs.halted is not None
            assert Leader(the_folder(tmp_path)).is_free()
            served.run_command("token 1 read-write")
            await at.session.refresh()
            await at.until(lambda: at.session.jobs.role is Role.LEADER)


async def test_a_revoked_token_s_leader_gives_up_and_the_new_token_s_process_powers_its_server_on(
    tmp_path: Path,
) -> None:
    with simulated(snapshot_seconds=(600, 600), tokens=2) as served:
        before = statuses(served)
        _, second, _ = served.tokens
        async with leading(served, tmp_path) as one:
            await one.start(DOWN)
            await one.until(lambda: off(one))
            served.run_command("token 1 revoked")
            await one.until(lambda: one.session.jobs.role is Role.FOLLOWER)
            assert one.session.jobs.pending_work().off, "nobody else sends: they are this process's to tell of"
            notices = [told.text for told in one.events if isinstance(told, Notice) and told.warning]
            names = {job.server_name for job in one.session.jobs.pending_work().off}
            assert any("can't power them on" in text and all(name in text for name in names) for text in notices)
            async with desk(served, tmp_path, token=second) as two:
                await two.until(lambda: two.session.jobs.role is Role.LEADER)
                await two.until(lambda: bool(two.jobs()))
                served.call(unlock_all)
                await two.until(lambda: statuses(served) == before)
                await two.until(lambda: not off(two))
                await one.until(lambda: one.session.jobs.leader is not None)
                assert one.session.jobs.pending_work().off == ()


def test_what_shows_access_and_what_takes_it_away() -> None:
    polls: list[CloudError] = []
    access = TokenAccess(lambda: polls[-1] if polls else None)
    proven = [access.proven]  # nothing was answered yet
    access.answered()
    proven.append(access.proven)
    assert proven == [False, True]
    polls.append(CloudError(ErrorKind.UNREACHABLE, "away"))  # a network says nothing about the token
    proven = [access.proven]
    polls.append(CloudError(ErrorKind.FORBIDDEN, "no"))
    proven.append(access.proven)
    polls.clear()
    proven.append(access.proven)
    assert proven == [True, False, True]
    access.refused(Failure(ErrorKind.READ_ONLY_TOKEN.value, "may only read"))
    access.answered()  # as a token that may only read is when it reads
    proven = [access.proven]
    access.retry()
    proven.append(access.proven)
    assert proven == [False, True]
    access.refused(Failure(ErrorKind.UNAUTHORIZED.value, "unknown"))
    proven = [access.proven]
    access.answered()  # it is known again
    proven.append(access.proven)
    assert proven == [False, True]


# -- leaving ---------------------------------------------------------------------------------------------------


async def test_a_leaving_leader_hands_over_and_cuts_nothing_short(tmp_path: Path) -> None:
    with simulated(snapshot_seconds=(60, 60), unlock_at=90) as served:
        before = statuses(served)
        async with leading(served, tmp_path) as one, following(served, tmp_path) as two:
            batch = await two.start(DOWN)
            await two.until(lambda: off(two))
            await one.session.jobs.leave(cancel_waiting=False)
            assert one.session.jobs.role is Role.FOLLOWER
            await two.until(lambda: two.session.jobs.role is Role.LEADER)
            await two.ended(batch)
            assert {job.state for job in two.jobs(batch)} == {JobState.DONE}
            assert two.told(JobEventKind.NEEDS_APPROVAL) == []
            assert statuses(served) == before
            for job in two.jobs(batch):
                assert job.shutdown.attempts <= 1, "no server was switched off twice"
                assert job.power_on.attempts <= 1
            assert snapshots_by_job(served) == {job.id: 1 for job in two.jobs(batch)}


async def test_a_power_on_that_the_leaver_has_pending_goes_with_the_rest(tmp_path: Path) -> None:
    with simulated(snapshot_seconds=(60, 60), unlock_at=90) as served:
        before = statuses(served)
        async with leading(served, tmp_path) as one, following(served, tmp_path) as two:
            await one.start(SnapshotOptions(shut_down=True, at_a_time=1))
            await one.until(lambda: off(one))
            await one.session.jobs.leave(cancel_waiting=False)
            assert two.session.jobs.role is Role.LEADER
            assert statuses(served) != before, "the leaver did not wait for it"
            await two.settled()
            assert statuses(served) == before
            assert {job.state for job in two.jobs()} <= {JobState.DONE, JobState.NEEDS_APPROVAL}
            assert {job.hold for job in two.jobs()} <= {None, HoldReason.SHUTS_DOWN, HoldReason.INTERRUPTED}


async def test_what_nobody_takes_over_is_settled_by_the_leaver(tmp_path: Path) -> None:
    with simulated(snapshot_seconds=(60, 60)) as served:
        before = statuses(served)
        async with leading(served, tmp_path) as one:
            ghost = Presence(the_folder(tmp_path) / "heirs", "stands-still")
            ghost.show()
            await one.start(DOWN)
            await one.until(lambda: off(one))
            await one.session.jobs.leave(cancel_waiting=False)
            assert statuses(served) == before
            ghost.hide()


async def test_jobs_of_a_process_that_lives_are_not_held_when_the_one_that_sends_is_killed(tmp_path: Path) -> None:
    with simulated(snapshot_seconds=(60, 60)) as served:
        servers = [str(server.name) for server in served.cloud.servers.values()]
        first = leading(served, tmp_path)
        await first.__aenter__()
        async with following(served, tmp_path) as two, following(served, tmp_path) as three:
            batches = [
                await at.start(SnapshotOptions(shut_down=True, at_a_time=1), {name})
                for at, name in ((two, servers[0]), (three, servers[1]))
            ]
            await two.until(lambda: any(job.state is not JobState.QUEUED for job in two.jobs(batches[0])))
            await first.__aexit__(None, None, None)
            await two.ended(batches[0])
            await three.ended(batches[1])
            told = two.told(JobEventKind.NEEDS_APPROVAL) + three.told(JobEventKind.NEEDS_APPROVAL)
            assert told == []


def test_a_process_shows_itself_as_long_as_it_lives(tmp_path: Path) -> None:
    one, two = Presence(tmp_path / "heirs", "one"), Presence(tmp_path / "heirs", "two")
    assert live_processes(tmp_path / "heirs") == frozenset()
    one.show()
    two.show()
    two.show()
    assert live_processes(tmp_path / "heirs") == {"one", "two"}
    two.hide()
    (tmp_path / "heirs" / "killed").touch()
    assert live_processes(tmp_path / "heirs") == {"one"}
    assert [path.name for path in (tmp_path / "heirs").iterdir()] == ["one"]
    one.hide()


# -- taking over -----------------------------------------------------------------------------------------------


async def test_a_batch_that_is_committed_during_a_takeover_is_taken_up(tmp_path: Path) -> None:
    """Another process commits a batch after each of the reads of which a takeover may consist."""
    with simulated() as served:
        server = next(iter(served.cloud.servers.values()))
        async with leading(served, tmp_path):
            pass
        other = Journal(the_folder(tmp_path) / "journal.sqlite3")
        await other.open()
        added: list[str] = []

        async def add() -> None:
            batch = f"late{len(added)}"
            late = job(len(added), batch, server_id=server.id, server_name=server.name, created=NOW.now(NOW.tzinfo))
            added.append(late.id)
            await other.add_batch(batch, late.created, [late], [event(late)], "somebody")

        async with desk(served, tmp_path) as at:
            await at.session.jobs.ready.wait()
            place = at.session.jobs._folder
            assert place is not None
            read = place.journal._read

            async def interleaved(work):  # type: ignore[no-untyped-def]
                result = await read(work)
                if len(added) < 4:
                    await add()
                return result

            place.journal._read = interleaved  # type: ignore[method-assign]
            await at.until(lambda: at.session.jobs.role is Role.LEADER)
            await at.until(lambda: len(added) == 4 and set(added) <= set(at.session.jobs.by_id))
        await other.close()


# -- standing still --------------------------------------------------------------------------------------------


async def test_a_leader_that_stands_still_is_told_and_its_return_too(tmp_path: Path) -> None:
    with simulated() as served:
        async with leading(served, tmp_path):
            pass
        still = Leader(the_folder(tmp_path))
        assert still.try_to_lead()
        async with following(served, tmp_path) as at:
            batch = await at.start()
            await at.until(lambda: any(isinstance(told, LeaderStalled) for told in at.events))
            leader = at.session.jobs.leader
            assert leader is not None
            assert leader.still_since is not None
            (told,) = [told for told in at.events if isinstance(told, LeaderStalled)]
            assert (told.pid, told.since) == (still.leader_pid(), leader.still_since)
            assert at.session.jobs.role is Role.FOLLOWER, "it may go on at any time"
            still.beat()
            await at.until(lambda: any(isinstance(told, LeaderResponds) for told in at.events))
            still.release()
            await at.ended(batch)


async def test_a_leader_that_works_is_never_said_to_stand_still(tmp_path: Path) -> None:
    with simulated() as served:
        async with leading(served, tmp_path) as one, following(served, tmp_path) as two:
            began = two.session.clock.monotonic()
            await two.until(lambda: two.session.clock.monotonic() - began > 60)
            assert not any(isinstance(told, LeaderStalled) for told in two.events)
            assert one.session.jobs.leader is None


async def test_leaving_right_after_the_start_powers_on_what_another_process_left_off(tmp_path: Path) -> None:
    with simulated() as served:
        async with leading(served, tmp_path) as one:
            await one.start(DOWN)
            await one.until(lambda: "off" in statuses(served).values())
        served.call(unlock_all)
        async with desk(served, tmp_path) as two:
            await two.session.jobs.ready.wait()
            await two.session.listed()
            await two.session.jobs.leave(cancel_waiting=False)
            assert set(statuses(served).values()) == {"running"}
