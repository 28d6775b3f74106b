"""The arguments of the command line, one dataclass for each command."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hsnap_tui.config.settings import Choices
from hsnap_tui.headless.selection import ServerSelection
from hsnap_tui.jobs.core.model import SnapshotOptions


@dataclass(frozen=True, slots=True)
class ConsoleArguments:
    """The console. Without a `theme` it uses the default one."""

    choices: Choices
    demo: bool = False
    theme: str | None = None


@dataclass(frozen=True, slots=True)
class SnapshotArguments:
    """`hsnap-tui snapshot`. Without a `timeout` its time is not limited."""

    choices: Choices
    demo: bool
    servers: ServerSelection
    options: SnapshotOptions
    description: str
    dry_run: bool
    network_wait: timedelta
    timeout: timedelta | None
    json: bool


@dataclass(frozen=True, slots=True)
class ResumeArguments:
    """`hsnap-tui resume`; `yes` approves held jobs too."""

    choices: Choices
    demo: bool
    yes: bool
    network_wait: timedelta
    timeout: timedelta | None
    json: bool


@dataclass(frozen=True, slots=True)
class JobsArguments:
    """`hsnap-tui jobs`."""

    choices: Choices
    demo: bool
    json: bool


@dataclass(frozen=True, slots=True)
class SnapshotsListArguments:
    """`hsnap-tui snapshots list`."""

    choices: Choices
    demo: bool
    servers: tuple[str, ...]
    selector: str | None
    network_wait: timedelta
    json: bool


@dataclass(frozen=True, slots=True)
class SnapshotsDeleteArguments:
    """`hsnap-tui snapshots delete`. Without `yes` the user is asked first."""

    choices: Choices
    demo: bool
    image_ids: tuple[int, ...]
    yes: bool
    dry_run: bool
    network_wait: timedelta
    timeout: timedelta | None
    json: bool


@dataclass(frozen=True, slots=True)
class CompletionArguments:
    """`hsnap-tui completion`: the shell whose script is printed."""

    shell: str


HeadlessArguments = (
    SnapshotArguments | SnapshotsListArguments | SnapshotsDeleteArguments | ResumeArguments | JobsArguments
)
Arguments = ConsoleArguments | HeadlessArguments | CompletionArguments
