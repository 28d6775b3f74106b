"""Lines of the log as they are strips_for, and bursts of thousands."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hsnap_tui import events as ev
from hsnap_tui.jobs.core.model import JobState, SnapshotJob
from hsnap_tui.messages.event_lines import Line, Severity
from hsnap_tui.tui.theming.palette import Palette
from hsnap_tui.tui.widgets import log_lines
from hsnap_tui.tui.widgets.log_lines import strips_for, wrap
from hsnap_tui.tui.widgets.log_pane import MAX_LINES, LogPane
from tests.tui.driving import main, running, until
from tests.tui.fake_session import HOSTILE, NOW, PROJECT, FakeSession, job
from tests.tui.tables.test_fleet_table import big_fleet

printable = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=120)


@given(printable, st.integers(min_value=2, max_value=60))
def test_no_line_is_too_long_and_no_character_is_lost(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_words_stay_whole_and_continue_below_themselves() -> None:
    assert wrap("one two three", 8) == ["one two", "three"]
    assert wrap("", 8) == [""]
    line = Line(NOW, "日本語サーバー-one", "one two three four", Severity.BAD)
    told = [strip.text for strip in strips_for(line, 36, 14, Palette())]
    assert told == ["14:03:07 ✗ 日本語サーバ…  one two", " " * 26 + "three four"]


@given(st.sampled_from(HOSTILE), st.integers(min_value=0, max_value=200))
def test_names_are_literal_and_always_as_wide(name: str, width: int) -> None:
    strips = strips_for(Line(NOW, name, "x [red]y[/]"), width, 24, Palette())
    assert all(cell_len(strip.text[:38]) >= 36 for strip in strips)
    assert "[red]y[/]" in "".join(strip.text.strip() for strip in strips)


async def test_thousands_of_events_make_one_repaint_and_only_lines_that_are_kept_are_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    console = FakeSession(big_fleet(2000))
    servers = [entry.server for entry in console.fleet.views.values()]
    asked: list[str] = []
    drawn_lines: list[Line] = []

    class Counted(dict[str, SnapshotJob]):
        def values(self) -> Any:
            asked.append("all jobs")
            return super().values()

    def noted(line: Line, *others: Any) -> Any:
        drawn_lines.append(line)
        return strips_for(line, *others)

    console.jobs.by_id = Counted({f"j{n}": job(n, one, JobState.CREATING) for n, one in enumerate(servers)})
    async with running(console, (120, 40)) as (app, pilot):
        screen, pane = main(app), main(app).query_one(LogPane)
        await until(pilot, lambda: not screen._repaint_pending)
        monkeypatch.setattr(log_lines, "strips_for", noted)
        created = [
            ev.JobEvent(NOW, PROJECT, ev.JobEventKind.CREATING, "b1", f"j{n}", one.id, one.name)
            for n, one in enumerate(servers)
        ]
        asked.clear()
        console.emit(*created)
        assert asked == []  # while events come in, nothing looks at the jobs
        await until(pilot, lambda: not screen._repaint_pending)
        assert len(drawn_lines) == MAX_LINES
        assert len(asked) < 40
        assert pane.lines[-1].server == servers[-1].name
