"""`hsnap-tui snapshot`, `resume` and `jobs`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hsnap_tui.cloud.errors import CloudError, ErrorKind
from hsnap_tui.cloud.model import Server
from hsnap_tui.common import formatting
from hsnap_tui.common.clock import SystemClock
from hsnap_tui.config.secret import Secret
from hsnap_tui.config.settings import Settings
from hsnap_tui.events import Failure
from hsnap_tui.headless import dry_run, json_lines, unfinished
from hsnap_tui.headless.auto_release import AutoRelease
from hsnap_tui.headless.batch import follow_batch
from hsnap_tui.headless.ending import end as _end
from hsnap_tui.headless.exit_codes import ExitCode
from hsnap_tui.headless.report import Report
from hsnap_tui.headless.run import Interrupts, LeftEarlyError, NoAccessError, follow, running, wait_ready
from hsnap_tui.headless.selection import AmbiguousError, NothingMatchedError, ServerSelection, chosen
from hsnap_tui.jobs.core.model import Job, SnapshotOptions, SnapshotRequest, Target
from hsnap_tui.jobs.interface import RefusedError
from hsnap_tui.jobs.store.damaged_state import JOURNAL_MADE_FILE
from hsnap_tui.jobs.store.errors import JournalError
from hsnap_tui.jobs.store.journal import Batch, Journal
from hsnap_tui.jobs.store.project_identity import JOURNAL, ProjectIdentity, find, fingerprint, project_id
from hsnap_tui.jobs.store.rows import UnreadableJob
from hsnap_tui.messages import failures, job_messages, snapshot_messages
from hsnap_tui.session.session import Session
from hsnap_tui.snapshots.template import render


@dataclass(frozen=True, slots=True)
class SnapshotCommand:
    """The arguments of `hsnap-tui snapshot`. `network_wait`: seconds for which the network is tried at the start."""

    selection: ServerSelection
    options: SnapshotOptions
    template: str
    network_wait: float
    dry_run: bool = False


async def snapshot(session: Session, command: SnapshotCommand, report: Report, interrupts: Interrupts) -> ExitCode:
    """Makes the snapshots; returns the exit code."""
    network_wait = command.network_wait
    async with running(session, report):
        try:
            await wait_ready(session, session.listed, interrupts, network_wait)
            servers = await _chosen(session, command.selection, interrupts, network_wait)
            if command.dry_run:
                return _write_plan(session, servers, command, report)
            await wait_ready(session, session.jobs.ready.wait, interrupts, network_wait)
            batch = await session.jobs.submit(_request(session, servers, command))
        except (
            AmbiguousError,
            NothingMatchedError,
            NoAccessError,
            LeftEarlyError,
            CloudError,
            RefusedError,
        ) as error:
            return _nothing_started(error, report)
        return await follow_batch(session, report, interrupts, batch, network_wait)


def _request(session: Session, servers: list[Server], command: SnapshotCommand) -> SnapshotRequest:
    now = session.clock.now()
    targets = (Target(server.id, server.name, render(command.template, server, now)) for server in servers)
    return SnapshotRequest(tuple(targets), command.options)


def _nothing_started(error: Exception, report: Report) -> ExitCode:
    match error:
        case AmbiguousError():
            return _end(report, ExitCode.USAGE, str(error))
        case NothingMatchedError():
            return _end(report, ExitCode.NOTHING_MATCHED, str(error))
        case CloudError(kind=ErrorKind.INVALID_INPUT):
            return _end(
                report,
                ExitCode.USAGE,
                f"Nothing was started: Hetzner does not understand the label selector ({error}).",
            )
        case CloudError():
            return _end(report, ExitCode.NO_ACCESS, f"Nothing was started: {failures.explain(Failure.of(error))}")
        case NoAccessError():
            return _end(report, ExitCode.NO_ACCESS, str(error))
        case LeftEarlyError():
            return _end(report, ExitCode.UNFINISHED, str(error))
        case _:
            return _end(report, ExitCode.UNFINISHED, f"Nothing was started: {error}")


async def _chosen(
    session: Session, selection: ServerSelection, interrupts: Interrupts, network_wait: float
) -> list[Server]:
    selector = selection.selector
    matching = (
        await wait_ready(session, lambda: session.matching(selector), interrupts, network_wait) if selector else ()
    )
    return chosen((view.server for view in session.fleet.views.values()), selection, matching)


def _write_plan(session: Session, servers: list[Server], command: SnapshotCommand, report: Report) -> ExitCode:
    now, options = session.clock.now(), command.options
    for server in servers:
        description = render(command.template, server, now)
        view = session.fleet.views[server.id]
        text = f"{server.name} ({server.id}): {dry_run.in_words(view, options)}, described as “{description}”"
        report.write_either(text, dry_run.as_record(view, options, description))
    return _end(report, ExitCode.DONE, f"{formatting.count(len(servers), 'server')}; nothing was sent (--dry-run).")


async def resume(
    session: Session, report: Report, interrupts: Interrupts, *, yes: bool, network_wait: float
) -> ExitCode:
    """Finishes the jobs that an interrupted run has left; returns the exit code."""
    async with running(session, report):
        try:
            await wait_ready(session, session.jobs.ready.wait, interrupts, network_wait)
            if session.jobs.halted is not None:
                return _end(
                    report,
                    ExitCode.UNFINISHED,
                    f"Nothing was resumed: {failures.explain(session.jobs.halted)}",
                )
            left = [job for job in session.jobs.by_id.values() if not job.over]
            if not left:
                unreadable_jobs = unfinished.unreadable_jobs_text(session)
                text = "Nothing else is left to do." if unreadable_jobs else "Nothing is left to do."
                return _end(
                    report,
                    unfinished.with_servers_off(session, ExitCode.DONE),
                    f"{unreadable_jobs or ''} {text}".strip(),
                )
            await wait_ready(session, session.listed, interrupts, network_wait)
            await wait_ready(session, session.jobs.leadership_is_clear, interrupts, network_wait)

            def chosen() -> list[Job]:
                return [session.jobs.by_id[job.id] for job in left]

            auto_release = AutoRelease(session, chosen) if yes else None
            return await follow(session, report, chosen, interrupts, network_wait, auto_release=auto_release)
        except (NoAccessError, LeftEarlyError, RefusedError) as error:
            return _nothing_started(error, report)


async def jobs(settings: Settings, token: Secret, report: Report, *, limit: int = 20) -> ExitCode:
    """Writes the jobs under way and the past batches, read from the journal; returns the exit code."""
    try:
        batches, unreadable = await _batches(settings, token, report, limit)
    except JournalError as error:
        return _end(report, ExitCode.UNFINISHED, failures.explain(error.failure))
    if not batches:
        return _end(report, ExitCode.DONE, _NO_JOBS)
    for batch in batches:
        _write_batch(batch, report)
    for job in unreadable:
        off = f"{job.server} may be off because of it" if job.may_be_off else "its server is not off because of it"
        report.write_text(f"Job {job.id} ({job.server}) can't be read in the journal: {job.reason}; {off}.")
    code = ExitCode.UNFINISHED if any(job.may_be_off for job in unreadable) else ExitCode.DONE
    report.record(json_lines.record("end", exit=int(code)))
    return code


_NO_JOBS = (
    "No jobs yet with this token on this machine. A project whose token is new is known again when hsnap-tui has "
    "listed its servers once."
)


async def _batches(
    settings: Settings, token: Secret, report: Report, limit: int
) -> tuple[tuple[Batch, ...], tuple[UnreadableJob, ...]]:
    identity = ProjectIdentity(settings.endpoint, (fingerprint(token.reveal()),))
    warnings: list[str] = []
    folder = await asyncio.to_thread(find, settings.state_dir, identity, warnings.append)
    for text in warnings:
        report.write_text(text)
    if folder is None or (not (folder / JOURNAL_MADE_FILE).exists() and not (folder / JOURNAL).exists()):
        return (), ()
    journal = Journal(folder / JOURNAL)
    try:
        await journal.open()
        batches = [batch.of_project(project_id(folder)) for batch in await journal.batches(limit)]
        return tuple(batches), await journal.unreadable()
    finally:
        await journal.close()


def _write_batch(batch: Batch, report: Report) -> None:
    now = SystemClock().now()
    heading = json_lines.of_batch(batch)
    text = job_messages.batch_in_words(batch.jobs, batch.created, now)
    report.write_either(f"{formatting.date_time(batch.created)}  batch {batch.id}: {text}", heading)
    for job in batch.jobs:
        report.write_either(f"  {_outcome(job)}", json_lines.of_job(job, now))


def _outcome(job: Job) -> str:
    took = f" after {formatting.duration((job.ended - job.created).total_seconds())}" if job.ended else ""
    snapshot = snapshot_messages.snapshot_in_words(job)
    made = f", {snapshot}" if snapshot else ""
    reason = job.failure.message if job.failure else job_messages.hold_in_words(job.hold)
    return f"{job.server_name}: {job_messages.state_in_words(job)}{took}{made}{f': {reason}' if reason else ''}"
