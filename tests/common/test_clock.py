"""The program's time goes on evenly, whatever the machine's clock does."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from hsnap_tui.common.clock import SystemClock, seconds_with_sleep

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("step", [timedelta(hours=-1), timedelta(minutes=15)])
def test_a_step_of_the_machine_s_clock_changes_nothing(step: timedelta) -> None:
    wall, elapsed = [NOON], [100.0]
    clock = SystemClock(lambda: wall[0], lambda: elapsed[0])
    assert clock.now() == NOON
    wall[0] += step
    elapsed[0] += 5
    assert clock.now() == NOON + timedelta(seconds=5)
    assert clock.monotonic() == 105


def test_the_machine_s_sleep_counts_where_its_clock_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", 7, raising=False)
    monkeypatch.setattr(time, "clock_gettime", lambda which: {7: 4000.0}[which])
    assert seconds_with_sleep() == 4000.0
    monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    monkeypatch.setattr(time, "monotonic", lambda: 40.0)
    assert seconds_with_sleep() == 40.0


def test_it_begins_with_the_machine_s_own_time() -> None:
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(hours=1)
