"""What really happened, from inside the simulated cloud, held against what the jobs say."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hsnap_tui.demo.model.cloud import Cloud
from hsnap_tui.demo.model.resources import SimulatedImage
from hsnap_tui.demo.serving.simulation import Simulation
from hsnap_tui.jobs.core.model import JOB_LABEL, Job, JobState, Power

NO_SNAPSHOT = frozenset({JobState.FAILED, JobState.CANCELLED, JobState.SKIPPED, JobState.NEEDS_APPROVAL})
"""Of jobs in these states we say that there is no snapshot."""


def usable(simulation: Simulation) -> Mapping[str, list[SimulatedImage]]:
    """The snapshots made since the cloud began that are there and available, by the job that their label names; ""
    for those without. Those that the cloud's own life makes, which carry a label of their own, are left out."""
    found: dict[str, list[SimulatedImage]] = {}
    began, images = simulation.call(lambda cloud: (cloud.began, cloud.snapshots()))
    for image in images:
        there = image.status == "available" and image.deleted is None
        if there and image.created >= began and "created-by" not in image.labels:
            found.setdefault(image.labels.get(JOB_LABEL, ""), []).append(image)
    return found


def statuses(simulation: Simulation) -> Mapping[str, str]:
    """The servers' statuses by name."""
    return simulation.call(lambda cloud: {server.name: server.status for server in cloud.servers.values()})


def left_off(simulation: Simulation, before: Mapping[str, str]) -> list[str]:
    """The servers that were not off before and are now, with nobody at work on them."""

    def look(cloud: Cloud) -> list[str]:
        servers = cloud.servers.values()
        return [s.name for s in servers if before.get(s.name) != "off" and s.status == "off" and not s.locked]

    return simulation.call(look)


def wait_until_still(simulation: Simulation, grace: float, within: float = 200.0) -> None:
    """Returns when no action has run for `grace` real seconds: late effects have come by then."""
    still_since, end = time.monotonic(), time.monotonic() + within
    while time.monotonic() < end:
        if simulation.call(lambda cloud: any(action.finished is None for action in cloud.actions.values())):
            still_since = time.monotonic()
        if time.monotonic() - still_since >= grace:
            return
        time.sleep(0.1)


@dataclass(slots=True)
class Verdict:
    """Jobs held against the truth. Every list should be empty."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """Why jobs failed, are held or unknown."""
    snapshots: int = 0
    duplicates: list[str] = field(default_factory=list)
    """Jobs with more than one usable snapshot."""
    lost: list[str] = field(default_factory=list)
    """Jobs that ended well without a usable snapshot, and servers asked for without a job."""
    denied: list[str] = field(default_factory=list)
    """Jobs of which we say that there is no snapshot, though there is one."""
    unfinished: list[str] = field(default_factory=list)
    """Jobs that neither ended nor wait for a person."""
    unlabelled: int = 0
    owed: list[str] = field(default_factory=list)
    """Jobs that stand still and have a server that is still to be powered on."""


def judge(jobs: Iterable[Job], simulation: Simulation) -> Verdict:
    """Compares."""
    verdict, made = Verdict(), usable(simulation)
    known: set[str] = set()
    for job in jobs:
        known.add(job.id)
        own = made.get(job.id, [])
        verdict.outcomes[job.state.value] += 1
        verdict.snapshots += len(own)
        if reason := job.failure.kind if job.failure else job.hold:
            verdict.reasons[reason] += 1
        name = f"{job.server_name} ({job.id})"
        if len(own) > 1:
            verdict.duplicates.append(name)
        if job.state is JobState.DONE and not own:
            verdict.lost.append(name)
        if job.state in NO_SNAPSHOT and own:
            verdict.denied.append(f"{name} {job.state}")
        if not (job.state.ended or job.state.needs_person):
            verdict.unfinished.append(f"{name} {job.state}")
        elif job.power is Power.RESTORE_PENDING:
            verdict.owed.append(name)
    verdict.unlabelled = len(made.get("", []))
    verdict.lost += [f"snapshots of the unknown job {job_id}" for job_id in made if job_id and job_id not in known]
    return verdict
