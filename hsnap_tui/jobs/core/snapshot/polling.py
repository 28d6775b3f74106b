"""What snapshot jobs need to be told, and what of a poll is news to one (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from hsnap_tui.cloud.model import Action
from hsnap_tui.fleet.poll_targets import PollTargets
from hsnap_tui.fleet.state import Fleet, Observation
from hsnap_tui.jobs.core.model import Phase, Power, SnapshotJob, TrackedRequest
from hsnap_tui.jobs.core.observations import ActionLost, ActionSeen, ServerSeen

AHEAD = 2
"""Of servers that wait for their turn to be shut down, so many more than may be off are kept under observation."""


def poll_targets(jobs: Iterable[SnapshotJob], starting: bool) -> PollTargets:
    """The actions to follow and the servers to look at for these jobs.

    `starting`: each may begin as soon as its server allows it; otherwise only servers that are off because of us are
    looked at.
    """
    actions: set[int] = set()
    servers: set[int] = set()
    in_line: Counter[str] = Counter()
    off: set[int] = set()
    switching: set[int] = set()
    for job in jobs:
        if job.watching:
            servers.add(job.server_id)
        if job.resting:
            continue
        actions |= _followed(job)
        if job.power is Power.RESTORE_PENDING:
            off.add(job.server_id)
            switching |= _switching(job)
        elif starting and _waits(job) and not _far_back(job, in_line):
            servers.add(job.server_id)
    return PollTargets(frozenset(actions - switching), frozenset(servers - off), frozenset(off), frozenset(switching))


def _followed(job: SnapshotJob) -> set[int]:
    return _known(job.create_image) | _switching(job)


def _switching(job: SnapshotJob) -> set[int]:
    """The actions that switch the job's server off or on."""
    going_off = job.result is None and job.off_at is None
    return _known(job.power_on) | (_known(job.shutdown) if going_off else set())


def _known(request: TrackedRequest) -> set[int]:
    if request.phase is not Phase.ACCEPTED or request.action_id is None:
        return set()
    return {request.action_id}


def _waits(job: SnapshotJob) -> bool:
    return job.result is None and job.create_image.phase is Phase.READY and not job.busy


def _far_back(job: SnapshotJob, in_line: Counter[str]) -> bool:
    """Whether so many others of its batch are to be shut down before it that looking at its server is too early."""
    if not job.options.shut_down:
        return False
    in_line[job.batch] += 1
    return in_line[job.batch] > job.options.at_a_time + AHEAD


def observations_for(
    job: SnapshotJob, observation: Observation, actions: Mapping[int, Action], fleet: Fleet
) -> Iterator[ServerSeen | ActionSeen | ActionLost]:
    """What an observation, with these actions in it, says about a job."""
    for action_id in _followed(job):
        action = actions.get(action_id)
        if action is not None:
            yield ActionSeen(action)
        elif action_id in observation.lost_actions:
            yield ActionLost(action_id)
    server = observation.servers.get(job.server_id)
    if server is not None:
        view = fleet.views.get(job.server_id)
        yield ServerSeen(observation.started, server, view.lock_holder if view else None)
    elif job.server_id in observation.gone:
        yield ServerSeen(observation.started, None)


def known_observations(job: SnapshotJob, fleet: Fleet) -> Iterator[ServerSeen]:
    """What is known of a job's server already."""
    view = fleet.views.get(job.server_id)
    if view is not None:
        yield ServerSeen(view.seen, view.server, view.lock_holder)
