"""A project's folder while it is in use: its journal, the right to send, and which processes live."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from hsnap_tui.common.clock import Clock
from hsnap_tui.jobs.store.errors import JournalError
from hsnap_tui.jobs.store.journal import Journal
from hsnap_tui.jobs.store.leader import Leader
from hsnap_tui.jobs.store.presence import Presence, living
from hsnap_tui.jobs.store.project_identity import JOURNAL


@dataclass(frozen=True, slots=True)
class ProjectFolder:
    """What this process, by the name `me`, has of it.

    `alive` shows other processes that this one runs, `candidate` that it could go on with the sending.
    """

    folder: Path
    me: str
    journal: Journal
    leader_lock: Leader
    alive: Presence
    candidate: Presence

    def living(self) -> frozenset[str]:
        """The processes that run, this one included."""
        return living(self.folder / "processes") | {self.me}

    def candidates(self) -> frozenset[str]:
        """Other processes that could go on with the sending."""
        return living(self.folder / "heirs") - {self.me}

    def step_back(self) -> None:
        """From here on this process asks for nothing more and takes nothing over."""
        self.candidate.hide()
        self.alive.hide()

    async def close(self) -> None:
        """Ends the use."""
        self.step_back()
        await self.journal.close()


async def open_project_folder(folder: Path, me: str) -> ProjectFolder:
    """The project's folder with its journal open. Raises `JournalError`."""
    journal = Journal(folder / JOURNAL)
    try:
        await journal.open()
    except JournalError:
        await journal.close()
        raise
    alive, candidate = Presence(folder / "processes", me), Presence(folder / "heirs", me)
    return ProjectFolder(folder, me, journal, Leader(folder), alive, candidate)


async def pause(clock: Clock, event: asyncio.Event, seconds: float) -> None:
    """Waits for the event, that long at most."""
    waits = {asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep(seconds))}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
