"""Follows a batch that this process has started to its end."""

from __future__ import annotations

from hsnap_tui.headless.auto_release import PROCESS_ENDED, AutoRelease
from hsnap_tui.headless.exit_codes import ExitCode
from hsnap_tui.headless.report import Report
from hsnap_tui.headless.run import Interrupts, follow
from hsnap_tui.jobs.core.model import Job
from hsnap_tui.session.session import Session

TAKEOVERS = 5
"""How often a batch may pass to another leader before its jobs stay held."""


async def follow_batch(
    session: Session, report: Report, interrupts: Interrupts, batch: str, network_wait: float
) -> ExitCode:
    """Follows the batch. Its jobs are approved whenever they are held only because another process has become the
    leader: the options of the command line were the user's approval."""

    def chosen() -> list[Job]:
        return [job for job in session.jobs.by_id.values() if job.batch == batch]

    auto_release = AutoRelease(session, chosen, reasons=PROCESS_ENDED, times=TAKEOVERS)
    return await follow(session, report, chosen, interrupts, network_wait, auto_release=auto_release)
