"""A project's folder while a process uses it: journal, leadership, and the running processes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from hsnap_tui.common.clock import Clock
from hsnap_tui.jobs.store.errors import JournalError
from hsnap_tui.jobs.store.journal import Journal
from hsnap_tui.jobs.store.leader import Leader
from hsnap_tui.jobs.store.presence import Presence, live_processes
from hsnap_tui.jobs.store.project_identity import JOURNAL


@dataclass(frozen=True, slots=True)
class ProjectFolder:
    """The open folder, for the process named `process_name`.

    `alive` shows other processes that this one is running, `candidate` that it could become the leader.
    """

    folder: Path
    process_name: str
    journal: Journal
    leader_lock: Leader
    alive: Presence
    candidate: Presence

    def live_processes(self) -> frozenset[str]:
        """The names of the running processes, this one included."""
        return live_processes(self.folder / "processes") | {self.process_name}

    def candidates(self) -> frozenset[str]:
        """The names of other processes that could become the leader."""
        return live_processes(self.folder / "heirs") - {self.process_name}

    def step_back(self) -> None:
        """Shows that this process starts nothing more and will not become the leader."""
        self.candidate.hide()
        self.alive.hide()

    async def close(self) -> None:
        """Steps back and closes the journal."""
        self.step_back()
        await self.journal.close()


async def open_project_folder(folder: Path, process_name: str) -> ProjectFolder:
    """The project's folder with its journal open. Raises `JournalError`."""
    journal = Journal(folder / JOURNAL)
    try:
        await journal.open()
    except JournalError:
        await journal.close()
        raise
    alive, candidate = Presence(folder / "processes", process_name), Presence(folder / "heirs", process_name)
    return ProjectFolder(folder, process_name, journal, Leader(folder), alive, candidate)


async def pause(clock: Clock, event: asyncio.Event, seconds: float) -> None:
    """Waits for the event, that long at most."""
    waits = {asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep(seconds))}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
