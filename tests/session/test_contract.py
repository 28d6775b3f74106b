"""What screens rely on in a session holds for the real one, sending or following, and for the one of their tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from hsnap_tui.events import BatchEnded, BatchQueued, Event, JobEvent, LockCleared, Role, WatchEnded
from hsnap_tui.jobs.core.delete_snapshot import DeleteRequest, DeleteTarget
from hsnap_tui.jobs.core.model import IfLocked, JobState, SnapshotOptions
from hsnap_tui.jobs.interface import PendingWork, RefusedError
from tests.session.stages import KINDS, Stage, stage

every_kind = pytest.mark.parametrize("kind", KINDS)
leaders = pytest.mark.parametrize("kind", ["leader", "fake leader"])

FITS = {
    JobState.WAITING: "cancel",
    JobState.NEEDS_APPROVAL: "cancel release",
    JobState.CREATING: "",
    JobState.DONE: "",
    JobState.FAILED: "retry",
    JobState.SKIPPED: "",
    JobState.CANCELLED: "",
}


async def decide(at: Stage, decision: str, *job_ids: str) -> int:
    """What a person decides; gives how many jobs it fits."""
    jobs = at.session.jobs
    return await {"cancel": jobs.cancel, "release": jobs.release, "retry": jobs.retry}[decision](job_ids)


@every_kind
@pytest.mark.parametrize("state", FITS)
async def test_what_may_be_decided_about_a_job(tmp_path: Path, kind: str, state: JobState) -> None:
    async with stage(kind, tmp_path, state) as at:
        job_id = await at.job_in(state)
        fitting = FITS[state].split()
        for decision in {"cancel", "release", "retry"} - set(fitting):
            assert await decide(at, decision, job_id) == 0, decision
            assert at.state(job_id) is state
        if fitting:
            assert await decide(at, fitting[-1], job_id, "no such job") == 1
            told = "cancelled" if fitting[-1] == "cancel" else "approved"
            await at.until(lambda: told in at.told(job_id))


@every_kind
async def test_a_held_job_can_be_cancelled(tmp_path: Path, kind: str) -> None:
    async with stage(kind, tmp_path, JobState.NEEDS_APPROVAL) as at:
        job_id = await at.job_in(JobState.NEEDS_APPROVAL)
        assert await at.session.jobs.cancel([job_id]) == 1
        await at.until(lambda: at.state(job_id) is JobState.CANCELLED)


@every_kind
@pytest.mark.parametrize("state", [JobState.WAITING, JobState.CREATING, JobState.DONE, JobState.NEEDS_APPROVAL])
async def test_pending_work_is_what_this_process_has_under_way(tmp_path: Path, kind: str, state: JobState) -> None:
    async with stage(kind, tmp_path, state) as at:
        job_id = await at.job_in(state)
        pending = at.session.jobs.pending_work()
        if "follower" in kind:
            assert pending == PendingWork(), "the leader goes on with it"
            return
        assert [job.id for job in pending.waiting] == [job_id] * (state is JobState.WAITING)
        assert [job.id for job in pending.running] == [job_id] * (state is JobState.CREATING)
        assert pending.off == ()


@every_kind
async def test_roles(tmp_path: Path, kind: str) -> None:
    async with stage(kind, tmp_path) as at:
        follows = "follower" in kind
        assert at.session.jobs.role is (Role.FOLLOWER if follows else Role.LEADER)
        assert (at.session.jobs.leader is not None) is follows
        assert at.session.jobs.halted is None


@leaders
async def test_a_session_that_is_read_only_refuses_and_has_nothing_under_way(tmp_path: Path, kind: str) -> None:
    async with stage(kind, tmp_path, read_only=True) as at:
        assert at.session.read_only
        assert at.session.jobs.role is Role.OBSERVER
        with pytest.raises(RefusedError, match="--read-only"):
            await at.session.jobs.submit(at.request(at.free[:1]))
        assert at.session.jobs.by_id == {}
        assert at.session.jobs.pending_work() == PendingWork()


@leaders
async def test_without_a_usable_journal_it_refuses_and_says_why(tmp_path: Path, kind: str) -> None:
    async with stage(kind, tmp_path, journal=False) as at:
        with pytest.raises(RefusedError):
            await at.session.jobs.submit(at.request(at.free[:1]))
        with pytest.raises(RefusedError):
            await at.session.jobs.batches()
        assert at.session.jobs.halted is not None
        assert at.session.jobs.halted.kind == "journal"
        assert at.session.jobs.by_id == {}


@every_kind
async def test_a_locked_server_is_waited_for_or_skipped(tmp_path: Path, kind: str) -> None:
    async with stage(kind, tmp_path, JobState.CREATING) as at:
        locked, free = at.free[:2]
        await at.lock(locked)
        skipped, other = await at.submit([locked, free], SnapshotOptions(if_locked=IfLocked.SKIP))
        await at.until(lambda: at.state(skipped) is JobState.SKIPPED)
        assert not at.state(other).ended
        (waiting,) = await at.submit([locked])
        await at.until(lambda: at.state(waiting) is JobState.WAITING)
        await at.until(lambda: "waiting" in at.told(waiting))
        (told,) = [event for event in at.events if isinstance(event, JobEvent) and event.kind == "waiting"]
        assert (told.server_id, told.lock_holder) == (locked, "reboot_server")


@every_kind
async def test_everything_is_told_once_and_in_order(tmp_path: Path, kind: str) -> None:
    async with stage(kind, tmp_path) as at:
        servers = at.free[:3]
        for server in servers:
            await at.lock(server)
        ids = await at.submit(servers)
        await at.until(lambda: all(at.state(job_id) is JobState.WAITING for job_id in ids))
        await at.until(lambda: all("waiting" in at.told(job_id) for job_id in ids))
        assert await at.session.jobs.cancel(ids) == 3
        await at.until(lambda: any(isinstance(event, BatchEnded) for event in at.events))
        for job_id in ids:
            assert at.told(job_id) == ["queued", "waiting", "cancelled"]
        batch = at.session.jobs.by_id[ids[0]].batch
        of_batch = [event for event in at.events if isinstance(event, BatchQueued | BatchEnded | JobEvent)]
        assert isinstance(of_batch[0], BatchQueued)
        assert of_batch[0].batch == batch
        first = [event.job for event in of_batch[1:] if isinstance(event, JobEvent) and event.kind == "queued"]
        assert first == ids, "in the order in which they were chosen"
        (ended,) = [event for event in of_batch if isinstance(event, BatchEnded)]
        assert of_batch[-1] is ended
        assert (ended.cancelled, ended.done) == (3, 0)


@every_kind
async def test_batches_are_listed_newest_first(tmp_path: Path, kind: str) -> None:
    async with stage(kind, tmp_path, JobState.CREATING) as at:
        ids = [(await at.submit([server]))[0] for server in at.free[:2]]
        found = await at.session.jobs.batches()
        assert [[job.id for job in batch.jobs] for batch in found] == [[ids[1]], [ids[0]]]
        assert [batch.ended for batch in found] == [None, None]
        assert len(await at.session.jobs.batches(1)) == 1


@every_kind
async def test_a_job_of_another_kind_is_told_as_one(tmp_path: Path, kind: str) -> None:
    async with stage(kind, tmp_path) as at:
        batch = await at.session.jobs.submit(DeleteRequest((DeleteTarget(7, "snapshot 7", "d"),)))
        jobs = at.session.jobs.by_id
        await at.until(lambda: [job.kind for job in jobs.values() if job.batch == batch] == ["delete_snapshot"])
        (made,) = [job for job in jobs.values() if job.batch == batch]
        await at.until(lambda: "queued" in at.told(made.id))
        (queued,) = [event for event in at.events if isinstance(event, JobEvent) and event.kind == "queued"]
        assert (queued.job_kind, queued.image_id) == ("delete_snapshot", 7)


@every_kind
async def test_listeners_come_and_go(tmp_path: Path, kind: str) -> None:
    async with stage(kind, tmp_path, JobState.CREATING) as at:
        gone: list[Event] = []
        stays: list[Event] = []
        leaves: list[Event] = []
        at.session.subscribe(gone.append)()

        def only_once(event: Event) -> None:
            leaves.append(event)
            unsubscribe()

        unsubscribe = at.session.subscribe(only_once)
        at.session.subscribe(stays.append)
        before = len(at.events)
        await at.submit(at.free[:1])
        assert gone == []
        assert len(leaves) == 1
        assert stays == at.events[before:], "one that leaves while it listens takes no event from the next"


@every_kind
async def test_a_watch_lasts_until_the_lock_clears(tmp_path: Path, kind: str) -> None:
    async with stage(kind, tmp_path) as at:
        server = at.free[0]
        await at.lock(server)
        assert at.session.watch(server)
        assert not at.session.watch(server)
        assert at.session.watch(server)
        assert at.session.watched == {server}
        await at.unlock(server)
        await at.until(lambda: not at.session.watched)
        (ended,) = [event for event in at.events if isinstance(event, WatchEnded)]
        assert ended.server.id == server
        assert any(isinstance(event, LockCleared) and event.server.id == server for event in at.events)


@every_kind
async def test_leaving_cancels_what_waits_where_this_process_has_it_under_way(tmp_path: Path, kind: str) -> None:
    async with stage(kind, tmp_path) as at:
        job_id = await at.job_in(JobState.WAITING)
        await at.session.jobs.leave(cancel_waiting=True)
        await at.until(lambda: at.state(job_id) is (JobState.WAITING if "follower" in kind else JobState.CANCELLED))
