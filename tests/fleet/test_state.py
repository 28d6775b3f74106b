from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from hsnap_tui.cloud.model import Action, ActionStatus, ImageStatus, Resource, Server, ServerStatus, Snapshot
from hsnap_tui.events import Event, FleetUpdated, LockCleared, LockTaken, ServerAppeared, ServerChanged, ServerGone
from hsnap_tui.fleet.state import Fleet, Observation, apply
from tests.fleet.things import PROJECT, action, at, server, snapshot


def listed(seconds: float, *servers: Server) -> Observation:
    return Observation(at(seconds), servers={one.id: one for one in servers}, complete=True)


def single(seconds: float, one: Server) -> Observation:
    return Observation(at(seconds), servers={one.id: one})


def running(seconds: float, *actions: Action) -> Observation:
    return Observation(at(seconds), running=actions)


def snapshots(seconds: float, *found: Snapshot) -> Observation:
    return Observation(at(seconds), snapshots=found)


def after(*observations: Observation, ours: Iterable[int] = ()) -> tuple[Fleet, list[Event]]:
    fleet = Fleet(PROJECT)
    events: list[Event] = []
    for observation in observations:
        fleet, news = apply(fleet, observation, frozenset(ours))
        events += news
    return fleet, events


def last(*observations: Observation, ours: Iterable[int] = ()) -> tuple[Event, ...]:
    fleet, _ = after(*observations[:-1], ours=ours)
    return apply(fleet, observations[-1], frozenset(ours))[1]


def test_the_first_full_list_announces_no_server_but_says_which_rows_there_are() -> None:
    assert last(listed(0, server(1), server(2, locked=True))) == (
        FleetUpdated(at(0), PROJECT, frozenset({1, 2}), first=True),
    )


def test_an_empty_project_has_a_first_list_too() -> None:
    assert last(listed(0)) == (FleetUpdated(at(0), PROJECT, frozenset(), first=True),)


def test_a_server_that_is_new_in_a_later_list_appears() -> None:
    assert last(listed(0, server(1)), listed(2, server(1), server(2))) == (
        ServerAppeared(at(2), PROJECT, server(2)),
        FleetUpdated(at(2), PROJECT, frozenset({2})),
    )


def test_missing_from_a_list_is_no_news() -> None:
    fleet, events = after(listed(0, server(1), server(2)), listed(2, server(1)))
    assert set(fleet.views) == {1, 2}
    assert len(events) == 1


def test_a_server_is_gone_when_asked_by_its_id_and_older_lists_do_not_bring_it_back() -> None:
    gone = Observation(at(3), gone=frozenset({2}))
    fleet, events = after(listed(0, server(1), server(2)), gone, listed(1, server(1), server(2)))
    assert set(fleet.views) == {1}
    assert events[1:] == [ServerGone(at(3), PROJECT, server(2)), FleetUpdated(at(3), PROJECT, frozenset({2}))]
    back, news = apply(fleet, single(4, server(2)), ())
    assert 2 in back.views
    assert ServerAppeared(at(4), PROJECT, server(2)) in news


def test_gone_before_it_was_seen_again_is_not_believed() -> None:
    fleet, events = after(listed(5, server(1)), Observation(at(3), gone=frozenset({1})))
    assert set(fleet.views) == {1}
    assert len(events) == 1


def test_a_lock_is_taken_by_the_listed_action_and_cleared_with_its_duration() -> None:
    reboot = action(7, 1, started=1)
    fleet, events = after(
        listed(0, server(1)),
        running(2, reboot),
        single(2.1, server(1, locked=True)),
        running(120, reboot),
        running(124),
    )
    assert LockTaken(at(2.1), PROJECT, server(1, locked=True), reboot, ours=False) in events
    view = fleet.views[1]
    assert view.locked_since == at(1)
    assert view.lock_holder == reboot, "until the server is seen again, the ended action stays its holder"
    _, news = apply(fleet, single(125, server(1)), ())
    assert news[0] == LockCleared(at(125), PROJECT, server(1), reboot, ours=False, seconds=124)


def test_the_holder_shows_at_once_but_locked_only_when_the_server_says_so() -> None:
    fleet, events = after(listed(0, server(1)), running(2, action(7, 1)))
    assert fleet.views[1].lock_holder == action(7, 1)
    assert not fleet.views[1].server.locked
    assert events[-1] == FleetUpdated(at(2), PROJECT, frozenset({1}))
    assert not any(isinstance(event, LockTaken) for event in events)


def test_an_action_may_run_without_a_lock() -> None:
    fleet, events = after(listed(0, server(1)), running(2, action(7, 1)), listed(3, server(1)), running(4))
    assert fleet.views[1].lock_holder is None
    assert not any(isinstance(event, LockTaken | LockCleared) for event in events)


def test_a_lock_without_a_listed_action_has_no_holder() -> None:
    fleet, events = after(listed(0, server(1)), listed(2, server(1, locked=True)), running(3))
    assert fleet.views[1].lock_holder is None
    assert fleet.views[1].locked_since == at(2)
    assert LockTaken(at(2), PROJECT, server(1, locked=True), None, ours=False) in events
    _, news = apply(fleet, listed(8, server(1)), ())
    assert news[0] == LockCleared(at(8), PROJECT, server(1), None, ours=False, seconds=6)


def test_a_server_still_locked_after_its_action_has_no_holder_but_the_log_will_name_it() -> None:
    reboot = action(7, 1)
    fleet, _ = after(
        listed(0, server(1, locked=True)), running(1, reboot), running(5), listed(6, server(1, locked=True))
    )
    assert fleet.views[1].lock_holder is None
    assert fleet.views[1].held_by == reboot
    _, news = apply(fleet, listed(9, server(1)), ())
    assert isinstance(news[0], LockCleared)
    assert news[0].lock_holder == reboot


def test_resources_match_by_type_and_id_and_the_oldest_action_holds() -> None:
    image_one = Action(1, "x", ActionStatus.RUNNING, 0, at(-50), resources=(Resource("image", 1),))
    fleet, _ = after(
        listed(0, server(1, locked=True)), running(1, image_one, action(9, 1, started=-5), action(8, 1, started=-9))
    )
    assert fleet.views[1].lock_holder == action(8, 1, started=-9)


def test_locks_of_our_own_jobs_are_ours() -> None:
    ours = action(7, 1, command="create_image")
    events = last(listed(0, server(1)), running(1, ours), listed(2, server(1, locked=True)), ours=[7])
    assert LockTaken(at(2), PROJECT, server(1, locked=True), ours, ours=True) in events


def test_an_older_observation_never_overwrites_a_newer_one() -> None:
    fleet, events = after(listed(0, server(1)), single(5, server(1, locked=True)), listed(4, server(1)))
    assert fleet.views[1].server.locked
    assert not any(isinstance(event, LockCleared) for event in events)
    fleet, _ = after(listed(0, server(1)), running(5), running(4, action(7, 1)))
    assert not fleet.running


def test_an_action_asked_by_id_counts_until_a_later_list() -> None:
    done = action(7, 1, status=ActionStatus.SUCCESS, progress=100)
    asked = Observation(at(5), actions={7: done, 8: action(8, 1)})
    fleet, _ = after(listed(0, server(1)), running(1, action(7, 1)), asked, running(4, action(7, 1)))
    assert set(fleet.running) == {8}
    later, _ = apply(fleet, running(6, action(9, 1)), ())
    assert set(later.running) == {9}


def test_an_action_that_is_not_known_any_more_does_not_run() -> None:
    lost = Observation(at(5), lost_actions=frozenset({7}))
    assert not after(listed(0, server(1)), running(1, action(7, 1)), lost)[0].running


def test_a_change_of_anything_but_the_lock_is_told_with_what_it_was() -> None:
    off = server(1, status=ServerStatus.OFF)
    assert last(listed(0, server(1)), single(1, off)) == (
        ServerChanged(at(1), PROJECT, server(1), off),
        FleetUpdated(at(1), PROJECT, frozenset({1})),
    )


def test_progress_of_the_holder_changes_the_row_only() -> None:
    events = last(listed(0, server(1, locked=True)), running(1, action(7, 1)), running(2, action(7, 1, progress=40)))
    assert events == (FleetUpdated(at(2), PROJECT, frozenset({1})),)


def test_the_lock_began_by_our_clock() -> None:
    ahead = Observation(at(1), running=(action(7, 1, started=-20),), clock_offset=timedelta(seconds=30))
    assert after(listed(0, server(1, locked=True)), ahead)[0].views[1].locked_since == at(-50)


def test_snapshots_count_when_available_also_for_servers_that_appear_later() -> None:
    found = (
        snapshot(1, 1, 10),
        snapshot(2, 1, 30),
        snapshot(3, 1, 40, ImageStatus.CREATING),
        snapshot(4, 2, 20),
        snapshot(5, None, 5),
    )
    fleet, events = after(listed(0, server(1)), snapshots(50, *found), listed(60, server(1), server(2)))
    assert (fleet.views[1].snapshots, fleet.views[1].newest_snapshot) == (2, at(30))
    assert (fleet.views[2].snapshots, fleet.views[2].newest_snapshot) == (1, at(20))
    assert events[1] == FleetUpdated(at(50), PROJECT, frozenset({1}))
    fewer, news = apply(fleet, snapshots(70, snapshot(4, 2, 20)), ())
    assert fewer.views[1].snapshots == 0
    assert news == (FleetUpdated(at(70), PROJECT, frozenset({1})),)
    assert apply(fewer, snapshots(65, *found), ())[1] == ()


def test_nothing_new_gives_no_events_but_is_remembered_as_seen() -> None:
    fleet, _ = after(listed(0, server(1, locked=True)), running(1, action(7, 1)))
    again, events = apply(fleet, listed(5, server(1, locked=True)), ())
    assert events == ()
    assert again.views[1].seen == at(5)
    assert again.updated == at(5)
