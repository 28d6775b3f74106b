from __future__ import annotations

from hsnap_tui.fleet.snapshot_schedule import SnapshotSchedule


def test_due_at_once_then_every_ten_minutes() -> None:
    schedule = SnapshotSchedule()
    assert schedule.due(0, refill=1, slow=1)
    schedule.begun(0)
    schedule.read(1)
    assert not schedule.due(599, refill=1, slow=1)
    assert schedule.due(600, refill=1, slow=1)


def test_images_that_end_together_ask_for_one_list_and_cannot_put_it_off_for_ever() -> None:
    schedule = SnapshotSchedule()
    schedule.begun(0)
    for second in range(100, 117):
        schedule.image_ended(second)
        assert not schedule.due(second, refill=1, slow=1)
    assert schedule.due(120, refill=1, slow=1)
    schedule.begun(120)
    assert not schedule.due(121, refill=1, slow=1)


def test_an_image_that_ends_while_the_list_is_read_asks_for_another_list() -> None:
    schedule = SnapshotSchedule()
    schedule.begun(0)
    schedule.image_ended(0.5)
    schedule.read(1)
    assert schedule.due(4.5, refill=1, slow=1)


def test_long_lists_and_small_limits_are_read_less_often() -> None:
    schedule = SnapshotSchedule()
    schedule.begun(0)
    schedule.read(100)
    schedule.image_ended(10)
    assert not schedule.due(399, refill=1, slow=1)
    assert schedule.due(400, refill=1, slow=1)
    assert not schedule.due(20_000, refill=50 / 3600, slow=1)


def test_a_failed_list_is_tried_again_after_a_minute() -> None:
    schedule = SnapshotSchedule()
    schedule.begun(0)
    schedule.failed(3)
    assert not schedule.due(62, refill=1, slow=1)
    assert schedule.due(63, refill=1, slow=1)


def test_a_long_list_is_read_seldom_without_a_reason_and_soon_with_one() -> None:
    schedule = SnapshotSchedule()
    schedule.begun(0)
    schedule.read(60)
    assert not schedule.due(1199, refill=1, slow=0.05)
    assert schedule.due(1200, refill=1, slow=0.05)
    schedule.image_ended(300)
    assert schedule.due(304, refill=1, slow=0.05)
