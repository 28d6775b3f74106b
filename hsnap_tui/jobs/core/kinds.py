"""The kinds of jobs that there are. A new kind is entered here, and its own file tells the rest."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hsnap_tui.jobs.core.delete_snapshot import DELETE_SNAPSHOT
from hsnap_tui.jobs.core.job_kind import JobKind
from hsnap_tui.jobs.core.model import Job
from hsnap_tui.jobs.core.snapshot.kind import SNAPSHOT

EARLIEST = SNAPSHOT.name
"""What a row of the journal is that names no kind: earlier versions knew this one only."""

KINDS: Mapping[str, JobKind[Any]] = MappingProxyType({kind.name: kind for kind in (SNAPSHOT, DELETE_SNAPSHOT)})


def kind_of(job: Job) -> JobKind[Any]:
    """The kind of a job."""
    return KINDS[job.kind]
