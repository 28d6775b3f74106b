"""`hsnap-tui snapshot`, `resume` and `jobs`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hsnap_tui import words
from hsnap_tui.clock import SystemClock
from hsnap_tui.cloud.errors import CloudError
from hsnap_tui.cloud.model import Server
from hsnap_tui.console import Refused
from hsnap_tui.events import Role
from hsnap_tui.fleet.state import ServerView
from hsnap_tui.headless.choose import Choice, NothingMatchedError, chosen
from hsnap_tui.headless.exits import ExitCode
from hsnap_tui.headless.report import Report
from hsnap_tui.headless.run import Interrupts, NoAccessError, explained, first, follow, running
from hsnap_tui.jobs.codec import to_plain
from hsnap_tui.jobs.errors import JournalError
from hsnap_tui.jobs.journal import Batch, Journal
from hsnap_tui.jobs.model import IfLocked, Job, JobState, SnapshotOptions, SnapshotRequest, Target
from hsnap_tui.jobs.project import Card, find, fingerprint
from hsnap_tui.jobs.template import render
from hsnap_tui.session import Session
from hsnap_tui.settings import Secret, Settings


@dataclass(frozen=True, slots=True)
class SnapshotCommand:
    """What `hsnap-tui snapshot` was asked to do."""

    choice: Choice
    options: SnapshotOptions
    template: str
    dry_run: bool = False


async def snapshot(session: Session, command: SnapshotCommand, report: Report) -> ExitCode:
    """Makes the snapshots; gives the exit code."""
    interrupts = Interrupts()
    interrupts.listen()
    async with running(session, report):
        try:
            await first(session, session.listed)
            servers = await _chosen(session, command.choice)
            if command.dry_run:
                return _tell_plan(session, servers, command, report)
            await first(session, session.ready)
            now = session.clock.now()
            targets = tuple(
                Target(server.id, server.name, render(command.template, server, now)) for server in servers
            )
            batch = await session.submit(SnapshotRequest(targets, command.options))
        except NothingMatchedError as error:
            return _end(report, ExitCode.NOTHING_MATCHED, str(error))
        except NoAccessError as error:
            return _end(report, ExitCode.NO_ACCESS, str(error))
        except CloudError as error:
            return _end(report, ExitCode.NO_ACCESS, explained(error))
        except Refused as error:
            return _end(report, ExitCode.UNFINISHED, str(error))
        ids = await _ids_of(session, batch, len(targets))
        return await follow(session, report, ids, interrupts)


async def _ids_of(session: Session, batch: str, count: int) -> list[str]:
    """The jobs of a batch, as soon as they have arrived from the journal."""
    while True:
        ids = [job.id for job in session.jobs.values() if job.batch == batch]
        if len(ids) == count:
            return ids
        await session.clock.sleep(0.1)


async def _chosen(session: Session, choice: Choice) -> list[Server]:
    matching = await session.matching(choice.selector) if choice.selector else ()
    return chosen((view.server for view in session.fleet.views.values()), choice, matching)


def _tell_plan(session: Session, servers: list[Server], command: SnapshotCommand, report: Report) -> ExitCode:
    now = session.clock.now()
    for server in servers:
        description = render(command.template, server, now)
        view = session.fleet.views[server.id]
        report.say(f"{server.name} ({server.id}): {_plan(view, command.options)}, described as “{description}”")
        report.record(
            "would_snapshot",
            server_id=server.id,
            server_name=server.name,
            locked=server.locked,
            description=description,
        )
    report.say(f"{words.count(len(servers), 'server')}; nothing was sent (--dry-run).")
    return ExitCode.DONE


def _plan(view: ServerView, options: SnapshotOptions) -> str:
    if view.server.locked and options.if_locked is IfLocked.SKIP:
        return "would be skipped, it is locked"
    steps = ["would wait for its lock"] if view.server.locked else []
    if options.shut_down and view.server.status.value == "running":
        steps.append("would be shut down, and switched on again as soon as its lock clears")
    steps.append("a snapshot would be made")
    return ", then ".join(steps)


async def resume(session: Session, report: Report, *, yes: bool) -> ExitCode:
    """Finishes what an interrupted run left; gives the exit code."""
    interrupts = Interrupts()
    interrupts.listen()
    async with running(session, report):
        try:
            await first(session, session.ready)
        except NoAccessError as error:
            return _end(report, ExitCode.NO_ACCESS, str(error))
        if session.halted is not None:
            return _end(report, ExitCode.UNFINISHED, f"{session.halted.message}. {session.halted.advice}")
        left = [job for job in session.jobs.values() if not job.state.ended]
        if not left:
            return _end(report, ExitCode.DONE, "Nothing is left to do.")
        if session.role is Role.FOLLOWER:
            report.say("Another hsnap-tui on this machine is at it; following.")
        try:
            if yes:
                await session.release([job.id for job in left])
        except Refused as error:
            return _end(report, ExitCode.UNFINISHED, str(error))
        await _released(session, left, yes=yes)
        code = await follow(session, report, [job.id for job in left], interrupts)
        _tell_held(session, report, left)
        return code


async def _released(session: Session, left: list[Job], *, yes: bool) -> None:
    """Waits until a yes has been taken in: a held job looks finished until then."""
    held = [job.id for job in left if job.state is JobState.HELD] if yes else []
    waited = 0.0
    while waited < 5 and any(session.jobs[job_id].state is JobState.HELD for job_id in held):
        await session.clock.sleep(0.1)
        waited += 0.1


def _tell_held(session: Session, report: Report, left: list[Job]) -> None:
    held = [job.server_name for job in left if session.jobs[job.id].state is JobState.HELD]
    if held:
        report.say(f"Held for your yes: {words.listed(held)}. hsnap-tui resume --yes goes on with them.")


def _end(report: Report, code: ExitCode, text: str) -> ExitCode:
    report.say(text)
    report.record("end", exit=int(code), message=text)
    return code


async def jobs(settings: Settings, token: Secret, report: Report, *, limit: int = 20) -> ExitCode:
    """Tells what is under way and past batches, from the journal alone; gives the exit code."""
    try:
        batches = await _batches(settings, token, limit)
    except JournalError as error:
        return _end(report, ExitCode.UNFINISHED, f"{error}. {error.failure.advice}")
    if not batches:
        report.say("No snapshots have been asked for with this token on this machine yet.")
    for batch in batches:
        _tell_batch(batch, report)
    return ExitCode.DONE


async def _batches(settings: Settings, token: Secret, limit: int) -> tuple[Batch, ...]:
    card = Card(settings.endpoint, (fingerprint(token.reveal()),))
    folder = await asyncio.to_thread(find, settings.state_dir, card)
    if folder is None or not (folder / "journal.sqlite3").exists():
        return ()
    journal = Journal(folder / "journal.sqlite3")
    try:
        await journal.open()
        return await journal.batches(limit)
    finally:
        await journal.close()


def _tell_batch(batch: Batch, report: Report) -> None:
    now = SystemClock().now()
    ended = [job for job in batch.jobs if job.state.ended]
    under_way = "" if len(ended) == len(batch.jobs) else f", {len(batch.jobs) - len(ended)} under way"
    count = words.count(len(batch.jobs), "job")
    report.say(f"{words.date_time(batch.created)}  batch {batch.id}: {count}{under_way}")
    for job in batch.jobs:
        report.say(f"  {_outcome(job)}")
        took = ((job.ended or now) - job.created).total_seconds()
        report.record("job", seconds=took, **to_plain(job))


def _outcome(job: Job) -> str:
    took = f" after {words.exactly((job.ended - job.created).total_seconds())}" if job.ended else ""
    made = f", snapshot {job.image_id}" if job.image_id else ""
    why = f": {job.failure.message}" if job.failure else f" ({job.hold.value.replace('_', ' ')})" if job.hold else ""
    return f"{job.server_name}: {job.state.value.replace('_', ' ')}{took}{made}{why}"
