"""What jobs of all kinds need to be told, and what of a poll is news to a job (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from hsnap_tui.cloud.model import Action
from hsnap_tui.fleet.poll_targets import PollTargets
from hsnap_tui.fleet.state import Fleet, Observation
from hsnap_tui.jobs.core.job_kind import PollObservation
from hsnap_tui.jobs.core.kinds import KINDS, kind_of
from hsnap_tui.jobs.core.model import Job
from hsnap_tui.jobs.core.observations import ServerSeen


def poll_targets(jobs: Iterable[Job], *, pausing: Collection[str] = ()) -> PollTargets:
    """The actions to follow and the servers to look at for these jobs.

    Of the kinds that are `pausing`, none may begin: only servers that are off because of us are looked at.
    """
    by_kind: dict[str, list[Job]] = {}
    for job in jobs:
        by_kind.setdefault(job.kind, []).append(job)
    found = [KINDS[name].poll_targets(of_kind, name not in pausing) for name, of_kind in by_kind.items()]
    off = frozenset().union(*(targets.off for targets in found))
    switching = frozenset().union(*(targets.switching for targets in found))
    return PollTargets(
        frozenset().union(*(targets.actions for targets in found)) - switching,
        frozenset().union(*(targets.servers for targets in found)) - off,
        off,
        switching,
    )


def actions_in(observation: Observation) -> Mapping[int, Action]:
    """All actions of an observation by ID; one asked for by ID is newer than the same in the list."""
    return {**{action.id: action for action in observation.running or ()}, **observation.actions}


def observations_for(
    job: Job, observation: Observation, actions: Mapping[int, Action], fleet: Fleet
) -> Iterator[PollObservation]:
    """What an observation, with these actions in it, says about a job."""
    return kind_of(job).observations_for(job, observation, actions, fleet)


def known_observations(job: Job, fleet: Fleet) -> Iterator[ServerSeen]:
    """What is known already of what a job is about."""
    return kind_of(job).known_observations(job, fleet)
