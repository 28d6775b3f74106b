"""Whatever the order, doubling and lateness of observations: what is told fits what is shown."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hsnap_tui.cloud.model import Action, ActionStatus, Server, ServerStatus
from hsnap_tui.events import Event, FleetUpdated, LockCleared, LockTaken, ServerAppeared, ServerChanged, ServerGone
from hsnap_tui.fleet.state import Fleet, Observation, apply
from tests.fleet.things import PROJECT, action, at, server, snapshot

IDS = st.integers(1, 4)
TIMES = st.integers(0, 12).map(float)


@st.composite
def servers(draw: st.DrawFn) -> Server:
    status = draw(st.sampled_from([ServerStatus.RUNNING, ServerStatus.OFF]))
    return server(draw(IDS), locked=draw(st.booleans()), status=status)


@st.composite
def actions(draw: st.DrawFn) -> Action:
    status = draw(st.sampled_from(ActionStatus))
    on = draw(st.lists(IDS, max_size=2, unique=True))
    return action(draw(st.integers(1, 5)), *on, started=draw(TIMES), status=status)


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    started = at(draw(TIMES))
    match draw(st.integers(0, 5)):
        case 0:
            return Observation(started, servers={one.id: one for one in draw(st.lists(servers()))}, complete=True)
        case 1:
            one = draw(servers())
            return Observation(started, servers={one.id: one})
        case 2:
            return Observation(started, gone=frozenset({draw(IDS)}))
        case 3:
            return Observation(started, running=tuple(one for one in draw(st.lists(actions())) if one.running))
        case 4:
            found = {one.id: one for one in draw(st.lists(actions(), max_size=3))}
            lost = frozenset(draw(st.lists(st.integers(1, 5), max_size=2))) - found.keys()
            return Observation(started, actions=found, lost_actions=lost)
        case _:
            count = draw(st.integers(0, 3))
            return Observation(started, snapshots=tuple(snapshot(n, draw(IDS), draw(TIMES)) for n in range(count)))


def retell(known: dict[int, Server], event: Event) -> None:
    """What a listener knows who hears only events."""
    match event:
        case ServerAppeared():
            assert event.server.id not in known
            known[event.server.id] = event.server
        case ServerGone():
            del known[event.server.id]
        case ServerChanged():
            was = known[event.server.id]
            assert replace(event.before, locked=was.locked) == was
            known[event.server.id] = replace(event.server, locked=was.locked)
        case LockTaken():
            assert not known[event.server.id].locked, "taken twice"
            known[event.server.id] = replace(known[event.server.id], locked=True)
        case LockCleared():
            assert known[event.server.id].locked, "cleared without having been taken"
            assert event.seconds >= 0
            known[event.server.id] = replace(known[event.server.id], locked=False)


@given(st.lists(observations(), max_size=40))
def test_who_hears_only_the_events_knows_the_servers_and_their_locks(seen: list[Observation]) -> None:
    fleet = Fleet(PROJECT)
    known: dict[int, Server] | None = None
    for observation in seen:
        fleet, events = apply(fleet, observation, ())
        if known is not None:
            for event in events:
                retell(known, event)
            assert known == {key: view.server for key, view in fleet.views.items()}
        elif fleet.listed_at is not None:
            assert isinstance(events[-1], FleetUpdated)
            assert events[-1].first
            known = {key: view.server for key, view in fleet.views.items()}


@given(st.lists(observations(), max_size=25), st.data())
def test_a_doubled_observation_tells_nothing(seen: list[Observation], data: st.DataObject) -> None:
    fleet = Fleet(PROJECT)
    for observation in seen:
        fleet, _ = apply(fleet, observation, ())
    if seen:
        same, events = apply(fleet, seen[-1], ())
        assert events == ()
        assert same == fleet


@given(st.lists(observations(), max_size=40))
def test_changed_names_every_row_that_looks_different_and_no_other(seen: list[Observation]) -> None:
    fleet = Fleet(PROJECT)
    for observation in seen:
        before = fleet
        fleet, events = apply(fleet, observation, ())
        changed = {key for event in events if isinstance(event, FleetUpdated) for key in event.changed}
        old = {key: replace(view, seen=at(0)) for key, view in before.views.items()}
        new = {key: replace(view, seen=at(0)) for key, view in fleet.views.items()}
        assert changed == {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


@given(st.lists(observations(), max_size=40))
def test_time_never_runs_backwards_and_locks_have_a_start(seen: list[Observation]) -> None:
    fleet = Fleet(PROJECT)
    for observation in seen:
        before = fleet
        fleet, _ = apply(fleet, observation, ())
        for key, view in fleet.views.items():
            if key in before.views:
                assert view.seen >= before.views[key].seen
            assert (view.locked_since is not None) == view.server.locked
            if view.lock_holder is not None:
                assert key in view.lock_holder.server_ids
            if not view.server.locked:
                assert view.lock_holder == fleet.actions.holders.get(key)
                assert view.held_by is None
