"""Servers, actions and snapshots for tests."""

from __future__ import annotations

from datetime import datetime, timedelta

from hsnap_tui.cloud.model import Action, ActionStatus, ImageStatus, Resource, Server, ServerStatus, Snapshot
from tests.clocks import START

PROJECT = "p"


def at(seconds: float) -> datetime:
    """So many seconds after the tests' start."""
    return START + timedelta(seconds=seconds)


def server(number: int, *, locked: bool = False, status: ServerStatus = ServerStatus.RUNNING) -> Server:
    """A server named after its ID."""
    name = f"sg{number}"
    return Server(PROJECT, number, name, name, status, locked, START - timedelta(days=90), "cx22", "fsn1", "10.0.0.1")


def action(
    number: int,
    *servers: int,
    command: str = "reboot_server",
    started: float = 0.0,
    progress: int = 0,
    status: ActionStatus = ActionStatus.RUNNING,
) -> Action:
    """An action on these servers."""
    resources = tuple(Resource("server", server_id) for server_id in servers)
    return Action(number, command, status, progress, at(started), resources=resources)


def snapshot(
    number: int, server_id: int | None, created: float = 0.0, status: ImageStatus = ImageStatus.AVAILABLE
) -> Snapshot:
    """A snapshot of a server."""
    return Snapshot(PROJECT, number, f"snapshot {number}", status, at(created), 1.0, 40, server_id)
